"""Which single study, changed in which way, would explain a printed result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from metarepro.effects.checks import Array
from metarepro.reproduction.match import (
    Specification,
    all_specifications,
    gives,
    lacks_declared,
    specification_of,
    within,
)
from metarepro.reproduction.printed import PrintedResult, StudyInputs

Columns = dict[str, Array]
# Other events are tried for arms of at most so many patients, and told if at most so many tables of a study will do.
LARGEST, FEW = 120, 5


@dataclass(frozen=True)
class Explanation:
    """A change of one study that yields the printed result.

    Attributes
    ----------
    study : str
        Name of the study.
    change : str
        What is changed, in words.
    specifications : tuple of Specification
        Ways of computing that then give the printed estimate and interval.
    """

    study: str
    change: str
    specifications: tuple[Specification, ...]


def explain_mismatch(
    inputs: StudyInputs, printed: PrintedResult, only: Specification | None = None, any_events: bool = True
) -> tuple[Explanation, ...]:
    """Changes of one study that explain a printed result, those that need the least unusual method first.

    Parameters
    ----------
    inputs : StudyInputs
    printed : PrintedResult
    only : Specification, optional
        The formula and method that are known to have been used; all are tried if left out.
    any_events : bool, default True
        Whether any other events of one study are tried if no slip will do.

    Notes
    -----
    Tried are the usual slips: arms exchanged, a sign turned, an SE typed as SD or the reverse, SDs exchanged between
    arms, events taken for non-events, a count one or two off, a study entered twice; and if none of them will do, any
    other events of one study. (Studies left out are tried by `match_published`.) That a change explains a result does
    not prove it: several often do, and all are given.
    """
    found: list[Explanation] = []
    for words, studies, columns in _changes(inputs):
        specs: dict[int, list[Specification]] = {}
        changed = replace(inputs, columns=columns)
        mask = np.ones(next(iter(columns.values())).shape, dtype=bool)
        for pooled in all_specifications(changed, printed, mask, (only.effects, only.method) if only else None):
            for row in map(int, np.flatnonzero(gives(pooled, printed))):
                specs.setdefault(studies[row], []).append(specification_of(pooled, row, [], printed))
        found += [Explanation(inputs.labels[i], words, _sorted(s, printed)) for i, s in specs.items()]
    if any_events and not found and inputs.kind == "counts" and printed.measure in ("OR", "RR", "RD"):
        found = list(_other_events(inputs, printed, only))
    return tuple(
        sorted(found, key=lambda e: min((len(s.differs), lacks_declared(s, printed.model)) for s in e.specifications))
    )


def _other_events(inputs: StudyInputs, printed: PrintedResult, only: Specification | None) -> Iterator[Explanation]:
    """Events of one study, at its printed sizes, that yield the result, if at most a handful of tables do."""
    c = inputs.columns
    for study in range(inputs.k):
        sizes = int(c["n1"][study]), int(c["n2"][study])
        if max(sizes) > LARGEST:
            continue
        e1, e2 = (x.ravel() * 1.0 for x in np.meshgrid(*(np.arange(n + 1) for n in sizes), indexing="ij"))
        columns = {n: np.tile(v, (e1.size, 1)) for n, v in c.items()}
        columns["e1"][:, study], columns["e2"][:, study] = e1, e2
        specs: dict[tuple[int, int], list[Specification]] = {}
        changed = replace(inputs, columns=columns)
        mask = np.ones(columns["e1"].shape, dtype=bool)
        for pooled in all_specifications(changed, printed, mask, (only.effects, only.method) if only else None):
            hit = gives(pooled, printed)
            for name in ("tau2", "i2", "q"):
                if getattr(printed, name):
                    hit &= within(printed, name, getattr(pooled, name))
            for row in map(int, np.flatnonzero(hit)):
                table = int(e1[row]), int(e2[row])
                specs.setdefault(table, []).append(specification_of(pooled, row, [], printed))
        if len(specs) <= FEW:
            for (one, two), found in specs.items():
                words = f"{one}/{sizes[0]} v {two}/{sizes[1]} instead of "
                words += f"{c['e1'][study]:g}/{sizes[0]} v {c['e2'][study]:g}/{sizes[1]}"
                yield Explanation(inputs.labels[study], words, _sorted(found, printed))


def _sorted(specs: list[Specification], printed: PrintedResult) -> tuple[Specification, ...]:
    """Those that the report's words allow first."""
    return tuple(sorted(specs, key=lambda s: (len(s.differs), lacks_declared(s, printed.model))))


