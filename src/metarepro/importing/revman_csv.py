"""Analysis data of RevMan Web (`...-data-rows.csv`) -> review.

The settings of the analyses stand in a second file of the same export, `...-overall-estimates-and-settings.csv`; it is
read when it lies beside the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from metarepro.evidence.reader import MAX_BYTES, Cell, parse_table
from metarepro.importing.names import clean_text
from metarepro.importing.revman_bias import BiasItem
from metarepro.importing.revman_export import NEEDED, read_export
from metarepro.importing.revman_printed import MEASURES, METHODS_IN_WORDS, tell_kind, tell_measure, tell_method
from metarepro.importing.revman_review import Entry, Outcome, Printed, Review, is_log, measure_code, refuse
from metarepro.importing.revman_xml import level

ROWS, SETTINGS, SUBGROUPS = "-data-rows.csv", "-overall-estimates-and-settings.csv", "-subgroup-estimates.csv"
BIAS = "-risk-of-bias.csv"
_JUDGED = re.compile(
    r"Domain \((?P<old>judgement|support)\): (?P<domain>.+)|(?P<name>.+) \((?P<new>judgement|support)\)"
)
_NEEDED = ("Analysis group", "Analysis number", "Study")
_NUMBERS = {
    "Experimental cases": "e1", "Experimental N": "n1", "Control cases": "e2", "Control N": "n2",
    "Experimental mean": "m1", "Experimental SD": "sd1", "Control mean": "m2", "Control SD": "sd2",
    "GIV Mean": "estimate", "GIV SE": "se", "O-E": "o_e", "Variance": "variance", "Mean": "effect",
    "CI start": "low", "CI end": "high", "Weight": "weight",
}  # fmt: skip
_HIDDEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_KINDS = (("dichotomous", "counts"), ("continuous", "means"), ("o e", "o_e"), ("contrast", "generic"),
          ("generic", "generic"))  # fmt: skip

Rows = Sequence[Mapping[str, Cell]]


Beside = Callable[[str], bytes | None]


def beside_file(path: Path) -> Beside:
    """What gives the content of another file of the same export, by how its name ends."""

    def content(ending: str) -> bytes | None:
        other = path.with_name(path.name.removesuffix(ROWS) + ending)
        if not path.name.endswith(ROWS) or not other.is_file():
            return None
        try:
            if other.stat().st_size > MAX_BYTES:
                refuse("E001", f"the file has more than {MAX_BYTES:,} bytes", other.name)
            return other.read_bytes()
        except OSError as error:
            refuse("E001", f"cannot be read: {error.strerror}", other.name)

    return content


def read_csv(raw: bytes, name: str, beside: Beside, shown: str) -> Review:
    """Read the data rows of RevMan Web with the settings beside them, if they are there; or the export of RevMan 5.

    Raises
    ------
    DataError
        E040: no such export; E005 to E009: a broken table.
    """
    header = raw[:2000].decode("utf-8", "replace").lstrip("\ufeff\r\n").partition("\n")[0]
    if all(column in header for column in NEEDED):
        title = clean_text(name.removesuffix(".csv").removesuffix("_CR")) or "Imported review"
        return read_export(_HIDDEN.sub("", _decoded(raw, shown)), shown, title)
    rows = _table(raw, shown)
    settings, notes = _settings(beside, name)
    totals = _totals(beside, settings, name)
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
        outcomes.append(replace(outcome, totals=totals.get(key, ())))
        notes += guessed
    title = clean_text(name.removesuffix(ROWS).removesuffix(".csv")) or "Imported review"
    return Review(shown, "table of data rows of RevMan Web", title, "", "", "", studies, tuple(outcomes), tuple(notes),
                  _bias(beside, name))  # fmt: skip


def _bias(beside: Beside, name: str) -> tuple[BiasItem, ...]:
    """Judgements of the risk of bias: for each domain a column with the judgement and one with its support."""
    raw = beside(BIAS)
    items: dict[str, BiasItem] = {}
    for row in _named(raw, name.removesuffix(ROWS) + BIAS) if raw is not None else ():
        study = _text(row, "Study")
        found: dict[str, dict[str, str]] = {}
        for column, cell in row.items():
            if head := _JUDGED.fullmatch(column.strip()):
                domain = clean_text(head["domain"] or head["name"])
                text = clean_text(re.sub(r"<[^>]*>", " ", cell.text), 5_000)
                found.setdefault(domain, {})[head["old"] or head["new"]] = text
        for domain, texts in found.items():
            judged = (texts.get("judgement", ""), texts.get("support", ""))
            items.setdefault(domain, BiasItem(domain)).judged.setdefault(study, judged)
    return tuple(items.values())


def _table(raw: bytes, shown: str) -> Rows:
    text = _decoded(raw, shown)
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


def _decoded(raw: bytes, shown: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        if raw.startswith(b"PK\x03\x04"):
            fix = f"Fix: if it is a sheet of your own: metarepro import table {shown}"
            refuse("E040", "the file is no RevMan export, but a workbook it seems", shown, 0, 0, _ALLOWED, fix)
        refuse("E040", "the file is no RevMan export: it is neither XML nor text in UTF-8", shown, line, 0, _ALLOWED)


def _settings(beside: Beside, name: str) -> tuple[dict[tuple[str, str], Mapping[str, Cell]], list[str]]:
    raw = beside(SETTINGS)
    if raw is None:
        return {}, [
            f"The settings of the analyses ({SETTINGS.removeprefix('-')}) do not lie beside {name}; effect measures "
            "and methods were told from the printed effects and weights."
        ]
    rows = _named(raw, name.removesuffix(ROWS) + SETTINGS)
    return {(_text(r, "Analysis group"), _text(r, "Analysis number")): r for r in rows}, []


def _named(raw: bytes, shown: str) -> Rows:
    try:
        text = raw.decode("utf-8-sig")
    except ValueError:
        refuse("E040", "the file is not text in UTF-8", shown)
    return parse_table(_HIDDEN.sub("", text), shown).named()


def _totals(
    beside: Beside, settings: Mapping[tuple[str, str], Mapping[str, Cell]], name: str
) -> dict[tuple[str, str], tuple[Printed, ...]]:
    """Pooled results that the export holds, by analysis: of the whole, and of subgroups."""
    raw = beside(SUBGROUPS)
    parts = list(_named(raw, name.removesuffix(ROWS) + SUBGROUPS)) if raw is not None else []
    wholes = [row for row in settings.values() if _text(row, "Overall estimates").lower() != "false"]
    found: dict[tuple[str, str], tuple[Printed, ...]] = {}
    for row in (*wholes, *parts):
        texts = [_text(row, n) for n in ("Mean", "CI start", "CI end")]
        if all(texts) and any(t.strip("0.") for t in texts):
            key = (_text(row, "Analysis group"), _text(row, "Analysis number"))
            found[key] = (*found.get(key, ()), Printed(_text(row, "Subgroup"), *texts))
    return found


def _outcome(key: tuple[str, str], rows: Rows, at: Mapping[str, Cell], shown: str) -> tuple[Outcome, list[str]]:
    name = ".".join(re.sub(r"\D", "", part)[:6] or "0" for part in key)
    entries = tuple(
        Entry(
            clean_text(row["Study"].text), _text(row, "Subgroup"),
            {field: row[column].text for column, field in _NUMBERS.items() if column in row}, row["Study"].line,
            _text(row, "Footnotes"),
        )
        for row in rows
    )  # fmt: skip
    kind, notes = _kind(_text(at, "Data type"), entries), []
    measure = measure_code(_text(at, "Effect measure"), kind) if _text(at, "Effect measure") else ""
    confidence = level(_text(at, "CI/PI level") or _text(at, "Estimate CI")) if at else 0.0
    told = tell_measure(kind, entries, (measure,) if measure else (), confidence) if kind in MEASURES else None
    if not measure:
        # An estimate that is printed as its exponential is the log of some ratio.
        generic = "RR" if any(is_log(e, shown) for e in entries) else "MD"
        measure = told.code if told else MEASURES[kind][0] if kind in MEASURES else generic
        if told is None or told.agreeing < told.tried:
            notes.append(f"Analysis {name}: the file does not tell the effect measure; {measure} was taken.")
    if not at:
        method, sure, apart = tell_method(kind, measure, entries)
        if not sure and len(entries) > 1:
            notes.append(
                f"Analysis {name}: the file does not tell how it was pooled; {METHODS_IN_WORDS[method]} was taken."
            )
    else:
        random = "fixed" not in _text(at, "Analysis model").lower()
        words = _text(at, "Statistical method").lower()
        method = _method(kind, measure, words, random)
        apart = _text(at, "Overall estimates").lower() == "false"
    estimator = _text(at, "Heterogeneity estimator").lower()
    reml = "reml" in estimator or "restricted" in estimator
    random = method.endswith("_random")
    hartung = re.search(r"hksj|hartung|knapp", _text(at, "CI method").lower())
    outcome = Outcome(
        number=name,
        name=_text(at, "Analysis name") or _text(rows[0], "Analysis name"),
        comparison=_text(at, "Analysis group name"),
        kind=kind,
        measure=measure,
        method=method,
        tau2="REML" if reml and random else "",
        ci="HK" if hartung and random else "z",
        level=confidence or (told.level if told else 0.95),
        labels=(
            _text(at, "Experimental group label") or _text(at, "Experimental intervention"),
            _text(at, "Control group label") or _text(at, "Control intervention"),
        ),
        sides=(_text(at, "Graph label (left)"), _text(at, "Graph label (right)")),
        pooled="subgroups" if apart else "all",
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
    return tell_kind(entries)


def _method(kind: str, measure: str, words: str, random: bool) -> str:
    """Name of the method that settings name."""
    if measure == "PETO" or "peto" in words:
        return "peto"
    short = "mh" if kind == "counts" and ("mantel" in words or words == "mh") else "iv"
    return f"{short}_random" if random else short


_ALLOWED = f"Allowed: a RevMan 5 file (.rm5), or the data rows of RevMan Web (...{ROWS})."
