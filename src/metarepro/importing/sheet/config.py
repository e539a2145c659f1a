"""The configuration that a project made of a sheet starts with."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.effects.registry import MEASURES
from metarepro.importing.names import clean_text, slug, yaml_word
from metarepro.importing.sheet.tables import CONTROL, EXPERIMENTAL, Tables

_HEAD = """\
# What is analysed, and how. Tables: data/raw/*.csv (columns: data/README.md), made of {file}.
# What was taken for what: NOTES.md. Check: metarepro check --directory THIS_FOLDER. Run: metarepro run THIS_FOLDER
title: {title}
data: data/raw
# Where all numbers were read. A row may say otherwise, in columns of these names.
source: {{source_id: sheet, locator: {locator}}}
# What stands for a missing number in the tables, besides an empty cell.
csv: {{missing: [NA, NR, n.r.]}}

# How each outcome reads in figures, and whether more of it is good for the patient (high) or bad (low).{better}
outcomes:
{outcomes}
{agents}analyses:
{analyses}
# More that an analysis can have (all keys: docs/configuration.md):
#   measure: {others}
#   model: {{tau2: REML, ci: HK, pi: HTS}}   # another estimator: tau2: DL, ci: z; a common effect: tau2: CE, ci: z
#   subgroups: {column}
#   moderators: "{formula}"
#   sort: effect   # order of the studies: year, effect, label, weight
"""
_ASK = """
# The sheet does not say which is better, so `low` stands here. No number depends on it: the words in the figures do.
# Put high where more is good."""


@dataclass(frozen=True)
class Wishes:
    """What the user asks for.

    Attributes
    ----------
    measure : str
        Code of the measure.
    better : str or None
        Direction of the outcomes.
    subgroups, moderators : str
        Column, and formula, in names of the tables.
    """

    measure: str
    better: str | None
    subgroups: str = ""
    moderators: str = ""


def make_config(title: str, file: str, tables: Tables, wishes: Wishes) -> str:
    """Text of config.yaml: an analysis for each outcome; for each scale or arm where a study has several.

    Parameters
    ----------
    title : str
    file : str
        Name of the sheet's file.
    tables : Tables
    wishes : Wishes
    """
    info = MEASURES[wishes.measure]
    comment = "" if wishes.better else "   # which is better?"
    own = list(tables.own.names.values())
    others = [
        m
        for m, other in MEASURES.items()
        if other.inputs == info.inputs and m != wishes.measure and other.display != "none"
    ]
    agents = "".join(f"  {yaml_word(i)}: {_quoted(name)}\n" for i, name in tables.agents.items())
    return _HEAD.format(
        file=clean_text(file, 100), title=_quoted(title), locator=_quoted(clean_text(file, 100)),
        better="" if wishes.better else _ASK,
        outcomes="".join(
            f"  {yaml_word(i)}: {{label: {_quoted(name)}, better: {wishes.better or 'low'}}}{comment}\n"
            for i, name in tables.outcomes.items()
        ),
        agents=f"# How the words of the arms read in figures.\nagents:\n{agents}\n" if agents else "",
        analyses="\n".join(_analyses(tables, wishes)),
        others=" or ".join(others[:4]) or wishes.measure,
        column=own[0] if own else "COLUMN", formula=" + ".join(own[:2]) if own else "COLUMN",
    )  # fmt: skip


def _analyses(tables: Tables, wishes: Wishes) -> list[str]:
    found, ids = [], set()
    for outcome, name in tables.outcomes.items():
        rows = [r for r in tables.comparisons if r["outcome"] == outcome]
        for scale in _several(rows, "scale"):
            of_scale = [r for r in rows if not scale or r["scale"] == scale]
            for arm in _several(of_scale, EXPERIMENTAL):
                parts = [p for p in (name, scale, tables.agents.get(arm, "")) if p]
                base = slug(" ".join([*parts, wishes.measure]), "analysis", 60)
                number = 2
                while base in ids:
                    base, number = f"{re.sub(r'_[0-9]+$', '', base)}_{number}", number + 1
                ids.add(base)
                lines = [
                    f"id: {base}", f"title: {_quoted(', '.join([*parts, MEASURES[wishes.measure].name]))}",
                    f"outcome: {yaml_word(outcome)}", f"measure: {wishes.measure}", "rows: comparisons",
                ]  # fmt: skip
                lines += [f"scale: {_quoted(scale)}"] if scale else []
                if arm:
                    controls = dict.fromkeys(r.get(CONTROL, "") for r in of_scale if r.get(EXPERIMENTAL) == arm)
                    lines.append(f"experimental: {{agent: {yaml_word(arm)}}}")
                    lines.append(f"control: {{agent: [{', '.join(yaml_word(c) for c in controls if c)}]}}")
                lines += [f"subgroups: {wishes.subgroups}"] if wishes.subgroups else []
                lines += [f"moderators: {_quoted(wishes.moderators)}"] if wishes.moderators else []
                found.append("  - " + "\n    ".join(lines) + "\n")
    return found


def _several(rows: Sequence[dict[str, str]], column: str) -> list[str]:
    """Words of a column, if some study has several at one time; otherwise one empty word, which stands for all."""
    other = "scale" if column == EXPERIMENTAL else EXPERIMENTAL
    words: dict[tuple[str, str, str], set[str]] = {}
    for row in rows:
        key = (row["study_id"], row.get("timepoint_h", ""), row.get(other, ""))
        words.setdefault(key, set()).add(row.get(column, ""))
    if all(len(found) < 2 for found in words.values()):
        return [""]
    return [w for w in dict.fromkeys(row.get(column, "") for row in rows) if w]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
