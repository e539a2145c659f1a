"""What RevMan printed beside its data: the effect measure, the level and the method that give exactly these numbers.

Numbers are compared at the precision in which the file has them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metarepro.effects import effect_sizes, to_display
from metarepro.errors import MetareproError
from metarepro.importing.revman_review import Entry
from metarepro.pooling import mantel_haenszel, peto, pool

LEVELS = (0.95, 0.90, 0.99)
MEASURES = {"counts": ("RR", "OR", "RD", "PETO"), "means": ("MD", "SMD")}
COLUMNS = {"counts": ("e1", "n1", "e2", "n2"), "means": ("m1", "sd1", "n1", "m2", "sd2", "n2")}
# RevMan's own formulas of each measure.
OPTIONS: dict[str, dict[str, Any]] = {
    "RR": {"zero_cells": "revman"}, "OR": {"zero_cells": "revman"}, "RD": {"zero_cells": "revman"},
    "SMD": {"vtype": "RevMan", "j": "approximate"},
}  # fmt: skip
# By name of the method: settings of `model`.
METHODS = {
    "mh": {"method": "mantel_haenszel", "tau2": "CE"}, "mh_random": {"method": "inverse_variance", "tau2": "DL-MH"},
    "peto": {"method": "peto", "tau2": "CE"}, "iv": {"method": "inverse_variance", "tau2": "CE"},
    "iv_random": {"method": "inverse_variance", "tau2": "DL"},
}  # fmt: skip
METHODS_IN_WORDS = {
    "mh": "Mantel-Haenszel with a common effect", "mh_random": "Mantel-Haenszel with random effects", "peto": "Peto",
    "iv": "inverse variance with a common effect", "iv_random": "inverse variance with random effects",
}  # fmt: skip
_TRIED = {"counts": ("mh", "mh_random", "iv", "iv_random"), "means": ("iv", "iv_random")}


@dataclass(frozen=True)
class Told:
    """What the printed numbers tell: a code, how many of them it gives, how many there are."""

    code: str
    level: float
    agreeing: int
    tried: int


def decimals_of(texts: Iterable[str]) -> int:
    """Decimals that the numbers of an analysis have: the most of any, as RevMan drops zeros at the end."""
    found = [len(t.strip().partition(".")[2].rstrip("0")) for t in texts if "e" not in t.lower()]
    return max((2, *found))


def agrees(text: str, value: float, decimals: int) -> bool:
    """Whether a printed number is a value, rounded or cut to so many decimals; long ones to 9 digits."""
    if not _is_number(text) or not math.isfinite(value):
        return False
    printed = float(text)
    return abs(printed - value) <= max(0.5001 * 10.0**-decimals, 2e-9 * abs(printed))


def _is_blank(entry: Entry) -> bool:
    """Whether an entry has zeros only where effects are printed: it was not estimable."""
    texts = [entry.numbers.get(n, "").strip() for n in ("effect", "low", "high")]
    return all(t == "" or (_is_number(t) and float(t) == 0) for t in texts)


def numbers_of(entry: Entry, names: Sequence[str]) -> dict[str, float] | None:
    """Numbers of an entry by name; None where one is missing or none."""
    try:
        return {n: float(entry.numbers[n]) for n in names}
    except (KeyError, ValueError):
        return None


def effects_as_revman(code: str, columns: Mapping[str, Any], level: float) -> tuple[Any, Any, Any]:
    """Study effects and their intervals by RevMan's formulas, on the display scale."""
    from scipy.special import ndtri

    es = effect_sizes(code, **columns, **OPTIONS.get(code, {}))
    half = ndtri(0.5 + level / 2) * np.sqrt(es.vi)
    middle, low, high = (np.atleast_1d(to_display(code, x)) for x in (es.yi, es.yi - half, es.yi + half))
    return middle, low, high


def tell_measure(kind: str, entries: Sequence[Entry], names: Sequence[str] = (), level: float = 0.0) -> Told | None:
    """The measure and the level of intervals whose values are the printed ones.

    Parameters
    ----------
    kind : str
        ``counts`` or ``means``.
    entries : sequence of Entry
    names : sequence of str
        Measures to try; all of the kind if left out.
    level : float
        Of the intervals, if it is known.

    Returns
    -------
    Told or None
        None where nothing printed can be compared.
    """
    whole = [(e, x) for e in entries if (x := numbers_of(e, COLUMNS[kind])) is not None and e.numbers.get("effect", "")]
    if not whole:
        return None
    columns = {n: np.array([x[n] for _, x in whole]) for n in COLUMNS[kind]}
    digits = decimals_of(e.numbers.get(n, "") for e, _ in whole for n in ("effect", "low", "high"))
    found = []
    for code in names or MEASURES[kind]:
        for tried in (level,) if level else LEVELS:
            try:
                values = effects_as_revman(code, columns, tried)
            except MetareproError:
                continue
            pairs = [
                (e.numbers.get(name, ""), v[i])
                for i, (e, _) in enumerate(whole)
                for name, v in zip(("effect", "low", "high"), values, strict=True)
                if e.numbers.get(name, "").strip() and not _is_blank(e)
            ]
            found.append(Told(code, tried, sum(agrees(text, v, digits) for text, v in pairs), len(pairs)))
    # Of several with as many, the first.
    return max(found, key=lambda t: t.agreeing) if found else None


