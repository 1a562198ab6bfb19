// The Pareto frontier, as defined in frontiers.pareto_frontier, of points {cost, accuracy} with known values.

function paretoFrontier(points) {
  const best = new Map();
  for (const point of points) best.set(point.cost, Math.max(point.accuracy, best.get(point.cost) ?? -Infinity));
  const worth = new Map();
  let bestCheaper = -Infinity;
  for (const cost of [...best.keys()].sort((one, other) => one - other)) {
    if (best.get(cost) > bestCheaper) {
      bestCheaper = best.get(cost);
      worth.set(cost, bestCheaper);
    }
  }
  return new Set(points.filter((point) => worth.get(point.cost) === point.accuracy));
}
