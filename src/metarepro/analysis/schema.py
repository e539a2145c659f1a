"""JSON schemas of configuration and results, and the description of the configuration, generated from their types.

python -m metarepro.analysis.schema    writes workflow/schemas/*.schema.json, docs/configuration.md, docs/methods.md
"""

from __future__ import annotations

import json
import subprocess
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from metarepro.analysis.config import (
    Analysis,
    Arms,
    Config,
    Outcome,
    Population,
    Range,
    Sensitivity,
    Window,
    config_schema,
)
from metarepro.analysis.figure_settings import FigureSettings, Panels, UserColumn
from metarepro.analysis.model_settings import Model
from metarepro.analysis.result import Results
from metarepro.effects.registry import MEASURES
from metarepro.pooling.glmm_result import GLMM_CI
from metarepro.pooling.inference import CI_METHODS, PI_METHODS, IntervalMethod
from metarepro.pooling.method_codes import FILE
from metarepro.pooling.tau2 import ESTIMATORS, ESTIMATORS_OF_COUNTS
from metarepro.records import adapter

SCHEMA, SETTINGS = Path("workflow/schemas/config.schema.json"), Path("docs/configuration.md")
RESULTS, METHODS = Path("workflow/schemas/results.schema.json"), Path("docs/methods.md")
_HEAD = """\
# The settings in config.yaml

`config.yaml` lists the analyses over the tables of `data/raw/`. An unknown key, a value that is not allowed or a word
that no row of the tables has stops the run with its line and the nearest valid one. Keys in **bold** are needed.

A small one, complete:

```yaml
title: My review
outcomes:
  relapse: {label: Relapse, better: low}
agents:
  lithium: lithium
  sugar_pill: placebo
analyses:
  - id: relapse_or
    title: Relapse within a year, lithium v placebo
    outcome: relapse
    measure: OR
    time: {from: 8000, to: 9500}
    experimental: {agent: lithium}
    control: {agent: sugar_pill}
```
"""


def _kind(annotation: Any) -> str:
    """How a type reads to somebody who writes YAML."""
    if hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    if get_origin(annotation) in (types.UnionType, Union):
        return " or ".join(_kind(a) for a in get_args(annotation) if a is not type(None))
    words = [a for a in get_args(annotation) if isinstance(a, str)]
    if words:
        return ", ".join(f"`{w}`" for w in words)
    text = str(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"see {annotation.__name__}"
    for inner in get_args(annotation):
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return f"{'list' if 'tuple' in text else 'mapping'}, see {inner.__name__}"
    literals = [w for inner in get_args(annotation) for w in get_args(inner) if isinstance(w, str)]
    if literals and "tuple" in text:
        return "one or a list of " + ", ".join(f"`{w}`" for w in literals)
    if "tuple[str" in text:
        return "a word or a list of words"
    if "bool" in text:
        return "`true`, `false`"
    if "float" in text or "int" in text:
        return "number"
    return "mapping" if "dict" in text else "text"


def _default(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value in (None, "", (), {}) or isinstance(value, BaseModel):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{v}`" for v in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def describe_settings() -> str:
    """docs/configuration.md."""
    parts = [_HEAD]
    for model in (
        Config,
        Outcome,
        Analysis,
        Arms,
        Window,
        Range,
        Population,
        Model,
        Sensitivity,
        FigureSettings,
        UserColumn,
        Panels,
    ):
        parts.append(f"## {model.__name__}\n\n{(model.__doc__ or '').strip()}\n")
        lines = ["| key | what it is | allowed | default |", "|---|---|---|---|"]
        for name, field in model.model_fields.items():
            key = f"**{field.alias or name}**" if field.is_required() else (field.alias or name)
            default = "" if field.is_required() else _default(field)
            text = (field.description or "").replace("|", "/")
            lines.append(f"| {key} | {text} | {_kind(field.annotation)} | {default} |")
        parts.append("\n".join(lines) + "\n")
    parts.append("## Measures\n\n| code | what it is | when not to use it |\n|---|---|---|")
    usable = [m for m in MEASURES.values() if m.display != "none"]
    parts.append("\n".join(f"| {m.code} | {m.name} | {m.caution} |" for m in usable) + "\n")
    return "\n".join(parts)


def results_schema() -> dict[str, Any]:
    """JSON schema of results.json."""
    schema: dict[str, Any] = adapter(Results).json_schema(mode="serialization")
    for definition in schema["$defs"].values():
        # A number that is left out does not exist, so its default is no JSON.
        for field in definition.get("properties", {}).values():
            field.pop("default", None)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def describe_methods() -> str:
    """docs/methods.md: what each code of a method stands for."""
    parts = [
        "# Methods by their codes\n\nCodes as `mr.pool` and `model:` in config.yaml take them. Generated from the "
        "tables in `pooling/tau2.py` and `pooling/inference.py`; formulas and references are in their docstrings.\n"
    ]
    tables: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("Estimators of tau2 (`tau2`)", ESTIMATORS),
        ("Confidence intervals (`ci`)", CI_METHODS),
        ("Prediction intervals (`pi`)", PI_METHODS),
    )
    for title, table in tables:
        parts.append(f"## {title}\n\n| code | what it is | also taken | called elsewhere |\n|---|---|---|---|")
        rows = [
            f"| {row.code} | {row.name} | {', '.join(getattr(row, 'also', ()))} | {', '.join(row.meant)} |"
            for row in table.values()
        ]
        if table is ESTIMATORS:
            rows += [f"| {code} | {row['name']} (two-arm counts) | | |" for code, row in ESTIMATORS_OF_COUNTS.items()]
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def words_of_methods() -> str:
    """methods.json, which `metarepro.pooling.method_codes` reads."""

    def intervals(table: Mapping[str, IntervalMethod]) -> dict[str, Any]:
        return {
            code: {
                "name": m.name, "short": m.short, "phrase": m.describe("k - 1 df"),
                "brief": m.describe("{df}", short=True), "uses_hk": m.uses_hk,
            }
            for code, m in table.items()
        }  # fmt: skip

    content = {
        "tau2": {code: {"name": e.name, "phrase": e.phrase} for code, e in ESTIMATORS.items()},
        "tau2_of_counts": ESTIMATORS_OF_COUNTS,
        "ci": intervals(CI_METHODS),
        "ci_of_counts": intervals({code: m for code, m in GLMM_CI.items() if code not in CI_METHODS}),
        "pi": {code: {"name": m.name, "short": m.short, "phrase": m.phrase} for code, m in PI_METHODS.items()},
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write_files(project: Path) -> None:
    """Write all; editors that know YAML schemas then complete and check config.yaml."""
    if FILE.read_text(encoding="utf-8") != words_of_methods():
        FILE.write_text(words_of_methods(), encoding="utf-8")
        # What was loaded so far is of the old ones.
        subprocess.run([sys.executable, "-m", "metarepro.analysis.schema"], check=True)
        return
    for file, schema in ((SCHEMA, config_schema()), (RESULTS, results_schema())):
        (project / file).write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (project / SETTINGS).write_text(describe_settings(), encoding="utf-8")
    (project / METHODS).write_text(describe_methods(), encoding="utf-8")


if __name__ == "__main__":
    write_files(Path())
