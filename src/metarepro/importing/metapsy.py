"""Reading a database of the Metapsy project, or a table in its format, as a project.

One line a comparison of two arms at one visit on one instrument; the columns are described at
https://docs.metapsy.org/data-preparation/format/ ("Data preparation: format", read 2026). The arms of all lines are
gathered, so that an arm that stands in several comparisons is one arm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from metarepro.errors import DataError, Problem
from metarepro.evidence.reader import Cell, Dialect, RawTable, parse_table, read_text
from metarepro.importing.metapsy_account import account, guesses, left_out_csv
from metarepro.importing.metapsy_config import Writer
from metarepro.importing.metapsy_effects import compare_effects, printed_csv, sentences_of, signs_of
from metarepro.importing.metapsy_lines import PRINTED, LineReader, is_measured, text_of
from metarepro.importing.metapsy_own import study_columns
from metarepro.importing.metapsy_tables import OTHER_RISK, RISK_COLUMNS, Tables
from metarepro.importing.project import ImportedProject
from metarepro.importing.sheet.entries import drawable

REQUIRED = ("study", "condition_arm1", "condition_arm2", "outcome_type", "instrument")
# Other names of columns.
_CALLED = {f"baseline_mean_arm{n}": f"baseline_m_arm{n}" for n in "12"}


def read_metapsy(path: Path, shown: str | None = None) -> ImportedProject:
    """Read a table in the Metapsy format.

    Parameters
    ----------
    path : Path
        CSV, with commas and points or with semicolons and decimal commas, which its header tells apart; UTF-8.
    shown : str, optional
        The path as messages name it.

    Returns
    -------
    ImportedProject
        Outcomes of the primary instrument at the primary time point keep their names (`depression`, `response`); other
        visits get `_other_time`, other instruments `_other_scale`, so that the analyses take what the database marks
        as primary. Rows after a crossover get `_after_crossover` and are not poolable.

    Raises
    ------
    DataError
        The file cannot be read (E001 to E009), is no Metapsy table (E040), or has a cell that cannot be used (E041).
    """
    shown = shown or str(path)
    if path.suffix.lower() == ".xlsx":
        fix = f"Fix: save it as 'CSV UTF-8'. If it is a sheet of your own: metarepro import table {shown}"
        raise DataError(
            [Problem("E040", "this is a workbook; tables of the Metapsy format are CSV", shown, details=(fix,))]
        )
    text = read_text(path, shown)
    dialect = _dialect(text)
    table = parse_table(text, shown, dialect)
    names = [cell.text for cell in table.header]
    lacking = [n for n in REQUIRED if n not in names]
    if lacking:
        what = f"this is no table of the Metapsy format: the header lacks {', '.join(lacking)}"
        fix = "Fix: see https://docs.metapsy.org/data-preparation/format/ for its columns."
        fix += f" If it is a sheet of your own: metarepro import table {shown}"
        raise DataError([Problem("E040", what, shown, table.header[0].line, details=(fix,))])
    _check_columns(table, names)
    if not table.rows:
        raise DataError([Problem("E040", "the table has a header and no row", shown, table.header[0].line)])
    return _project(table, dialect, path.name)


def _project(table: RawTable, dialect: Dialect, name: str) -> ImportedProject:
    rows = _known_names(table)
    reader = LineReader(table.path, dialect.delimiter == ",")
    lines = reader.lines(rows)
    if reader.problems:
        raise DataError(reader.problems)
    compared = compare_effects(lines)
    signs = signs_of(compared, lines)
    made = Tables(lines, signs, lambda cells, column: reader.number(cells, column, strict=False))
    unused = [n for n in rows[0] if n not in _USED and any(text_of(x, n) for x in rows)]
    own = study_columns(lines, unused, dialect.decimal)
    made.own = own.texts
    tables = made.tables(name)
    title = drawable(f"Metapsy: {name}")
    config = Writer(tables, lines, signs).write(title, made.experimental, made.control)
    if not config.text:
        what = "no line has a result on a primary instrument at the primary time point that can be pooled"
        fix = "Fix: see the columns primary_instrument, primary_timepoint, post_crossover and those of the numbers."
        reasons = [f"line {x.line}: {x.why}" + (f": {x.detail}" if x.detail else "") for x in reader.left_out[:5]]
        raise DataError([Problem("E040", what, table.path, details=(*reasons, fix))])
    left_out = [*reader.left_out, *made.left_out]
    found_in = Counter(side.condition for study in made.sides() for side in study)
    notes = [
        *account(len(rows), left_out),
        *sentences_of(compared),
        *config.notes,
        *guesses(reader, made),
        f"Conditions and their arms: {', '.join(f'{c} {n}' for c, n in sorted(found_in.items()))}.",
    ]
    if own.names:
        kept = ", ".join(new if old == new else f"{new} ({old})" for old, new in own.names.items())
        notes.append(f"Columns of the studies that stand in studies.csv as columns of your own: {kept}.")
    lost = [n or "(no name)" for n in unused if n not in own.names]
    if lost:
        notes.append(f"Columns of the file that nothing here is made of: {', '.join(lost)}.")
    files = {"left-out.csv": left_out_csv(left_out), "printed-effects.csv": printed_csv(compared, signs)}
    return ImportedProject(title, tables, config.text, tuple(notes), {n: x for n, x in files.items() if x})


def _known_names(table: RawTable) -> list[Mapping[str, Cell]]:
    """Rows by column, known ones under the name in the documentation whatever their capitals."""
    names = [cell.text for cell in table.header]
    taken = {n for n in names if n in _USED}
    new = []
    for name in names:
        known = name.lower() if name.lower() in _USED else _CALLED.get(name.lower(), name)
        new.append(known if known not in taken or known == name else name)
        taken.add(new[-1])
    return [dict(zip(new, row, strict=True)) for row in table.rows]


def _check_columns(table: RawTable, names: list[str]) -> None:
    """Refuse a table that lacks some of the columns of a set that it has others of: its rows would be empty."""
    kinds = {cell.text.strip().lower() for row in table.named() for name, cell in row.items() if name == "outcome_type"}
    sets = {"msd": ("n", "mean", "sd"), "imsd": ("n", "mean", "sd"), "change": ("n_change", "mean_change", "sd_change")}
    printed = any(name in names and f"{name}_se" in names for name in PRINTED)
    needed = {f"{part}_arm{place}" for kind in kinds & set(sets) for part in sets[kind] for place in "12"}
    if any(text_is_counted(kind) for kind in kinds) and not printed:
        needed |= {f"{part}_arm{place}" for part in ("event", "totaln") for place in "12"}
    lacking = sorted(needed - set(names))
    if lacking:
        what = f"the header lacks {', '.join(lacking)}, which the rows of outcome_type {', '.join(sorted(kinds))} need"
        fix = "Fix: add the columns; see https://docs.metapsy.org/data-preparation/format/."
        raise DataError([Problem("E040", what, table.path, table.header[0].line, details=(fix,))])


def text_is_counted(kind: str) -> bool:
    """Whether lines of an outcome_type hold events."""
    return not is_measured(kind) and kind not in ("", "na")


def _dialect(text: str) -> Dialect:
    """How the table is written, by its header: the delimiter of which it has more."""
    header = text.lstrip("\ufeff").split("\n", 1)[0]
    delimiter = max((",", ";", "\t"), key=header.count)
    # A comma cannot be both; with other delimiters numbers may have either sign, which each number shows.
    return Dialect(delimiter=delimiter, decimal="." if delimiter == "," else ",")


def _used() -> Iterable[str]:
    yield from (
        *REQUIRED, "instrument_symptom", "primary_instrument", "primary_timepoint", "post_crossover", "time_days",
        "time_weeks", "design", "year", "blinding", "target_group", "diagnosis", "doi", "registration_number",
        "full_ref", ".id", "dich", "time", "rating", *RISK_COLUMNS, *OTHER_RISK, *PRINTED,
        *(f"{n}_se" for n in PRINTED),
    )  # fmt: skip
    parts = ("n", "mean", "sd", "n_change", "mean_change", "sd_change", "event", "totaln", "multi", "drug", "dose")
    for place in "12":
        yield from (f"{part}_arm{place}" for part in (*parts, "baseline_n", "baseline_m", "baseline_sd"))


_USED = frozenset(_used())
