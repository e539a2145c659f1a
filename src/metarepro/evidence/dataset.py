"""Raw tables -> validated records: every problem at once, each with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache, cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BeforeValidator, ValidationError

from metarepro.errors import DataError, Problem
from metarepro.evidence.cells import NUMERIC, plain_number, printed_number, without_exponent
from metarepro.evidence.consistency import check_consistency
from metarepro.evidence.cross_references import NO_ARM, check_references
from metarepro.evidence.header import check_header
from metarepro.evidence.messages import cell_problem, row_key
from metarepro.evidence.reader import PLAIN, Cell, Dialect, RawTable, leads_out, read_table
from metarepro.evidence.rows import known_columns
from metarepro.evidence.spreadsheet import WORKBOOK, has_sheet, read_sheet, sheet_names
from metarepro.evidence.tables import (
    REQUIRED_TABLES,
    TABLES,
    Arm,
    Choosable,
    ComparisonRow,
    Continuous,
    Contrast,
    Dichotomous,
    RiskOfBias,
    Row,
    Source,
    Study,
)
from metarepro.evidence.texts import check_texts
from metarepro.evidence.times import parse_hours


@dataclass(frozen=True)
class Dataset:
    """All tables, validated and cross-checked.

    `printed` holds the texts of all cells by file and line, then column; `mixed_ends` the first line of a file that
    ends otherwise than the one before it. `paired` are ids of crossover trials beyond those of `studies`.
    """

    studies: dict[str, Study]
    arms: dict[tuple[str, str], Arm]
    sources: dict[str, Source]
    dichotomous: tuple[Dichotomous, ...]
    continuous: tuple[Continuous, ...]
    contrasts: tuple[Contrast, ...]
    comparisons: tuple[ComparisonRow, ...]
    others: dict[str, tuple[Row, ...]]
    printed: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    mixed_ends: dict[str, int] = field(default_factory=dict)
    paired: frozenset[str] = frozenset()

    @classmethod
    def of_tables(cls, tables: Mapping[str, Any], **rest: Any) -> Dataset:
        """A dataset of the rows of each table by its name; `rest` are further attributes.

        Arms and sources that rows name and no table describes are made of their names.
        """
        return cls(
            studies={s.study_id: s for s in tables["studies"]},
            arms=_arms(tables),
            sources=_sources(tables),
            dichotomous=tables["dichotomous"],
            continuous=tables["continuous"],
            contrasts=tables["contrasts"],
            comparisons=tables["comparisons"],
            others={n: t for n, t in tables.items() if n not in {f.name for f in fields(cls)}},
            **rest,
        )

    @property
    def crossover(self) -> frozenset[str]:
        """Ids of crossover trials."""
        return self.paired | {s.study_id for s in self.studies.values() if s.design == "crossover"}

    @cached_property
    def arms_of(self) -> Mapping[str, tuple[Arm, ...]]:
        """Arms of each study, by its id; studies without an arm are not in it."""
        found: dict[str, list[Arm]] = {}
        for arm in self.arms.values():
            found.setdefault(arm.study_id, []).append(arm)
        return {study: tuple(arms) for study, arms in found.items()}

    @cached_property
    def judged_of(self) -> Mapping[str, tuple[RiskOfBias, ...]]:
        """Risk of bias judgements of each study that has some, by its id."""
        found: dict[str, list[RiskOfBias]] = {}
        for row in self.others.get("risk_of_bias", ()):
            if isinstance(row, RiskOfBias):
                found.setdefault(row.study_id, []).append(row)
        return {study: tuple(rows) for study, rows in found.items()}

    @property
    def files(self) -> dict[str, str]:
        """File (and sheet) of each table that has rows."""
        return {row.table: row.file for row in self.rows}

    @property
    def rows(self) -> Iterator[Row]:
        """All rows of all tables."""
        described = (*self.studies.values(), *self.arms.values(), *self.sources.values())
        numbers = chain(self.dichotomous, self.continuous, self.contrasts, self.comparisons)
        return chain((row for row in described if row.file), numbers, *self.others.values())

    @property
    def number_rows(self) -> tuple[Dichotomous | Continuous | Contrast, ...]:
        """Rows of the tables of numbers."""
        return (*self.dichotomous, *self.continuous, *self.contrasts, *self.comparisons)

    def of_outcomes(self, outcomes: Collection[str]) -> Dataset:
        """The same studies with rows of numbers of some outcomes only."""
        tables: dict[str, Any] = {
            name: tuple(row for row in getattr(self, name) if row.outcome in outcomes)
            for name in ("dichotomous", "continuous", "contrasts", "comparisons")
        }
        kept = replace(self, **tables)
        places = {(row.file, row.line) for row in kept.rows}
        return replace(kept, printed={place: texts for place, texts in self.printed.items() if place in places})

    @cached_property
    def rows_of_outcome(self) -> Mapping[str, tuple[Dichotomous | Continuous | Contrast, ...]]:
        """Rows of the tables of numbers by their outcome."""
        found: dict[str, list[Dichotomous | Continuous | Contrast]] = {}
        for row in self.number_rows:
            found.setdefault(row.outcome, []).append(row)
        return {outcome: tuple(rows) for outcome, rows in found.items()}


def _arms(tables: Mapping[str, Any]) -> dict[tuple[str, str], Arm]:
    arms = {(a.study_id, a.arm_id): a for a in tables["arms"]}
    sides = {"arm_id": "", "experimental_arm": "experimental", "control_arm": "control"}
    described = {study for study, _ in arms}
    for row in chain(*(tables[name] for name in ("dichotomous", "continuous", "contrasts", "comparisons"))):
        for column, role in sides.items():
            arm = getattr(row, column, None)
            # A study whose arms are described has those.
            made = arm is not None and arm not in NO_ARM and (row.study_id not in described)
            if made and (row.study_id, arm) not in arms:
                arms[row.study_id, arm] = Arm(study_id=row.study_id, arm_id=arm, role=role, level=row.level)
    return arms


def _sources(tables: Mapping[str, Any]) -> dict[str, Source]:
    sources = {s.source_id: s for s in tables["sources"]}
    if not sources:
        named = {row.source_id for rows in tables.values() for row in rows if getattr(row, "source_id", "")}
        sources = {name: Source(source_id=name, title=name) for name in sorted(named)}
    return sources


def read_dataset(
    folder: Path,
    shown: str = "data/raw",
    dialects: Mapping[str, Dialect] | None = None,
    project: Path | None = None,
) -> Dataset:
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
    project : Path, optional
        Folder that links must not lead out of.

    Raises
    ------
    DataError
        All problems found, sorted by place.
    """
    if not folder.is_dir():
        fix = "Fix: create it, or name the folder of the tables under `data:` in config.yaml."
        raise DataError([Problem("E001", "there is no such folder", shown, details=(fix,))])
    problems = _misnamed(folder, shown)
    tables: dict[str, tuple[Row, ...]] = {}
    cells: dict[int, dict[str, Cell]] = {}
    mixed: dict[str, int] = {}
    written: dict[str, Dialect] = {}
    for name, model in TABLES.items():
        try:
            table, dialect = find_table(folder, shown, name, dialects or {}, name in REQUIRED_TABLES, project)
            written[name] = dialect
            rows, found = _rows(table, model, cells, dialect) if table else ((), [])
        except DataError as error:
            problems += error.problems
            continue
        if table and table.mixed_ends:
            mixed[table.path] = table.mixed_ends
        tables[name] = rows
        problems += found
    if not problems:
        problems += check_references(tables, cells)
    if not problems:
        problems += check_consistency(tables, cells)
    if problems:
        raise DataError(problems)
    return Dataset.of_tables(tables, printed=_texts(tables, cells, written), mixed_ends=mixed)


