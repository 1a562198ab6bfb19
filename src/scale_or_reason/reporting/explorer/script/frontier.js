// Who is worth the cost: the definition of frontiers.pareto_frontier, for points {cost, accuracy} that are both known.

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
