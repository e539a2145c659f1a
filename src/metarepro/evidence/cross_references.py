"""Keys that must resolve in another table, and rows that must agree with those of another."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from metarepro.errors import Problem
from metarepro.evidence.messages import row_key
from metarepro.evidence.reader import Cell
from metarepro.evidence.tables import (
    Arm,
    Choosable,
    Continuous,
    Dichotomous,
    PublishedInput,
    PublishedResult,
    Row,
    Source,
    Study,
)

# Wrong ids for which the nearest right one is looked up.
_MANY_HINTS = 100
NO_ARM = ("own_baseline", "none")

Tables = Mapping[str, tuple[Row, ...]]
CellsOf = Mapping[int, Mapping[str, Cell]]


def check_references(tables: Tables, cells: CellsOf) -> list[Problem]:
    """Keys that do not resolve, rows larger than what another table says, conflicts without one chosen row.

    Parameters
    ----------
    tables : mapping of str to tuple of Row
        Rows of each table.
    cells : mapping of int to mapping of str to Cell
        Cells of each row by column; the key is the `id` of the row.
    """
    return [
        *_unknown_keys(tables, cells),
        *_more_than_randomised(tables, cells),
        *_more_than_pooled(tables, cells),
        *_without_one_choice(tables, cells),
    ]


def _unknown_keys(tables: Tables, cells: CellsOf) -> list[Problem]:
    problems: list[Problem] = []
    # Dictionaries, since each row asks whether its key is there.
    studies = {row.study_id: row for row in tables["studies"] if isinstance(row, Study)}
    arms = _arms_of(tables)
    sources = {row.source_id: row for row in tables["sources"] if isinstance(row, Source)}
    hints: dict[tuple[str, str, str], str] = {}

    def hint_of(value: str, known: Mapping[str, Row], code: str, study: str) -> str:
        """The nearest id. Of many wrong ones the first are named; comparing all would take minutes."""
        key = (code, study, value)
        if key not in hints:
            near = get_close_matches(value, known, n=1, cutoff=0.6) if len(hints) < _MANY_HINTS else []
            few = f"Known: {', '.join(sorted(known))}." if len(known) <= 8 else f"{len(known)} are known."
            hints[key] = f"Did you mean {near[0]!r}?" if near else few
        return hints[key]

    def unknown(row: Row, column: str, known: Mapping[str, Row], code: str, where: str) -> None:
        value = getattr(row, column)
        if value not in known:
            cell = cells[id(row)].get(column) or next(iter(cells[id(row)].values()))
            hint = hint_of(value, known, code, row.study_id if code == "E022" else "")  # type: ignore[attr-defined]
            problems.append(
                Problem(
                    code, f"{column} {value!r} is not in {where}", row.file, cell.line, cell.column,
                    (row_key(cells[id(row)]), hint, f"Fix: correct it, or add the row to {where}."),
                )
            )  # fmt: skip

    for name in ("arms", "dichotomous", "continuous", "contrasts", "comparisons", "risk_of_bias"):
        for row in tables[name]:
            unknown(row, "study_id", studies, "E020", "studies.csv")
            if row.study_id not in studies:  # type: ignore[attr-defined]
                continue
            for column in ("arm_id", "experimental_arm", "control_arm"):
                value = getattr(row, column, None)
                if name == "arms" or value is None or (column == "control_arm" and value in NO_ARM):
                    continue
                if row.study_id not in arms:  # type: ignore[attr-defined]
                    continue  # no arm of the study is described: they are known by their names
                unknown(row, column, arms.get(row.study_id, {}), "E022", "arms.csv for this study")  # type: ignore[attr-defined]
    for members in tables.values():
        for row in members:
            named: str = "" if isinstance(row, Source) else getattr(row, "source_id", "")
            if sources and named:
                unknown(row, "source_id", sources, "E023", "sources.csv")

    printed = {row.analysis_id: row for row in tables["published_results"] if isinstance(row, PublishedResult)}
    for row in tables["published_inputs"]:
        unknown(row, "analysis_id", printed, "E042", "published_results.csv")
    return problems


def _arms_of(tables: Tables) -> dict[str, dict[str, Arm]]:
    arms: dict[str, dict[str, Arm]] = {}
    for arm in tables["arms"]:
        if isinstance(arm, Arm):
            arms.setdefault(arm.study_id, {})[arm.arm_id] = arm
    return arms


def _more_than_randomised(tables: Tables, cells: CellsOf) -> list[Problem]:
    problems: list[Problem] = []
    arms = _arms_of(tables)
    for row in (*tables["dichotomous"], *tables["continuous"]):
        if isinstance(row, Dichotomous | Continuous) and row.chosen:
            column = "total" if isinstance(row, Dichotomous) else "n"
            own = arms.get(row.study_id, {}).get(row.arm_id)
            size, most = getattr(row, column), own.n_randomised if own is not None else None
            if size is not None and most is not None and size > most:
                cell = cells[id(row)][column]
                problems.append(
                    Problem(
                        "E028", f"{column} is larger than the arm's n_randomised", row.file, cell.line, cell.column,
                        (row_key(cells[id(row)]), f"{column} = {size}, n_randomised = {most} in arms.csv",
                         "Fix: one of the two is wrong."),
                    )
                )  # fmt: skip
    return problems


def _more_than_pooled(tables: Tables, cells: CellsOf) -> list[Problem]:
    """Printed results with fewer studies than are listed for them."""
    problems: list[Problem] = []
    printed = {row.analysis_id: row for row in tables["published_results"] if isinstance(row, PublishedResult)}
    listed: dict[str, list[PublishedInput]] = {}
    for row in tables["published_inputs"]:
        if isinstance(row, PublishedInput):
            listed.setdefault(row.analysis_id, []).append(row)
    for name, target in printed.items():
        count = len(listed.get(name, ()))
        if target.k is not None and count > target.k and not _without_events(listed[name], target.k):
            cell = cells[id(target)]["k"]
            problems.append(
                Problem(
                    "E042", f"k is smaller than the number of studies listed for {name!r}", target.file, cell.line,
                    cell.column, (
                        f"k = {target.k}, {count} rows in published_inputs (first: line {listed[name][0].line})",
                        "Fix: correct k, or take out the studies that the report does not pool.",
                    ),
                )
            )  # fmt: skip
    return problems


def _without_events(listed: list[PublishedInput], k: int) -> bool:
    """Whether so many studies are left when those without any event, which many reports do not count, are left out."""
    return sum((r.exp_events or 0) + (r.ctl_events or 0) > 0 for r in listed) == k


def _without_one_choice(tables: Tables, cells: CellsOf) -> list[Problem]:
    problems: list[Problem] = []
    by_conflict: dict[tuple[str, str], list[Choosable]] = {}
    for name, rows in tables.items():
        for row in rows:
            if isinstance(row, Choosable) and row.conflict:
                by_conflict.setdefault((name, row.conflict), []).append(row)
    for (_, conflict), rivals in by_conflict.items():
        chosen = [r for r in rivals if r.chosen]
        if len(chosen) != 1:
            row = (chosen or rivals)[-1]
            cell = cells[id(row)]["conflict"]
            lines = ", ".join(str(r.line) for r in rivals)
            problems.append(
                Problem(
                    "E025", f"the conflict {conflict!r} has {len(chosen)} chosen rows, not one", row.file, cell.line,
                    cell.column, (f"Rows: lines {lines}.", "Fix: set chosen to yes in one of them, to no in the rest."),
                )
            )  # fmt: skip
    return problems
