"""The smallest difference in accuracy that a comparison of two students on the same items can detect.

Two-sided 5 %, 80 % power. On a benchmark with one answer per item, McNemar's test sees a difference d with
n d^2 = (z_a sqrt(D) + z_b sqrt(D - d^2))^2, where D is the discordance: the share of items that exactly one of the two
answers correctly (Connor 1987, Biometrics 43, equation 3; z_a = 1.96, z_b = 0.84). A part of D is answer noise: the two
would differ on these items also by answering, or being trained, once more. More samples per item and more seeds average
this part; only items average the rest (Miller 2024, arXiv 2411.00640, section 5). A family's accuracy is the mean over
its benchmarks, so the variance of its difference is the sum of theirs over the squared number of benchmarks: the
benchmark with fewest items dominates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scipy import optimize, special

ALPHA, POWER = 0.05, 0.80
_Z_ALPHA, _Z_POWER = float(-special.ndtri(ALPHA / 2)), float(special.ndtri(POWER))
#: The largest numbers of items, samples and seeds that are looked for.
MOST = {"items": 10**7, "samples": 10**4, "seeds": 10**4}


@dataclass(frozen=True)
class Compared:
    """How one benchmark compares two students: ``items``, answers per item, ``discordance``, share of answer noise.

    ``other_samples`` are the answers per item of the second student, where these are not as many. Half of the noise is
    that of each student.
    """

    name: str
    items: int
    samples: int
    discordance: float
    noise: float
    other_samples: int | None = None

    def variance(self, seeds: int = 1, difference: float = 0.0) -> float:
        """Variance of the difference in accuracy, if it is ``difference``."""
        single = max(0.0, self.discordance - difference**2)
        averaged = (1 / self.samples + 1 / (self.other_samples or self.samples)) / 2
        return single * ((1 - self.noise) + self.noise * averaged / seeds) / self.items


def variance(family: Sequence[Compared], seeds: int, seed_sd: float, difference: float = 0.0) -> float:
    """Variance of the difference of two means over the benchmarks of ``family``.

    ``seed_sd`` is the standard deviation of a training's accuracy between seeds (a share), on which items have no
    influence; 0 for a comparison of two given models.
    """
    items = sum(one.variance(seeds, difference) for one in family) / len(family) ** 2
    return items + 2 * seed_sd**2 / seeds


def detectable(family: Sequence[Compared], seeds: int = 1, seed_sd: float = 0.0) -> float | None:
    """The smallest difference (a share) that is detected with 80 % power; None if no possible one is.

    Two students cannot differ by more than their discordance.
    """
    most = sum(one.discordance for one in family) / len(family)
    if not most:
        return None

    def lacking(difference: float) -> float:
        needed = _Z_ALPHA * variance(family, seeds, seed_sd) ** 0.5
        return needed + _Z_POWER * variance(family, seeds, seed_sd, difference) ** 0.5 - difference

    return None if lacking(most) > 0 else float(optimize.brentq(lacking, 0.0, most))


def to_see(family: Sequence[Compared], difference: float, seeds: int, seed_sd: float) -> dict[str, int | None]:
    """What detects ``difference``, each alone, the rest unchanged; None where no number does.

    ``items``: of every benchmark that has fewer, between two given models. ``samples``: of the benchmark with the
    largest variance, likewise. ``seeds``: of each training, between two recipes whose trainings vary by ``seed_sd``.
    """
    largest = max(family, key=Compared.variance)

    def with_items(number: int) -> float | None:
        return detectable([replace(one, items=max(one.items, number)) for one in family], seeds)

    def with_samples(number: int) -> float | None:
        others = largest.other_samples and max(number, largest.other_samples)
        more = replace(largest, samples=max(number, largest.samples), other_samples=others)
        return detectable([more if one is largest else one for one in family], seeds)

    tried: dict[str, Callable[[int], float | None]] = {
        "items": with_items,
        "samples": with_samples,
        "seeds": lambda number: detectable(family, number, seed_sd),
    }
    return {name: _smallest(found, difference, MOST[name]) for name, found in tried.items()}


def _smallest(found: Callable[[int], float | None], difference: float, most: int) -> int | None:
    """The smallest number up to ``most`` whose detectable difference is small enough; it falls with the number."""

    def enough(number: int) -> bool:
        value = found(number)
        return value is not None and value <= difference

    if not enough(most):
        return None
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