def _changes(inputs: StudyInputs) -> Iterator[tuple[str, list[int], Columns]]:
    """Kinds of slips: words, the studies to which one can have happened, and for each of them all columns with it."""
    for words, possible, change in _SLIPS[inputs.kind]:
        studies = [i for i in range(inputs.k) if possible(inputs.columns, i)]
        if studies:
            sets = [_with(inputs.columns, i, change) for i in studies]
            yield words, studies, {n: np.stack([s[n] for s in sets]) for n in inputs.columns}
    twice = {n: np.column_stack([np.tile(v, (inputs.k, 1)), v]) for n, v in inputs.columns.items()}
    yield "entered twice", list(range(inputs.k)), twice


def _with(columns: Columns, study: int, change: Callable[[dict[str, float]], dict[str, float]]) -> Columns:
    one = {n: float(v[study]) for n, v in columns.items()}
    new = change(one)
    changed = {n: v.copy() for n, v in columns.items()}
    for name, value in new.items():
        changed[name][study] = value
    return changed


Slip = tuple[str, Callable[[Columns, int], bool], Callable[[dict[str, float]], dict[str, float]]]


def _always(_: Columns, __: int) -> bool:
    return True


def _off(column: str, size: str, by: int) -> Slip:
    word = {"e1": "events of arm 1", "e2": "events of arm 2", "n1": "size of arm 1", "n2": "size of arm 2"}[column]
    events = column.startswith("e")

    def possible(c: Columns, i: int) -> bool:
        value = c[column][i] + by
        return bool(0 <= value <= c[size][i] if events else value >= max(c[size][i], 1))

    return f"{word} {by:+d}", possible, lambda x: {column: x[column] + by}


def _exchanged(*pairs: tuple[str, str]) -> Callable[[dict[str, float]], dict[str, float]]:
    return lambda x: {name: x[other] for pair in pairs for name, other in (pair, pair[::-1])}


_SLIPS: dict[str, list[Slip]] = {
    "counts": [
        ("arms exchanged", _always, _exchanged(("e1", "e2"), ("n1", "n2"))),
        ("events exchanged, sizes not", lambda c, i: bool(c["e1"][i] <= c["n2"][i] and c["e2"][i] <= c["n1"][i]),
         _exchanged(("e1", "e2"))),
        ("events taken for non-events", _always, lambda x: {"e1": x["n1"] - x["e1"], "e2": x["n2"] - x["e2"]}),
        *(_off(f"e{arm}", f"n{arm}", by) for arm in "12" for by in (1, -1, 2, -2)),
        *(_off(f"n{arm}", f"e{arm}", by) for arm in "12" for by in (1, -1, 2, -2)),
    ],
    "means": [
        ("arms exchanged", _always, _exchanged(("m1", "m2"), ("sd1", "sd2"), ("n1", "n2"))),
        ("means exchanged (sign turned)", _always, _exchanged(("m1", "m2"))),
        ("SDs exchanged", _always, _exchanged(("sd1", "sd2"))),
        ("sizes exchanged", _always, _exchanged(("n1", "n2"))),
        ("standard errors entered as SDs", _always,
         lambda x: {"sd1": x["sd1"] / x["n1"] ** 0.5, "sd2": x["sd2"] / x["n2"] ** 0.5}),
        ("SDs here are standard errors", _always,
         lambda x: {"sd1": x["sd1"] * x["n1"] ** 0.5, "sd2": x["sd2"] * x["n2"] ** 0.5}),
    ],
    "effects": [
        ("sign turned", _always,
         lambda x: {"estimate": -x["estimate"], "ci_low": -x["ci_high"], "ci_high": -x["ci_low"]}),
    ],
}  # fmt: skip