def _misnamed(folder: Path, shown: str) -> list[Problem]:
    """Tables that would be passed over for a slip in their name."""
    problems = []
    names = [f"{name}.csv" for name in TABLES]
    for path in sorted(folder.glob("*.csv")):
        near = get_close_matches(path.name.lower(), names, n=1, cutoff=0.85)
        if path.name not in names and near and not (folder / near[0]).exists() and near[0][:-4] not in REQUIRED_TABLES:
            what = f"no table has this name, but {near[0]!r} is one"
            details = (f"Tables: {', '.join(TABLES)}.", f"Fix: rename the file to {near[0]!r}.")
            problems.append(Problem("E001", what, f"{shown}/{path.name}", details=details))
    if (folder / WORKBOOK).exists():
        sheets = sheet_names(folder / WORKBOOK, f"{shown}/{WORKBOOK}")
        for sheet in sheets:
            near = [t for t in TABLES if t in sheet.lower() or get_close_matches(sheet.lower(), [t], 1, 0.8)]
            if sheet.strip().lower() not in TABLES and near and near[0] not in [s.strip().lower() for s in sheets]:
                what = f"the sheet {sheet!r} is no table, but {near[0]!r} is one"
                details = (f"Tables: {', '.join(TABLES)}.", f"Fix: rename the sheet to {near[0]!r}.")
                problems.append(Problem("E051", what, f"{shown}/{WORKBOOK}", details=details))
    return problems


