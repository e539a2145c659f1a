"""Which measure the numbers of a sheet can be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from metarepro.effects.registry import COLUMNS, MEASURES, get_measure
from metarepro.errors import ConfigError, Problem

# What is taken where no measure is named, by the numbers that there are; two groups come before one.
DEFAULTS = {
    "two_arm_counts": "RR", "two_arm_rates": "IRR", "two_arm_means": "MD", "diagnostic_counts": "DOR",
    "correlations": "ZCOR", "one_arm_means": "MN", "one_arm_rates": "IRLN", "one_arm_counts": "PLO",
}  # fmt: skip
_ONE_GROUP = ("one_arm_means", "one_arm_rates", "one_arm_counts")
_WORDS = {
    "two_arm_counts": "counts of two groups", "two_arm_rates": "events and person-time of two groups",
    "two_arm_means": "means of two groups", "diagnostic_counts": "counts of a diagnostic test",
    "correlations": "correlations", "one_arm_means": "means of one group",
    "one_arm_rates": "events and person-time of one group", "one_arm_counts": "counts of one group",
}  # fmt: skip
ESTIMATES = ("estimate", "log_estimate", "hr")
SPREADS = ("se", "variance", "ci_low", "ci_high", "ci", "ci_level", "p_value", "t_value")
PARTS_OF_MEANS = ("n", "m", "sd", "se", "median", "q1", "q3", "min", "max")


@dataclass(frozen=True)
class Choice:
    """A measure, and the numbers that it takes.

    Attributes
    ----------
    measure : str
        Code of the registry.
    targets : tuple of str
        Keywords of `effect_sizes`, and what becomes one of them.
    printed : bool
        Whether an effect is printed in the sheet.
    told : str
        Why this measure, if none was named.
    """

    measure: str
    targets: tuple[str, ...]
    printed: bool
    told: str = ""


def of_arm(quantity: str, side: str) -> str:
    """Target of a number of an arm: e1, q1_1, sd."""
    return f"{quantity}_{side}" if side and quantity[-1:].isdigit() else f"{quantity}{side}"


def choose(targets: Collection[str], measure: str | None, printed_as: str, scales: int) -> Choice | None:
    """The measure that the numbers make; None if they make none.

    Parameters
    ----------
    targets : collection of str
        Numbers that the sheet has.
    measure : str or None
        The measure that the user names.
    printed_as : str
        Measure of a printed effect, by its header.
    scales : int
        Rating scales in the sheet.

    Raises
    ------
    ConfigError
        The measure is unknown, or several fit and none was named.
    """
    if measure is not None:
        code = get_measure(measure).code
        return _raw(code, targets) or _printed(code, targets)
    found = {i: c for i, code in DEFAULTS.items() if (c := _raw(code, targets))}
    if len(found) > 1:
        found = {i: c for i, c in found.items() if i not in _ONE_GROUP} or found
    if len(found) > 1:
        kinds = "; ".join(f"{_WORDS[i]} ({DEFAULTS[i]})" for i in found)
        fix = f"Fix: say which, as in --measure {DEFAULTS[next(iter(found))]}."
        raise ConfigError([Problem("E102", f"the sheet has several kinds of numbers: {kinds}", details=(fix,))])
    if not found:
        return _printed(printed_as or "GEN", targets)
    inputs, choice = next(iter(found.items()))
    code = choice.measure
    if inputs == "two_arm_means" and scales > 1:
        code = "SMD"
    fitting = [m for m, info in MEASURES.items() if info.inputs == inputs and info.display != "none"]
    why = {"MD": ", as if all studies used one scale", "SMD": f", as there are {scales} scales"}.get(code, "")
    others = ", ".join(m for m in fitting if m != code)
    told = f"Measure: {code} ({MEASURES[code].name}){why}. Name another by --measure, or in config.yaml: {others}."
    return Choice(code, choice.targets, False, told)


def _raw(code: str, targets: Collection[str]) -> Choice | None:
    info = MEASURES[code]
    if info.inputs == "two_arm_counts" and not set(info.columns) <= set(targets):
        used = COLUMNS["paired_counts"]
        return Choice(code, used, False) if set(used) <= set(targets) else None
    if info.inputs in ("two_arm_means", "one_arm_means"):
        sides = ("1", "2") if info.inputs == "two_arm_means" else ("",)
        if not all(_has_mean(side, targets) for side in sides):
            return None
        parts = [of_arm(part, side) for side in sides for part in PARTS_OF_MEANS]
        return Choice(code, tuple(p for p in parts if p in targets), False)
    if info.inputs in ("generic", "hazard_ratios"):
        return None
    return Choice(code, info.columns, False) if set(info.columns) <= set(targets) else None


def _has_mean(side: str, targets: Collection[str]) -> bool:
    def has(*parts: str) -> bool:
        return all(of_arm(p, side) in targets for p in parts)

    spread = has("sd") or has("se") or (has("median") and (has("q1", "q3") or has("min", "max")))
    return has("n") and spread and (has("m") or has("median"))


def _printed(code: str, targets: Collection[str]) -> Choice | None:
    estimate = next((e for e in ESTIMATES if e in targets), None)
    ends = {"ci_low", "ci_high"} <= set(targets)
    spread = ends or any(s in targets for s in ("se", "variance", "ci", "p_value", "t_value"))
    if estimate is None or not spread:
        return None
    if estimate == "hr":
        code = "HR" if code == "GEN" else code
    used = (estimate, *(s for s in SPREADS if s in targets), *(("n",) if "n" in targets else ()))
    return Choice(code, used, True)


def what_lacks(targets: Collection[str], measure: str | None) -> str:
    """The numbers that the nearest measure lacks, in a sentence; empty where nothing is near."""
    codes = [get_measure(measure).code] if measure else list(DEFAULTS.values())
    best: tuple[int, str] = (0, "")
    for code in codes:
        needed = MEASURES[code].columns
        have = [c for c in needed if c in targets]
        lacking = [c for c in needed if c not in targets]
        if lacking and (measure or len(have) > best[0]):
            best = (len(have), f"{code} ({MEASURES[code].name}) needs {', '.join(lacking)} too.")
    return best[1]
