"""Which single study, changed in which way, would explain a printed result."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from metarepro.effects.checks import Array
from metarepro.pooling.kernel import Mask
from metarepro.reproduction.match import Specification, agreeing
from metarepro.reproduction.printed import NUMBERS, SHOWN, PrintedResult, StudyInputs
from metarepro.reproduction.specifications import all_specifications
from metarepro.reproduction.ways import lacks_declared

Columns = dict[str, Array]
# Other events are tried for arms of at most this many patients, and named if at most this many tables would do.
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


def explain_mismatch(inputs: StudyInputs, printed: PrintedResult, any_events: bool = True) -> tuple[Explanation, ...]:
    """Changes of one study that explain a printed result, those that need the least unusual method first.

    Parameters
    ----------
    inputs : StudyInputs
    printed : PrintedResult
    any_events : bool, default True
        Whether any other events of one study are tried if no slip will do.

    Notes
    -----
    Tried are the usual slips: arms exchanged, a sign turned, an SE typed as SD or the reverse, SDs exchanged between
    arms, events taken for non-events, a count one or two off, a study entered twice; and if none of them will do, any
    other events of one study. (Studies left out are tried by `match_published`.) That a change explains a result does
    not prove it: several often do, and all are given.
    """
    found = [
        Explanation(inputs.labels[study], words, specs)
        for slips, changed in _changes(inputs)
        for row, specs in _agreeing(changed, printed, SHOWN).items()
        for words, study in slips[row : row + 1]
    ]
    if any_events and not found and inputs.kind == "counts" and printed.measure in ("OR", "RR", "RD"):
        found = list(_other_events(inputs, printed))
    return tuple(sorted(found, key=lambda e: min(_lacking(s, printed) for s in e.specifications)))


def _lacking(spec: Specification, printed: PrintedResult) -> tuple[int, int]:
    """What a specification does not give, and how little the report's words allow it."""
    return len(spec.differs), lacks_declared(spec.way, printed.model)


def _agreeing(
    changed: StudyInputs, printed: PrintedResult, names: tuple[str, ...]
) -> dict[int, tuple[Specification, ...]]:
    """Sets of studies that give the printed numbers of these names, and how: what the report's words allow first."""
    found: dict[int, list[Specification]] = {}
    for pooled in all_specifications(changed, printed):
        for row, spec in agreeing(pooled, printed, names):
            found.setdefault(row, []).append(spec)
    return {row: tuple(sorted(specs, key=lambda s: _lacking(s, printed))) for row, specs in sorted(found.items())}


def _other_events(inputs: StudyInputs, printed: PrintedResult) -> Iterator[Explanation]:
    """Events of one study, at its printed sizes, that yield the result, if at most a handful of tables do."""
    c = inputs.columns
    for study in range(inputs.k):
        sizes = int(c["n1"][study]), int(c["n2"][study])
        if max(sizes) > LARGEST:
            continue
        e1, e2 = (x.ravel() * 1.0 for x in np.meshgrid(*(np.arange(n + 1) for n in sizes), indexing="ij"))
        columns = {n: np.tile(v, (e1.size, 1)) for n, v in c.items()}
        columns["e1"][:, study], columns["e2"][:, study] = e1, e2
        tables = _agreeing(replace(inputs, columns=columns), printed, NUMBERS)
        for row, specs in tables.items() if len(tables) <= FEW else ():
            words = f"{e1[row]:g}/{sizes[0]} v {e2[row]:g}/{sizes[1]} instead of "
            words += f"{c['e1'][study]:g}/{sizes[0]} v {c['e2'][study]:g}/{sizes[1]}"
            yield Explanation(inputs.labels[study], words, specs)