def tell_kind(entries: Sequence[Entry]) -> str:
    """The kind of numbers of an analysis whose file does not say it, by the columns that hold more than zeros.

    RevMan Web fills the columns of other kinds with zeros. Of several kinds that are possible the one counts whose
    effects are the printed ones.
    """

    def any_of(*names: str) -> bool:
        return any(_is_number(e.numbers.get(n, "")) and float(e.numbers[n]) != 0 for e in entries for n in names)

    sizes = any_of("n1", "n2")
    possible = [
        kind
        for kind, there in (
            ("means", any_of("sd1", "sd2")),
            ("o_e", any_of("o_e") and not any_of("sd1", "sd2")),
            ("counts", sizes and any_of("e1", "e2")),
            ("generic", any_of("se") and any_of("estimate")),
            ("counts", sizes),
            ("generic", any_of("se")),
        )
        if there
    ]
    if len(set(possible)) > 1 and "generic" in possible and any_of("estimate"):
        told = {k: tell_measure(k, entries) for k in possible if k in MEASURES}
        printed = [e for e in entries if not _is_blank(e) and _is_number(e.numbers.get("estimate", ""))]
        digits = decimals_of(e.numbers.get("effect", "") for e in printed)
        as_such = sum(_is_estimate(e, digits) for e in printed)
        if printed and as_such == len(printed) and all(t is None or t.agreeing < t.tried for t in told.values()):
            return "generic"
    return possible[0] if possible else "no numbers"


def _is_estimate(entry: Entry, digits: int) -> bool:
    """Whether the printed effect is the estimate that was entered, or its exponential."""
    estimate, text = float(entry.numbers["estimate"]), entry.numbers.get("effect", "")
    return agrees(text, estimate, digits) or (abs(estimate) < 20 and agrees(text, math.exp(estimate), digits))


def tell_method(kind: str, measure: str, entries: Sequence[Entry]) -> tuple[str, bool, bool]:
    """The method whose weights are the printed ones: its name, whether it is sure, whether subgroups stand apart."""
    default = "peto" if measure == "PETO" else "mh_random" if kind == "counts" else "iv_random"
    whole = [e for e in entries if e.numbers.get("weight", "").strip()]
    printed = [float(e.numbers["weight"]) if _is_number(e.numbers["weight"]) else math.nan for e in whole]
    if not whole or not np.isfinite(printed).all():
        return default, False, False
    groups = list(dict.fromkeys(e.subgroup for e in whole))
    sums = [sum(w for w, e in zip(printed, whole, strict=True) if e.subgroup == g) for g in groups]
    apart = len(groups) > 1 and all(abs(s - 100) < 0.1 or s == 0 for s in sums) and sum(sums) > 150
    methods = ("peto",) if measure == "PETO" else _TRIED.get(kind, ("iv", "iv_random"))
    fits = []
    for name in methods:
        made = [math.nan] * len(whole)
        for group in groups if apart else [None]:
            index = [i for i, e in enumerate(whole) if group is None or e.subgroup == group]
            weights = _weights(kind, measure, name, [whole[i] for i in index])
            for i, w in zip(index, weights, strict=True):
                made[i] = w
        near = [abs(a - b) <= 0.006 for a, b in zip(printed, made, strict=True)]
        fits.append((sum(near), name))
    best = max(fits, key=lambda f: f[0])
    alone = sum(f[0] == best[0] for f in fits) == 1
    return (best[1], alone and best[0] == len(whole), apart) if best[0] else (default, False, apart)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _weights(kind: str, measure: str, name: str, entries: Sequence[Entry]) -> list[float]:
    try:
        if kind not in COLUMNS:
            values = [numbers_of(e, ("estimate", "se")) or {"estimate": math.nan, "se": math.nan} for e in entries]
            yi, se = (np.array([v[n] for v in values]) for n in ("estimate", "se"))
            return list(
                _shares(pool(yi, np.where(se > 0, se, np.nan) ** 2, tau2=METHODS[name]["tau2"], ci="z").weights)
            )
        found = [numbers_of(e, COLUMNS[kind]) for e in entries]
        if not all(found):
            # An entry without numbers has no weight.
            known = iter(_weights(kind, measure, name, [e for e, f in zip(entries, found, strict=True) if f]))
            return [next(known) if f else 0.0 for f in found]
        rows = [r for r in found if r]
        columns: dict[str, Any] = {n: np.array([r[n] for r in rows]) for n in COLUMNS[kind]}
        if name == "peto":
            return list(_shares(peto(**columns).weights))
        if name == "mh":
            return list(_shares(mantel_haenszel(**columns, measure=measure, zero_cells="revman").weights))
        es = effect_sizes(measure, **columns, **OPTIONS.get(measure, {}))
        return list(_shares(pool(es, tau2=METHODS[name]["tau2"], ci="z").weights))
    except MetareproError:
        return [math.nan] * len(entries)


def _shares(weights: Any) -> Any:
    w = np.nan_to_num(np.asarray(weights, dtype=np.float64))
    return 100 * w / w.sum() if w.sum() > 0 else w
