"""config.yaml of an imported review: RevMan's own effect measures and models."""

from __future__ import annotations

import json
from collections import Counter

from metarepro.evidence.bias_tools import BIAS_TOOLS
from metarepro.evidence.cells import MAX_LABEL
from metarepro.importing.names import clean_text, yaml_word
from metarepro.importing.revman_printed import METHODS
from metarepro.importing.revman_tables import Part, Tables

_HEAD = """\
# What is analysed, and how. Tables: data/raw/*.csv (columns: data/README.md). What was left out or assumed: NOTES.md.
# All keys: docs/configuration.md of metarepro.     Check:  metarepro check
"""
_FAVOURS = ("experimental", "intervention", "treatment")

Setting = tuple[tuple[str, str | float], ...]


def make_config(made: Tables, title: str) -> str:
    """Text of config.yaml: one analysis for each part."""
    models = {part.id: _model(part) for part in made.parts}
    default = Counter(models.values()).most_common(1)[0][0]
    lines = [_HEAD + f"title: {_quoted(title)}", 'authors: ""', "data: data/raw", ""]
    lines += ["# How each outcome reads, and whether more of it is good for the patient. RevMan does not say the",
              "# latter: it was told from the words beside the forest plot. Check it.", "outcomes:"]  # fmt: skip
    for part in made.parts:
        better, sure = _better(part)
        if not sure:
            made.say("Outcomes of which nothing says whether more is good; taken as bad (`better: low`)", part.title)
        lines.append(f"  {part.id}: {{label: {_quoted(part.label)}, better: {better}}}")
    used = dict.fromkeys(a for part in made.parts for a in part.agents)
    lines += ["", "# How the words of the column `agent` in arms.csv read in figures.", "agents:"]
    lines += [f"  {yaml_word(agent)}: {_quoted(made.agents[agent])}" for agent in used]
    lines += ["", "# The model of every analysis, unless one says otherwise: as RevMan computed.",
              "# method: mantel_haenszel, peto, inverse_variance; tau2: DL-MH (random effects by Mantel-Haenszel),",
              "# DL, REML, CE (fixed effect) ...; ci: z (Wald), HK (Hartung-Knapp) ...",
              f"model: {{{_written(default)}}}", "", *_bias(made), "# Refitted beside every analysis.", "sensitivity:",
              "  - {id: reml_hk, label: REML with Hartung-Knapp intervals, model: {tau2: REML, ci: HK}}", "",
              "# RevMan knows no times, so no analysis has a `time`.", "analyses:"]  # fmt: skip
    for part in made.parts:
        own = models[part.id]
        lines += [
            f"  - id: {part.id}",
            f"    title: {_quoted(part.title)}",
            f"    section: {_quoted(made.drawable(part.outcome.comparison) or 'Analyses')}",
            f"    outcome: {part.id}",
            f"    measure: {part.measure}",
        ]
        if part.outcome.kind in ("generic", "o_e"):
            lines.append("    rows: contrasts")
        lines += [
            f"    experimental: {{agent: {yaml_word(part.agents[0])}}}",
            f"    control: {{agent: {yaml_word(part.agents[1])}}}",
        ]
        if part.subgroups:
            lines.append("    subgroups: rows.subgroup")
        changes = dict(set(own) - set(default))
        if changes:
            lines.append(f"    model: {{{_written(tuple((k, v) for k, v in own if k in changes))}}}")
    return "\n".join(lines) + "\n"


def _model(part: Part) -> Setting:
    outcome = part.outcome
    how = METHODS[outcome.method]
    counts = part.measure in ("OR", "RR", "RD") and outcome.kind == "counts"
    method, tau2 = how["method"], outcome.tau2 or how["tau2"]
    if not counts and (method == "mantel_haenszel" or tau2 == "DL-MH"):
        method, tau2 = "inverse_variance", "CE" if method == "mantel_haenszel" else "DL"
    return (
        ("method", method), ("tau2", tau2), ("ci", outcome.ci), ("pi", "HTS"), ("level", outcome.level),
        ("subgroup_tau2", "separate"),
        ("zero_cells", "revman" if counts else "metafor"), ("smd_variance", "RevMan"),
        ("smd_correction", "approximate"),
    )  # fmt: skip


def _bias(made: Tables) -> list[str]:
    """The judgements beside the studies, and their tool where it is the review's own."""
    tool = made.bias_tool
    if tool is None:
        return []
    lines = ["# Judgements of risk_of_bias.csv stand beside the studies.", "figure: {risk_of_bias: true}", ""]
    if tool.id not in BIAS_TOOLS:
        lines += ["# The domains d1, d2 ... of the review.", "risk_of_bias:", f"  {tool.id}:"]
        lines += [f"    name: {_quoted(tool.name)}", f"    judgements: [{', '.join(tool.judgements)}]", "    domains:"]
        lines += [*(f"      - {_quoted(made.drawable(name))}" for name in tool.domains.values()), ""]
    return lines


def _written(model: Setting) -> str:
    return ", ".join(f"{key}: {value}" for key, value in model)


def _better(part: Part) -> tuple[str, bool]:
    """Whether high or low is better, and whether the words beside the plot say so."""
    left, right = (side.casefold() for side in part.outcome.sides)
    label, other = (x.casefold() for x in part.outcome.labels)
    ours = [w for w in (label, *_FAVOURS) if w]
    # Below the null value is at the left: a plot whose left favours the treatment shows something bad.
    at_left = any(w in left for w in ours) or (other != "" and other in right) or "control" in right
    at_right = any(w in right for w in ours) or (other != "" and other in left) or "control" in left
    if at_left == at_right:
        return "low", False
    return ("low" if at_left else "high"), True


def _quoted(text: str) -> str:
    return json.dumps(clean_text(text, MAX_LABEL), ensure_ascii=False)
