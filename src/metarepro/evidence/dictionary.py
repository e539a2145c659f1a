"""The data dictionary and the Frictionless descriptor, generated from the row models.

python -m metarepro.evidence.dictionary    writes data/README.md and data/datapackage.json
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from metarepro.evidence.rows import known_columns
from metarepro.evidence.tables import REQUIRED_TABLES, TABLES, Row

_HEAD = """\
# The raw tables

CSV files in UTF-8 with commas, decimal points and one header row. An empty cell means: not read, or does not apply.
Numbers are never guessed: a denominator that was not read stays empty, and a number computed from a printed one says
how in `derivation`. Times are hours, or have a unit (6 wk). Arm 1 is the experimental arm, arm 2 the control; a
contrast is experimental minus control, so on a symptom scale a negative value favours the experimental arm.

What is chosen and what may be pooled is part of the data:

- **`level`** says whether a number was read in the study's own report (`primary`) or elsewhere (`secondary`).
- **`poolable`** is `no`, with a reason, for numbers that must not enter a pooled estimate: contrasts with a patient's
  own baseline, ever-responses, counts among responders only, model-based percentages, incomplete pairs.
- **`conflict`**: when sources disagree every value is kept as a row, one is `chosen`, and `choice_reason` says why.
- **`cohort`** in studies.csv joins studies that share participants, or may. An analysis uses the largest of them unless
  its setting `overlap` is `keep`.
SHIPPED
`studies.csv` is needed, and one table of numbers: `dichotomous`, `continuous` (a row an arm), `comparisons` (a row a
comparison) or `contrasts` (printed effects). Arms and sources that no table describes are known by their names. Columns
in **bold** are needed; a missing number leaves its row out of the analyses, with the reason. Any other column of
`studies`, `arms` and the tables of numbers is your own: a subgroup, a moderator, a filter or a column of figures.
"""


# What data/README.md of the shipped project says besides.
_SHIPPED = """\
- **`ipd/`** holds patient-level data of one crossover trial (OpenNeuro ds005917, CC0). Its rows in the tables are
  recomputed from it by a test.
"""
_ORIGIN = """\
Origin: numbers read in published articles and in what other pages print of them, each with its source.
`published_inputs.csv` holds rows of the Metapsy open data on psilocybin (project data-depression-psiloctr, commit
71a102a; Open Data Commons Attribution License 1.0) and, for classic meta-analyses, the studies' numbers as published,
many by way of the data sets of the R package metadat; each row names its way. `ipd/` is CC0.
"""


def _type(annotation: Any) -> tuple[str, list[str]]:
    """Frictionless type and allowed words of a column."""
    text = str(annotation)
    words = [w for w in getattr(annotation, "__args__", ()) if isinstance(w, str)]
    if words:
        return "string", [w for w in words if w]
    if "bool" in text:
        return "boolean", []
    if "int" in text:
        return "integer", []
    if "float" in text:
        return "number", []
    return "string", []


_OF_STUDIES = ("arms", "dichotomous", "continuous", "contrasts", "comparisons")


def column_names(model: type[Row]) -> list[str]:
    """Columns in the order of the files: a table's own, then those of choice and of provenance."""
    names = [n for kind in model.__mro__ for n in getattr(kind, "__annotations__", {})]
    # A table that has the columns of another one begins with what its rows are known by, as all do.
    first = (
        [n for n in model.key if n not in ("source_id", "derivation")] if getattr(model.__mro__[1], "table", "") else []
    )
    return [n for n in dict.fromkeys((*first, *names)) if n in known_columns(model)]


def _columns(model: type[Row]) -> list[dict[str, Any]]:
    columns = []
    for name in column_names(model):
        field = model.model_fields[name]
        kind, words = _type(field.annotation)
        column: dict[str, Any] = {"name": name, "type": kind, "description": field.description or ""}
        constraints: dict[str, Any] = {"enum": words} if words else {}
        if any(getattr(m, "min_length", None) for m in field.metadata) or (words and field.is_required()):
            constraints["required"] = True
        limits = {"ge": "minimum", "le": "maximum"}
        for rule in field.metadata:
            constraints |= {limits[k]: getattr(rule, k) for k in limits if hasattr(rule, k)}
        if kind == "boolean":
            column |= {"trueValues": ["yes"], "falseValues": ["no"]}
        if constraints:
            column["constraints"] = constraints
        column["header"] = field.is_required()
        columns.append(column)
    return columns


def dictionary(shipped: bool = False) -> str:
    """data/README.md: every table and column; `shipped` adds what holds for the shipped project only."""
    head = _HEAD.replace("SHIPPED\n", f"{_SHIPPED}\n" if shipped else "\n")
    parts = [f"{head}\n{_ORIGIN}" if shipped else head]
    for name, model in TABLES.items():
        need = "" if name in REQUIRED_TABLES else " (may be absent)"
        parts.append(f"## {name}.csv{need}\n\n{(model.__doc__ or '').strip()}\n")
        lines = ["| column | holds | type |", "|---|---|---|"]
        for c in _columns(model):
            words = c.get("constraints", {}).get("enum")
            kind = ", ".join(f"`{w}`" for w in words) if words else {"boolean": "`yes`, `no`"}.get(c["type"], c["type"])
            title = f"**{c['name']}**" if c["header"] else c["name"]
            lines.append(f"| {title} | {c['description'].replace('|', '/')} | {kind} |")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def data_package(headers: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """data/datapackage.json: a Frictionless Data Package (v2) of the tables and columns that are there."""
    resources = []
    for name, model in ((n, m) for n, m in TABLES.items() if n in headers):
        columns = [c for c in _columns(model) if c["name"] in headers[name]]
        fields = [{k: v for k, v in c.items() if k != "header"} for c in columns]
        schema: dict[str, Any] = {"fields": fields, "missingValues": [""]}
        if name in ("studies", "arms", "sources", "claims", "published_results"):
            schema["primaryKey"] = list(model.key)
        keys = [("study_id", "studies")] if name in _OF_STUDIES else []
        if "source_id" in model.model_fields and name != "sources" and "sources" in headers:
            keys.append(("source_id", "sources"))
        if keys:
            schema["foreignKeys"] = [
                {"fields": [f], "reference": {"resource": r, "fields": [f]}} for f, r in keys
            ]  # fmt: skip
        resources.append(
            {"name": name, "type": "table", "path": f"raw/{name}.csv", "format": "csv", "encoding": "utf-8",
             "schema": schema}
        )  # fmt: skip
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "metarepro-data",
        "title": "Extracted trial data",
        "resources": resources,
    }


def write_dictionary(folder: Path, shipped: bool = False) -> None:
    """Write both files into a folder."""
    (folder / "README.md").write_text(dictionary(shipped), encoding="utf-8")
    paths = {name: folder / f"raw/{name}.csv" for name in TABLES}
    headers = {
        n: path.read_text(encoding="utf-8").partition("\n")[0].split(",") for n, path in paths.items() if path.exists()
    }
    package = json.dumps(data_package(headers), indent=1, ensure_ascii=False) + "\n"
    (folder / "datapackage.json").write_text(package, encoding="utf-8")


if __name__ == "__main__":
    write_dictionary(Path("data"), shipped=True)