def find_table(
    folder: Path,
    shown: str,
    name: str,
    dialects: Mapping[str, Dialect],
    required: bool,
    project: Path | None = None,
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
    files = [f for f in (f"{name}.csv", f"{name}.xlsx") if (folder / f).exists() or (folder / f).is_symlink()]
    if project is not None:
        for file in (*files, WORKBOOK):
            leads_out(folder / file, f"{shown}/{file}", project)
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
                n: without_exponent(text) if n in numeric else text
                for n, text in _values(type(row), cells[id(row)], dialect).items()
            }
    return texts


def _values(model: type[Row], named: Mapping[str, Cell], dialect: Dialect) -> dict[str, str]:
    """Texts of a row, its numbers with a decimal point, and what it shares with the others where it has no text."""
    numeric, printed = numeric_columns(model), model.as_printed
    fill = {n: x for n, x in dialect.shared if n in known_columns(model)}
    texts = {
        n: plain_number(c.text, dialect)
        if n in numeric
        else printed_number(c.text, dialect)
        if n in printed
        else c.text
        for n, c in named.items()
    }
    return texts | {n: x for n, x in fill.items() if not texts.get(n)}


@cache
def numeric_columns(model: type[Row]) -> frozenset[str]:
    """Columns that hold numbers."""
    return frozenset(
        n
        for n, f in model.model_fields.items()
        if any(isinstance(m, BeforeValidator) and m.func in (*NUMERIC, parse_hours) for m in f.metadata)
    )


def _rows(
    table: RawTable, model: type[Row], cells: dict[int, dict[str, Cell]], dialect: Dialect
) -> tuple[tuple[Row, ...], list[Problem]]:
    shown = table.path
    check_header(table, known_columns(model), model.takes_own)
    if not table.rows and model.table in REQUIRED_TABLES:
        fix = "Fix: add the rows; data/README.md explains the columns."
        raise DataError([Problem("E003", "the table has a header and no rows", shown, 1, details=(fix,))])
    numeric = numeric_columns(model)
    rows: list[Row] = []
    problems: list[Problem] = []
    for named in table.named():
        strange = check_texts(named, shown, row_key(named), numeric)
        if strange:
            problems += strange
            continue
        line = next(iter(named.values())).line
        try:
            row = model.of_texts(_values(model, named, dialect), shown, line)
        except ValidationError as error:
            problems += [cell_problem(e, shown, named) for e in error.errors(include_url=False)]
            continue
        rows.append(row)
        cells[id(row)] = named
    problems += _repeated(rows, model, cells)
    return tuple(rows), problems


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
                        row_key(cells[id(row)]),
                        f"A row is known by: {', '.join(model.key)}.",
                        "Fix: delete one, or give both a conflict id and choose one."
                        if issubclass(model, Choosable)
                        else "Fix: delete one, or give it an id of its own.",
                    ),
                )
            )
        seen.setdefault(key, row)
    return problems
