"""Numbers with units, powers of ten and words around them, written by hand."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from scale_or_reason.grading import numbers
from scale_or_reason.grading.units import factor_between

MEGAMETRES = ("2.5", "$10^6$ m", 6)
JOULES = ("1.6", "$10^{-19}$ J", -19)
ACCELERATION = ("9.8", "m/s^2", 0)
ENERGY = ("-3.2", "eV", 0)
KELVIN = ("300", "K", 0)


def no_unit(gold: str) -> tuple[str, str, int]:
    return gold, "", 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "answer", "right"),
    [
        (MEGAMETRES, r"So \boxed{2.5}", True),
        (MEGAMETRES, r"So \boxed{2.5 \times 10^6 \text{ m}}", True),
        (MEGAMETRES, r"So \boxed{2.5 \times 10^6}", True),
        (MEGAMETRES, r"So \boxed{2.5\times10^{6}\,\mathrm{m}}", True),
        (MEGAMETRES, r"So \boxed{2.5e6 m}", True),
        (MEGAMETRES, r"So \boxed{2,500,000 m}", True),
        (MEGAMETRES, r"So \boxed{2500000 \text{ meters}}", True),
        (MEGAMETRES, r"So \boxed{2.5 \text{ million meters}}", True),
        (MEGAMETRES, r"So \boxed{2.5 \times 10^7 \text{ m}}", False),
        (MEGAMETRES, r"So \boxed{25 \times 10^5}", True),
        (MEGAMETRES, r"So \boxed{0.25 \times 10^7}", True),
        (MEGAMETRES, r"So \boxed{2500 \text{ km}}", True),
        (MEGAMETRES, r"So \boxed{2.5 \text{ Mm}}", True),
        (MEGAMETRES, r"So \boxed{2.5 \text{ km}}", False),
        (MEGAMETRES, r"So \boxed{2.6}", True),
        (MEGAMETRES, r"So \boxed{(2.5)(10^6)}", True),
        (MEGAMETRES, r"So \boxed{2.5 \cdot 10^6 m}", True),
        (MEGAMETRES, r"So \boxed{2.5 x 10^6 m}", True),
        (MEGAMETRES, r"So \boxed{2.5*10^6}", True),
        (MEGAMETRES, r"So \boxed{x = 2.5 \times 10^6 m}", True),
        (MEGAMETRES, r"So \boxed{\approx 2.5 \times 10^{6}}", True),
        (MEGAMETRES, r"So \boxed{\text{about } 2.5 \times 10^6 \text{ m}}", True),
        (MEGAMETRES, r"So \boxed{2.5 \times 10^{-6}}", False),
        (MEGAMETRES, r"So \boxed{10^6}", False),
        (MEGAMETRES, r"So \boxed{2.5 \pm 0.1 \times 10^6}", True),
        (MEGAMETRES, "The distance is 2.5 × 10^6 m.", True),
        (MEGAMETRES, r"The answer is $2.5 \times 10^{6}$ m.", True),
        (MEGAMETRES, "The answer is 2.5 million meters", True),
        (MEGAMETRES, "We get 2.5×10⁶ m", True),
        (MEGAMETRES, r"So \boxed{2.5 × 10⁶ m}", True),
        (MEGAMETRES, r"So \boxed{2.5\times 10^{6} \frac{\text{m}}{\text{s}}}", False),
        (MEGAMETRES, r"So \boxed{2.5~\times~10^6~\text{m}}", True),
        (JOULES, r"So \boxed{1.6}", True),
        (JOULES, r"So \boxed{1.6 \times 10^{-19} \text{ J}}", True),
        (JOULES, r"So \boxed{1.6e-19}", True),
        (JOULES, r"So \boxed{1.6E-19 J}", True),
        (JOULES, r"So \boxed{1.6 \times 10^{-18}}", False),
        (JOULES, r"So \boxed{1.6 \times 10^{19}}", False),
        (JOULES, r"So \boxed{1 eV}", False),
        (JOULES, "The energy is 1.6 x 10^-19 J", True),
        (JOULES, r"So \boxed{1.6 \times 10^{−19}}", True),
        (JOULES, r"So \boxed{16 \times 10^{-20}}", True),
        (ACCELERATION, r"So \boxed{9.8 \text{ m/s}^2}", True),
        (ACCELERATION, r"So \boxed{9.81 \mathrm{~m} \mathrm{~s}^{-2}}", True),
        (ACCELERATION, r"So \boxed{9.8 m s^{-2}}", True),
        (ACCELERATION, r"So \boxed{9.8\ \frac{m}{s^2}}", True),
        (ACCELERATION, r"So \boxed{980 \text{ cm/s}^2}", True),
        (ACCELERATION, r"So \boxed{-9.8}", False),
        (ACCELERATION, r"So \boxed{g = 9.8}", True),
        (ACCELERATION, r"So \boxed{\vec{g} = 9.8}", True),
        (ACCELERATION, r"So \boxed{9.8 \, \text{N/kg}}", True),
        (ENERGY, r"So \boxed{-3.2 eV}", True),
        (ENERGY, r"So \boxed{−3.2}", True),
        (ENERGY, r"So \boxed{3.2}", False),
        (ENERGY, r"So \boxed{-3.20 \text{ eV}}", True),
        (ENERGY, "It is −3.2 eV.", True),
        (ENERGY, r"So \boxed{- 3.2}", True),
        (ENERGY, r"So \boxed{-16/5}", True),
        (ENERGY, r"So \boxed{-\frac{16}{5}}", True),
        (no_unit("3400"), r"So \boxed{3,400}", True),
        (no_unit("3400"), r"So \boxed{3400.0}", True),
        (no_unit("3400"), r"So \boxed{3.4 \times 10^3}", True),
        (no_unit("3400"), r"So \boxed{3 400}", True),
        (no_unit("3400"), r"So \boxed{3.4}", False),
        (no_unit("3400"), r"So \boxed{3{,}400 \text{ J}}", True),
        (no_unit("3400"), r"So \boxed{34 hundred}", True),
        (no_unit("3400"), r"So \boxed{\$3400}", True),
        (no_unit("0.00012"), r"So \boxed{1.2 \times 10^{-4}}", True),
        (no_unit("0.00012"), r"So \boxed{1.2e-4}", True),
        (no_unit("0.00012"), r"So \boxed{0.00012}", True),
        (no_unit("0.00012"), r"So \boxed{1.2}", False),
        (no_unit("0.00012"), r"So \boxed{0.012%}", True),
        (KELVIN, r"So \boxed{300 \text{ K}}", True),
        (KELVIN, r"So \boxed{300\ \mathrm{K}}", True),
        (KELVIN, r"So \boxed{27^\circ C}", False),
        (KELVIN, r"So \boxed{300^\circ}", True),
        (KELVIN, r"So \boxed{T \approx 298 K}", True),
        (KELVIN, r"So \boxed{\text{300 K}}", True),
        (KELVIN, r"So \boxed{\text{T = 300 K}}", True),
        (KELVIN, r"So \boxed{300 \text{K} \text{ and } 400 \text{K}}", False),
        (no_unit("0.5"), r"So \boxed{\frac{1}{2}}", True),
        (no_unit("0.5"), r"So \boxed{50\%}", True),
        (no_unit("50"), r"So \boxed{50\%}", True),
        (no_unit("1.414"), r"So \boxed{\sqrt{2}}", True),
        (no_unit("6.283"), r"So \boxed{2\pi}", True),
        (no_unit("6.283"), r"So \boxed{2\pi \text{ rad}}", True),
        (no_unit("7.389"), r"So \boxed{e^2}", True),
        (no_unit("0.693"), r"So \boxed{\ln 2}", True),
        (no_unit("0.693"), r"So \boxed{\ln(2)}", True),
        (no_unit("0"), r"So \boxed{0}", True),
        (no_unit("0"), r"So \boxed{0.00}", True),
        (no_unit("0"), r"So \boxed{0.1}", False),
        (no_unit("120"), r"So \boxed{5!}", True),
        (no_unit("2.5"), r"So \boxed{2.5, 3.5}", False),
        (no_unit("2.5"), r"So \boxed{2.5 \text{ and } 3.5}", False),
        (no_unit("5"), r"So \boxed{x=5, y=6}", False),
        (no_unit("45"), r"So \boxed{45^\circ}", True),
        (no_unit("45"), r"So \boxed{45°}", True),
        (no_unit("45"), r"So \boxed{45 \text{ degrees}}", True),
        (no_unit("22.6"), r"So \boxed{22.6 \mathrm{~kJ} / \mathrm{mol}}", True),
        (no_unit("5.0e-3"), r"So \boxed{0.005}", True),
        (no_unit("12"), r"So \boxed{12 V/m (upward)}", True),
        (no_unit("12"), r"So \boxed{F = ma = 3 \times 4 = 12 N}", True),
        (no_unit("12"), r"So \boxed{v_f = 12 m/s}", True),
        (no_unit("1.2"), r"So \boxed{1.2A}", True),
        (("3.4", "kJ", 0), r"\boxed{3400 \text{ J}}", True),
        (("3.4", "kJ", 0), r"\boxed{3.4 \text{ J}}", False),
        (("3.4", "$\\mathrm{k\\Omega}$", 0), r"\boxed{3400\ \Omega}", True),
        (("12", "$\\mathrm{~m} \\cdot \\mathrm{s}^{-1}$", 0), r"\boxed{12 \text{ m s}^{-1}}", True),
        (("12", "$\\mathrm{~m} \\cdot \\mathrm{s}^{-1}$", 0), r"\boxed{12 \text{ m/s}}", True),
        (("12", "$\\mathrm{~m} / \\mathrm{s}$", 0), r"\boxed{12 \text{ km/s}}", False),
        (("12", "km", 0), "The distance is 12000 m.", True),
        (("12", "km", 0), "The distance is 12 m.", False),
        (("12", "min", 0), r"\boxed{12 \text{ min}}", True),
    ],
)
def test_numbers_with_their_units(target: tuple[str, str, int], answer: str, right: bool) -> None:
    gold, unit, power = target
    extra = {"unit": unit, "power_of_ten": power, "relative_tolerance": 0.05}
    item = {"gold": [gold], "extra": json.dumps(extra)}
    assert (numbers.grade(item, answer).verdict == "yes") is right


@pytest.mark.parametrize(
    ("given", "wanted", "factor"),
    [
        ("km", "m", 1000),
        ("mm", "cm", "1/10"),
        ("cm^2", "m^2", "1/10000"),
        (r"\mu\text{C}", "C", "1/1000000"),
        ("kilojoules per mole", "kJ/mol", 1),
        ("J/mol", r"$\mathrm{kJ} \mathrm{mol}^{-1}$", "1/1000"),
        ("kilojoules", "J", 1000),
        ("min", "m", None),
        ("m/s", "m/min", 60),
        ("N/kg", r"m s^{-2}", 1),
        (r"\frac{\mathrm{m}}{\mathrm{s}^2}", "m/s^2", 1),
        ("meters per second squared", "m/s^2", 1),
        ("J/(mol K)", r"\mathrm{J} \mathrm{~mol}^{-1} \mathrm{~K}^{-1}", 1),
        (r"^{\circ}\mathrm{C}", "K", None),
        ("dm^3", "L", 1),
        ("Mm", "mm", 10**9),
        ("ft", "m", None),
        ("", "m", None),
    ],
)
def test_factors_between_units(given: str, wanted: str, factor: int | str | None) -> None:
    assert factor_between(given, wanted) == (None if factor is None else Fraction(factor))
