"""Analysis data of RevMan Web (`...-data-rows.csv`) -> review.

The settings of the analyses stand in a second file of the same export, `...-overall-estimates-and-settings.csv`; it is
read when it lies beside the first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from metarepro.effects import effect_sizes, get_measure, to_display
from metarepro.errors import DataError
from metarepro.evidence.reader import MAX_BYTES, Cell, parse_table
from metarepro.importing.names import clean_text
from metarepro.importing.revman_review import Entry, Outcome, Review, is_log, measure_code, number, refuse
from metarepro.importing.revman_xml import level

ROWS, SETTINGS = "-data-rows.csv", "-overall-estimates-and-settings.csv"
_NEEDED = ("Analysis group", "Analysis number", "Study")
_NUMBERS = {
    "Experimental cases": "e1", "Experimental N": "n1", "Control cases": "e2", "Control N": "n2",
    "Experimental mean": "m1", "Experimental SD": "sd1", "Control mean": "m2", "Control SD": "sd2",
    "GIV Mean": "estimate", "GIV SE": "se", "O-E": "o_e", "Variance": "variance", "Mean": "effect",
}  # fmt: skip
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_KINDS = (("dichotomous", "counts"), ("continuous", "means"), ("o e", "o_e"), ("contrast", "generic"),
          ("generic", "generic"))  # fmt: skip
_MEASURES = {"counts": ("RR", "OR", "RD", "PETO"), "means": ("MD", "SMD")}
_ARGUMENTS = {"counts": ("e1", "n1", "e2", "n2"), "means": ("m1", "sd1", "n1", "m2", "sd2", "n2")}

Rows = Sequence[Mapping[str, Cell]]


def read_csv(raw: bytes, path: Path, shown: str) -> Review:
    """Read the data rows of RevMan Web, with the settings beside them if they are there.

    Raises
    ------
    DataError
        E040: no such export; E005 to E009: a broken table.
    """
    rows = _table(raw, shown)
    settings, notes = _settings(path, shown)
    groups: dict[tuple[str, str], list[Mapping[str, Cell]]] = {}
    studies: dict[str, tuple[str, str]] = {}
    for row in rows:
        study = clean_text(row["Study"].text)
        if not study:
            refuse("E041", "Study is empty", shown, row["Study"].line, row["Study"].column)
        studies.setdefault(study, (study, _text(row, "Study year")))
        groups.setdefault((_text(row, "Analysis group"), _text(row, "Analysis number")), []).append(row)
    outcomes = []
    for key, members in groups.items():
        outcome, guessed = _outcome(key, members, settings.get(key, {}), shown)
        outcomes.append(outcome)
        notes += guessed
    title = clean_text(path.name.removesuffix(ROWS).removesuffix(".csv")) or "Imported review"
    return Review(shown, "data rows of RevMan Web", title, "", "", "", studies, tuple(outcomes), tuple(notes))


def _table(raw: bytes, shown: str) -> Rows:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        if raw.startswith(b"PK\x03\x04"):
            fix = f"Fix: if it is a sheet of your own: metarepro import table {shown}"
            refuse("E040", "the file is no RevMan export, but a workbook it seems", shown, 0, 0, _ALLOWED, fix)
        refuse("E040", "the file is no RevMan export: it is neither XML nor text in UTF-8", shown, line, 0, _ALLOWED)
    header = text.lstrip("\r\n").partition("\n")[0]
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        details = [f"missing in the first line: {', '.join(missing)}", _ALLOWED]
        if "Effect measure" in header:
            details[1] = f"Fix: this holds the settings; name the file that ends in {ROWS}."
        elif header.strip():
            details.append(f"Fix: if it is a sheet of your own: metarepro import table {shown}")
        refuse("E040", "the file is no RevMan export", shown, 1, 0, *details)
    table = parse_table(_HIDDEN.sub("", text), shown)
    names = [cell.text for cell in table.header]
    for cell in table.header:
        if names.count(cell.text) > 1:
            refuse("E040", f"the column {clean_text(cell.text, 60)!r} is there twice", shown, cell.line, cell.column)
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        refuse("E040", f"the header lacks the column {missing[0]!r}", shown, table.header[0].line, 0, _ALLOWED)
    return table.named()


def _settings(path: Path, shown: str) -> tuple[dict[tuple[str, str], Mapping[str, Cell]], list[str]]:
    beside = path.with_name(path.name.removesuffix(ROWS) + SETTINGS)
    if not path.name.endswith(ROWS) or not beside.is_file():
        return {}, [
            f"The settings of the analyses ({SETTINGS.removeprefix('-')}) do not lie beside {shown}; effect measures "
            "were told from the printed effects, and DerSimonian-Laird random effects were taken for all."
        ]
    try:
        if beside.stat().st_size > MAX_BYTES:
            refuse("E001", f"the file has more than {MAX_BYTES:,} bytes", beside.name)
        text = beside.read_bytes().decode("utf-8-sig")
    except OSError as error:
        refuse("E001", f"cannot be read: {error.strerror}", beside.name)
    except DataError:
        raise
    except ValueError:
        refuse("E040", "the file is not text in UTF-8", beside.name)
    rows = parse_table(_HIDDEN.sub("", text), beside.name).named()
    return {(_text(r, "Analysis group"), _text(r, "Analysis number")): r for r in rows}, []


def _outcome(key: tuple[str, str], rows: Rows, at: Mapping[str, Cell], shown: str) -> tuple[Outcome, list[str]]:
    name = ".".join(re.sub(r"\D", "", part)[:6] or "0" for part in key)
    entries = tuple(
        Entry(
            clean_text(row["Study"].text), _text(row, "Subgroup"),
            {field: row[column].text for column, field in _NUMBERS.items() if column in row}, row["Study"].line,
        )
        for row in rows
    )  # fmt: skip
    kind, notes = _kind(_text(at, "Data type"), entries), []
    measure = measure_code(_text(at, "Effect measure"), kind) if _text(at, "Effect measure") else ""
    if not measure:
        measure, sure = _measure_of(kind, entries, shown)
        if not sure:
            notes.append(f"Analysis {name}: the file does not tell the effect measure; {measure} was taken.")
    model = _text(at, "Analysis model").lower()
    random = not model or "random" in model
    estimator = _text(at, "Heterogeneity estimator").lower()
    reml = "reml" in estimator or "restricted" in estimator
    hartung = re.search(r"hksj|hartung|knapp", _text(at, "CI method").lower())
    weights = _text(at, "Statistical method")
    outcome = Outcome(
        number=name,
        name=_text(at, "Analysis name") or _text(rows[0], "Analysis name"),
        comparison=_text(at, "Analysis group name"),
        kind=kind,
        measure=measure,
        random=random,
        weights="Mantel-Haenszel" if "mantel" in weights.lower() else "",
        tau2=("REML" if reml else "DL") if random else "CE",
        ci="HK" if hartung and random else "z",
        level=level(_text(at, "CI/PI level") or _text(at, "Estimate CI")),
        labels=(
            _text(at, "Experimental group label") or _text(at, "Experimental intervention"),
            _text(at, "Control group label") or _text(at, "Control intervention"),
        ),
        sides=(_text(at, "Graph label (left)"), _text(at, "Graph label (right)")),
        pooled="all",
        swapped=_text(at, "Swap event and non-event").lower() in ("yes", "true"),
        entries=entries,
        line=entries[0].line,
    )
    return outcome, notes


def _text(row: Mapping[str, Cell], name: str) -> str:
    return clean_text(row[name].text) if name in row else ""


def _kind(words: str, entries: Sequence[Entry]) -> str:
    text = words.lower().replace("-", " ")
    for word, kind in _KINDS:
        if word in text:
            return kind
    if words:
        return clean_text(words, 60)
    for field, kind in (("e1", "counts"), ("m1", "means"), ("estimate", "generic"), ("o_e", "o_e")):
        if any(e.numbers.get(field, "").strip() for e in entries):
            return kind
    return "no numbers"


def _measure_of(kind: str, entries: Sequence[Entry], shown: str) -> tuple[str, bool]:
    """The effect measure whose values are the printed effects, and whether it is the only one."""
    if kind not in _MEASURES:
        # An estimate that is printed as its exponential is the log of some ratio.
        logged = [e for e in entries if is_log(e, shown)]
        return ("RR" if logged else "MD"), False
    fits = list(_MEASURES[kind])
    tried = 0
    for entry in entries:
        values = {n: number(entry, n, shown) for n in (*_ARGUMENTS[kind], "effect")}
        printed = values.pop("effect")
        if printed is None or any(v is None or v <= 0 for k, v in values.items() if not k.startswith("m")):
            continue
        if None in values.values() or (kind == "counts" and not _is_table(values)):
            continue
        tried += 1
        for code in tuple(fits):
            columns = {k: [v] for k, v in values.items()}
            yi = effect_sizes(code, **columns).yi
            found = float(to_display(code, yi)[0]) if get_measure(code).ratio else float(yi[0])
            if not abs(found - printed) <= 0.006 + 0.01 * abs(printed):
                fits.remove(code)
    default = _MEASURES[kind][0]
    return (fits[0], True) if tried and len(fits) == 1 else (default if default in fits or not fits else fits[0], False)


def _is_table(values: Mapping[str, float | None]) -> bool:
    e1, n1, e2, n2 = (values[k] or 0.0 for k in ("e1", "n1", "e2", "n2"))
    return 0 < e1 < n1 and 0 < e2 < n2 and all(v == int(v) for v in (e1, n1, e2, n2))


_ALLOWED = f"Allowed: a RevMan 5 file (.rm5), or the data rows of RevMan Web (...{ROWS})."
