"""Raw tables -> validated records: every problem at once, each with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BeforeValidator, ValidationError

from metarepro.errors import DataError, Problem
from metarepro.evidence.cells import NUMERIC, plain_number
from metarepro.evidence.reader import PLAIN, Cell, Dialect, RawTable, check_header, read_table
from metarepro.evidence.spreadsheet import WORKBOOK, has_sheet, read_sheet
from metarepro.evidence.tables import (
    REQUIRED_TABLES,
    TABLES,
    Arm,
    Choosable,
    Continuous,
    Contrast,
    Dichotomous,
    Row,
    Source,
    Study,
)

NO_ARM = ("own_baseline", "none")
_KEY_COLUMNS = ("study_id", "arm_id", "experimental_arm", "outcome", "timepoint_h", "analysis_id", "claim_id")
_LAST_KEY = "source_id"


@dataclass(frozen=True)
class Dataset:
    """All tables, validated and cross-checked; `printed` holds the texts of all cells by file and line, then column."""

    studies: dict[str, Study]
    arms: dict[tuple[str, str], Arm]
    sources: dict[str, Source]
    dichotomous: tuple[Dichotomous, ...]
    continuous: tuple[Continuous, ...]
    contrasts: tuple[Contrast, ...]
    others: dict[str, tuple[Row, ...]]
    printed: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)


def read_dataset(folder: Path, shown: str = "data/raw", dialects: Mapping[str, Dialect] | None = None) -> Dataset:
    """Read and check every table of a folder.

    Parameters
    ----------
    folder : Path
        Folder of the tables: CSV files, or workbooks (`studies.xlsx`, or a sheet of `tables.xlsx`). studies, arms and
        sources are required, the others may be absent.
    shown : str
        The folder as messages name it.
    dialects : mapping of str to Dialect, optional
        How tables are written, by table; ``""`` for all others. Commas, points and UTF-8 if left out.

    Raises
    ------
    DataError
        All problems found, sorted by place.
    """
    problems: list[Problem] = []
    tables: dict[str, tuple[Row, ...]] = {}
    cells: dict[int, dict[str, Cell]] = {}
    written: dict[str, Dialect] = {}
    for name, model in TABLES.items():
        try:
            table, dialect = find_table(folder, shown, name, dialects or {}, required=name in REQUIRED_TABLES)
            rows, found = _read_rows(table, model, cells, dialect) if table else ((), [])
            written[name] = dialect
        except DataError as error:
            problems += error.problems
            continue
        tables[name] = rows
        problems += found
    if not problems:
        problems += _cross_check(tables, cells)
    if problems:
        raise DataError(problems)
    known: dict[str, Any] = tables
    return Dataset(
        studies={s.study_id: s for s in known["studies"]},
        arms={(a.study_id, a.arm_id): a for a in known["arms"]},
        sources={s.source_id: s for s in known["sources"]},
        dichotomous=known["dichotomous"],
        continuous=known["continuous"],
        contrasts=known["contrasts"],
        others={n: t for n, t in known.items() if n not in ("studies", "arms", "sources")},
        printed=_texts(tables, cells, written),
    )


def find_table(
    folder: Path, shown: str, name: str, dialects: Mapping[str, Dialect], required: bool
) -> tuple[RawTable | None, Dialect]:
    """A table as written, from its CSV file, its workbook, or its sheet of the workbook of all tables.

    Also how it is written; the cells of workbooks have no delimiter and no decimal comma. None if it is not there
    and need not be.

    Raises
    ------
    DataError
        It cannot be read, is not there, or is there twice.
    """
    dialect = dialects.get(name, dialects.get("", PLAIN))
    files = [f for f in (f"{name}.csv", f"{name}.xlsx") if (folder / f).exists()]
    if (folder / WORKBOOK).exists() and has_sheet(folder / WORKBOOK, f"{shown}/{WORKBOOK}", name):
        files.append(WORKBOOK)
    if len(files) > 1:
        what, fix = f"the table {name!r} is there twice: {', '.join(files)}", "Fix: keep one of them."
        raise DataError([Problem("E051", what, shown, details=(fix,))])
    if files and files[0].endswith(".xlsx"):
        plain = replace(dialect, delimiter=PLAIN.delimiter, decimal=PLAIN.decimal)
        return read_sheet(folder / files[0], f"{shown}/{files[0]}", name), plain
    if files or required:
        return read_table(folder / f"{name}.csv", f"{shown}/{name}.csv", dialect), dialect
    return None, dialect


def _texts(
    tables: Mapping[str, tuple[Row, ...]], cells: Mapping[int, dict[str, Cell]], dialects: Mapping[str, Dialect]
) -> dict[tuple[str, int], dict[str, str]]:
    """Texts of the cells as written, numbers with a decimal point: 10.90 says more than 10.9."""
    texts = {}
    for name, rows in tables.items():
        dialect = dialects.get(name, PLAIN)
        for row in rows:
            numeric = numeric_columns(type(row))
            texts[row.file, row.line] = {
                n: plain_number(c.text, dialect) if n in numeric else c.text for n, c in cells[id(row)].items()
            }
    return texts


@cache
def numeric_columns(model: type[Row]) -> frozenset[str]:
    """Columns that hold numbers."""
    return frozenset(
        n
        for n, f in model.model_fields.items()
        if any(isinstance(m, BeforeValidator) and m.func in NUMERIC for m in f.metadata)
    )


def _read_rows(
    table: RawTable, model: type[Row], cells: dict[int, dict[str, Cell]], dialect: Dialect
) -> tuple[tuple[Row, ...], list[Problem]]:
    shown = table.path
    columns = {n: f.is_required() for n, f in model.model_fields.items() if n not in ("file", "line")}
    check_header(table, columns)
    numeric = numeric_columns(model)
    rows: list[Row] = []
    problems: list[Problem] = []
    for named in table.named():
        line = next(iter(named.values())).line
        values = {n: plain_number(c.text, dialect) if n in numeric else c.text for n, c in named.items()}
        # An empty cell of an optional column takes the column's default.
        given = {n: text for n, text in values.items() if text != "" or columns[n]}
        try:
            row = model.model_validate({**given, "file": shown, "line": line})
        except ValidationError as error:
            problems += [_problem(e, shown, named) for e in error.errors(include_url=False)]
            continue
        rows.append(row)
        cells[id(row)] = named
    problems += _repeated(rows, model, cells)
    return tuple(rows), problems


def _problem(error: Any, shown: str, named: dict[str, Cell]) -> Problem:
    """Turn one of pydantic's errors into ours, with the cell's place."""
    context = error.get("ctx") or {}
    column = str(context.get("column") or (error["loc"][0] if error["loc"] else ""))
    absent = column not in named
    cell = named.get(column) or Cell("", next(iter(named.values())).line, 1)
    kind, details = error["type"], tuple(context.get("details", ()))
    if kind == "literal_error":
        allowed = [w.strip("'\" ") for w in context["expected"].replace(" or ", ", ").split(", ")]
        near = get_close_matches(cell.text, [a for a in allowed if a], n=1, cutoff=0.6)
        code, message = "E014", "is not an allowed word"
        details = (
            "Allowed: " + ", ".join(a or "(empty)" for a in allowed),
            f"Fix: did you mean {near[0]!r}?" if near else "Fix: use one of these words.",
        )
    elif kind in ("missing", "string_too_short", "float_type", "int_type"):
        code, message, details = "E010", "is empty, and it is required", ("Fix: fill it in.",)
    elif kind in ("greater_than_equal", "less_than_equal", "greater_than", "less_than"):
        limit = next(iter(v for k, v in context.items() if k in ("ge", "le", "gt", "lt")))
        code = "E013"
        message = "is out of range"
        sign = {"greater_than_equal": "at least", "less_than_equal": "at most", "greater_than": "above"}
        details = (f"Allowed: {sign.get(kind, 'below')} {limit:g}.", "Fix: check the number and its unit.")
    elif kind in ("bool_parsing", "bool_type"):
        code, message, details = "E014", "is not an allowed word", ("Allowed: yes, no",)
    elif kind.startswith("E"):
        code, message = kind, error["msg"]
    else:
        code, message = "E014", f"is not allowed ({error['msg']})"
    if absent and column:
        details = (f"The table has no column {column!r}.", *details)
    written = f" {_quoted(cell.text)}" if cell.text and code not in ("E021", "E026", "E028") else ""
    return Problem(code, f"{column}{written} {message}", shown, cell.line, cell.column, (_row_key(named), *details))


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _row_key(named: dict[str, Cell]) -> str:
    parts = [f'{n} = "{named[n].text}"' for n in _KEY_COLUMNS if n in named and named[n].text]
    if not parts and _LAST_KEY in named:
        parts = [f'{_LAST_KEY} = "{named[_LAST_KEY].text}"']
    return "row: " + ", ".join(parts)


def _repeated(rows: list[Row], model: type[Row], cells: dict[int, dict[str, Cell]]) -> list[Problem]:
    seen: dict[tuple[object, ...], Row] = {}
    problems = []
    for row in rows:
        if isinstance(row, Choosable) and row.conflict:
            continue  # rows that compete are meant to be alike; their own rule is that one is chosen
        key = tuple(getattr(row, name) for name in model.key)
        if key in seen:
            first = next(iter(cells[id(row)].values()))
            problems.append(
                Problem(
                    "E024",
                    f"the row repeats line {seen[key].line}",
                    row.file,
                    row.line,
                    first.column,
                    (
                        _row_key(cells[id(row)]),
                        f"A row is known by: {', '.join(model.key)}.",
                        "Fix: delete one, or give both a conflict id and choose one."
                        if issubclass(model, Choosable)
                        else "Fix: delete one, or give it an id of its own.",
                    ),
                )
            )
        seen.setdefault(key, row)
    return problems


def _cross_check(tables: dict[str, tuple[Row, ...]], cells: dict[int, dict[str, Cell]]) -> list[Problem]:
    """Keys that must resolve, and conflicts that must have one chosen row."""
    problems: list[Problem] = []
    studies = [row.study_id for row in tables["studies"] if isinstance(row, Study)]
    arms = {(row.study_id, row.arm_id) for row in tables["arms"] if isinstance(row, Arm)}
    sources = [row.source_id for row in tables["sources"] if isinstance(row, Source)]

    def unknown(row: Row, column: str, known: list[str], code: str, where: str) -> None:
        value = getattr(row, column)
        if value not in known:
            cell = cells[id(row)][column]
            near = get_close_matches(value, known, n=1, cutoff=0.6)
            few = f"Known: {', '.join(sorted(known))}." if len(known) <= 8 else f"{len(known)} are known."
            hint = f"Did you mean {near[0]!r}?" if near else few
            problems.append(
                Problem(
                    code, f"{column} {value!r} is not in {where}", row.file, cell.line, cell.column,
                    (_row_key(cells[id(row)]), hint, f"Fix: correct it, or add the row to {where}."),
                )
            )  # fmt: skip

    for name in ("arms", "dichotomous", "continuous", "contrasts", "risk_of_bias"):
        for row in tables[name]:
            unknown(row, "study_id", studies, "E020", "studies.csv")
            if row.study_id not in studies:  # type: ignore[attr-defined]
                continue
            for column in ("arm_id", "experimental_arm", "control_arm"):
                value = getattr(row, column, None)
                if name == "arms" or value is None or (column == "control_arm" and value in NO_ARM):
                    continue
                if (row.study_id, value) not in arms:  # type: ignore[attr-defined]
                    own = [a for s, a in arms if s == row.study_id]  # type: ignore[attr-defined]
                    unknown(row, column, own, "E022", "arms.csv for this study")
    sizes = {(row.study_id, row.arm_id): row.n_randomised for row in tables["arms"] if isinstance(row, Arm)}
    for row in (*tables["dichotomous"], *tables["continuous"]):
        if isinstance(row, Dichotomous | Continuous) and row.chosen:
            column = "total" if isinstance(row, Dichotomous) else "n"
            size, most = getattr(row, column), sizes.get((row.study_id, row.arm_id))
            if size is not None and most is not None and size > most:
                cell = cells[id(row)][column]
                problems.append(
                    Problem(
                        "E028", f"{column} is larger than the arm's n_randomised", row.file, cell.line, cell.column,
                        (_row_key(cells[id(row)]), f"{column} = {size}, n_randomised = {most} in arms.csv",
                         "Fix: one of the two is wrong."),
                    )
                )  # fmt: skip

    for rows in tables.values():
        for row in rows:
            if not isinstance(row, Source) and "source_id" in type(row).model_fields:
                unknown(row, "source_id", sources, "E023", "sources.csv")

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