def _changes(inputs: StudyInputs) -> Iterator[tuple[list[tuple[str, int]], StudyInputs]]:
    """Slips, each in words and with the study to which it can have happened, and a set of studies with each of them."""
    slips: list[tuple[str, int]] = []
    changed: dict[str, list[Array]] = {n: [] for n in inputs.columns}
    for words, possible, change in _SLIPS[inputs.kind]:
        moved = change(inputs.columns)
        for study in np.flatnonzero(np.broadcast_to(possible(inputs.columns), inputs.k)).tolist():
            slips.append((words, study))
            for name, values in inputs.columns.items():
                changed[name].append(np.where(np.arange(inputs.k) == study, moved.get(name, values), values))
    yield slips, replace(inputs, columns={n: np.array(rows) for n, rows in changed.items()})
    twice = {n: np.column_stack([np.tile(v, (inputs.k, 1)), v]) for n, v in inputs.columns.items()}
    paired = np.array(inputs.paired, dtype=bool)
    both = np.column_stack([np.tile(paired, (inputs.k, 1)), paired]) if paired.any() else ()
    yield [("entered twice", i) for i in range(inputs.k)], replace(inputs, columns=twice, paired=both)


Slip = tuple[str, Callable[[Columns], Mask | bool], Callable[[Columns], Columns]]


def _always(_: Columns) -> bool:
    return True


def _off(column: str, size: str, by: int) -> Slip:
    word = ("events" if column.startswith("e") else "size") + (f" of arm {column[1]}" if column[1:] else "")

    def possible(c: Columns) -> Mask:
        value = c[column] + by
        if column.startswith("e"):
            return np.asarray((value >= 0) & (value <= c[size]))
        return np.asarray(value >= np.maximum(c[size], 1))

    return f"{word} {by:+d}", possible, lambda c: {column: c[column] + by}


def _exchanged(*pairs: tuple[str, str]) -> Callable[[Columns], Columns]:
    return lambda c: {name: c[other] for pair in pairs for name, other in (pair, pair[::-1])}


_SLIPS: dict[str, list[Slip]] = {
    "counts": [
        ("arms exchanged", _always, _exchanged(("e1", "e2"), ("n1", "n2"))),
        ("events exchanged, sizes not", lambda c: (c["e1"] <= c["n2"]) & (c["e2"] <= c["n1"]),
         _exchanged(("e1", "e2"))),
        ("events taken for non-events", _always, lambda c: {"e1": c["n1"] - c["e1"], "e2": c["n2"] - c["e2"]}),
        *(_off(f"e{arm}", f"n{arm}", by) for arm in "12" for by in (1, -1, 2, -2)),
        *(_off(f"n{arm}", f"e{arm}", by) for arm in "12" for by in (1, -1, 2, -2)),
    ],
    "proportions": [
        ("events taken for non-events", _always, lambda c: {"e": c["n"] - c["e"]}),
        *(_off("e", "n", by) for by in (1, -1, 2, -2)),
        *(_off("n", "e", by) for by in (1, -1, 2, -2)),
    ],
    "means": [
        ("arms exchanged", _always, _exchanged(("m1", "m2"), ("sd1", "sd2"), ("n1", "n2"))),
        ("means exchanged (sign turned)", _always, _exchanged(("m1", "m2"))),
        ("SDs exchanged", _always, _exchanged(("sd1", "sd2"))),
        ("sizes exchanged", _always, _exchanged(("n1", "n2"))),
        ("standard errors entered as SDs", _always,
         lambda c: {"sd1": c["sd1"] / c["n1"] ** 0.5, "sd2": c["sd2"] / c["n2"] ** 0.5}),
        ("SDs here are standard errors", _always,
         lambda c: {"sd1": c["sd1"] * c["n1"] ** 0.5, "sd2": c["sd2"] * c["n2"] ** 0.5}),
    ],
    "effects": [
        ("sign turned", _always,
         lambda c: {"estimate": -c["estimate"], "ci_low": -c["ci_high"], "ci_high": -c["ci_low"]}),
    ],
}  # fmt: skip
