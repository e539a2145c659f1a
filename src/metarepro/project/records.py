"""The checked tables and settings of a project as canonical files, split by who reads them.

They are written once a run, by the job that checks everything; every later job reads them and nothing else, so that a
table that is saved meanwhile cannot enter half of the results. The same content always gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from metarepro.analysis.config import Analysis, Config
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.rows import Row
from metarepro.evidence.tables import TABLES

# Each file of records, and its tables. A changed row makes anew only what reads its file.
SPLIT = {
    "trials": ("studies", "arms", "dichotomous", "continuous", "contrasts", "comparisons", "risk_of_bias"),
    "sources": ("sources",),
    "printed": ("published_results", "published_inputs"),
    "claims": ("claims",),
}
# Settings that change no number: they are no part of what the numbers are made of.
LOOKS = ("title", "authors", "time_unit", "figure", "panels", "accept", "reproduction", "page")


def record_texts(
    config: Config, data: Dataset, places: Sequence[tuple[int, int]] = (), shown: str = ""
) -> dict[str, str]:
    """Texts of the records by name: each entry of `SPLIT`, `settings` (all), and those of them that numbers depend on
    (`numbers`), printed results (`reproduction`), and the head of the page (`page`), with the places of the conditions
    of its sentences.
    """
    dump = config.model_dump(mode="json", by_alias=True)
    numbers = {k: v for k, v in dump.items() if k not in LOOKS}
    numbers["title"] = "-"
    numbers["analyses"] = [{k: v for k, v in a.items() if k != "figure"} for a in dump["analyses"]]
    texts = {"settings": _text(dump), "numbers": _text(numbers), "reproduction": _text(dump["reproduction"])}
    head = {"title": config.title, "authors": config.authors, "places": places, "file": shown if places else ""}
    texts["page"] = _text(head)
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    for row in data.rows:
        tables[row.table].append(row)
    for name, members in SPLIT.items():
        content: dict[str, Any] = {"tables": {t: _table(tables[t], data) for t in members if tables[t]}}
        if name == "trials":
            content["mixed_ends"] = data.mixed_ends
        if name == "printed":
            content["crossover"] = sorted(
                data.crossover & {getattr(r, "study_id", "") for r in tables["published_inputs"]}
            )
        texts[name] = _text(content)
    return texts


def tables_of_analysis(analysis: Analysis, data: Dataset) -> Dataset:
    """The tables without rows of other outcomes, so that a change of those is none of this analysis.

    They stay where moderators are read by the columns of all tables.
    """
    return data if analysis.moderators else data.of_outcomes(analysis.outcome)


def inputs_of_analysis(config: Config, analysis: Analysis, data: Dataset) -> tuple[Config, Dataset, str]:
    """All that the numbers of one analysis can depend on: settings without other analyses, tables, both as one text."""
    own = tables_of_analysis(analysis, data)
    alone = config.model_copy(update={"analyses": (analysis,)})
    rows = [[row.table, row.file, row.line, own.printed.get((row.file, row.line))] for row in own.rows]
    rest = [sorted(own.paired), own.mixed_ends]
    return alone, own, _text([alone.model_dump(mode="json", by_alias=True), rows, rest])


def read_data(files: Iterable[str | Path]) -> Dataset:
    """The tables of some files of records; those of the others are empty."""
    tables: dict[str, Any] = dict.fromkeys(TABLES, ())
    printed: dict[tuple[str, int], dict[str, str]] = {}
    mixed: dict[str, int] = {}
    crossover: set[str] = set()
    for file in files:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
        mixed |= content.get("mixed_ends", {})
        crossover |= set(content.get("crossover", ()))
        for name, table in content["tables"].items():
            tables[name] = tuple(_rows(name, table, printed))
    return Dataset.of_tables(tables, printed=printed, mixed_ends=mixed, paired=frozenset(crossover))


def read_settings(file: str | Path, reproduction: str | Path | None = None) -> Config:
    """The settings of a file of records; those of printed results from a file of their own, if one is given."""
    raw = json.loads(Path(file).read_text(encoding="utf-8"))
    if reproduction is not None:
        raw["reproduction"] = json.loads(Path(reproduction).read_text(encoding="utf-8"))
    return Config.model_validate(raw)


def _table(rows: list[Row], data: Dataset) -> dict[str, Any]:
    """A table as its texts: the numbers as they are printed, the place of each row."""
    columns = list(dict.fromkeys(name for row in rows for name in data.printed[row.file, row.line]))
    texts = (data.printed[row.file, row.line] for row in rows)
    lines = [[row.line, *(cells.get(c, "") for c in columns)] for row, cells in zip(rows, texts, strict=True)]
    return {"file": rows[0].file, "columns": columns, "rows": lines}


def _rows(name: str, table: Mapping[str, Any], printed: dict[tuple[str, int], dict[str, str]]) -> Iterable[Row]:
    model = TABLES[name]
    file, columns = table["file"], table["columns"]
    for line, *texts in table["rows"]:
        cells = dict(zip(columns, texts, strict=True))
        printed[file, line] = cells
        yield model.of_texts(cells, file, line)


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"
