"""The configuration that an imported Metapsy table starts with."""

from __future__ import annotations

import json

from metarepro.importing.names import yaml_word

Rows = list[dict[str, str]]

_HEAD = """\
# What is analysed, and how. Tables: data/raw/*.csv (columns: data/README.md), made of a table in the Metapsy format.
# What was left out or assumed: NOTES.md. Check: metarepro check. Run: snakemake --cores 4 --directory THIS_FOLDER
title: {title}
data: data/raw

# How each outcome of the tables reads, and whether more of it is good for the patient. The database marks a primary
# instrument and a primary time: their rows have the plain name; *_other_time, *_other_scale and *_after_crossover are
# the other rows.
outcomes:
{outcomes}
# How the words of the column `agent` in arms.csv read in figures. *_control: a condition that is the experimental arm
# of other lines; *_both: an arm that is experimental in one line and control in another (a middle dose).
agents:
{agents}
# As metapsyTools computes: Hedges g with J as 1 - 3/(4N - 9) and its variance with the uncorrected d, 0.5 added to the
# events (and once to the totals) of arms without an event. Delete the last three for this program's own defaults.
model: {{tau2: REML, ci: HK, pi: HTS, smd_variance: LSd, smd_correction: approximate, correction_cells: events}}

# Refitted beside every analysis.
sensitivity:
  - id: exact_formulas
    label: Exact J, variance with g, 0.5 to all cells
    model: {{smd_variance: LS, smd_correction: exact, correction_cells: all}}
  - {{id: dl_wald, label: DerSimonian-Laird with Wald intervals, model: {{tau2: DL, ci: z}}}}

analyses:
{analyses}"""

_ANALYSIS = """\
  - id: {id}
    title: {title}
    outcome: {outcome}
    measure: {measure}{more}
    experimental: {{agent: [{experimental}]}}
    control: {{agent: [{control}]}}
"""


def write_config(title: str, tables: dict[str, Rows]) -> str:
    """Text of config.yaml: an analysis for each outcome with rows of the primary instrument and time.

    Symptom scores become Hedges g, endpoints only (change scores must not be mixed with them) unless there are only
    changes; events become risk ratios with Paule-Mandel's tau2. Empty when there is nothing to analyse.
    """
    agents = list(dict.fromkeys(arm["agent"] for arm in tables["arms"]))
    experimental, control = (
        [x for x in dict.fromkeys(a["agent"] for a in tables["arms"] if a["role"] == role) if not x.endswith("_both")]
        for role in ("experimental", "control")
    )
    outcomes: dict[str, str] = {}
    analyses = []
    for table, measure in (("continuous", "SMD"), ("dichotomous", "RR")):
        rows = tables.get(table, [])
        for outcome in dict.fromkeys(r["outcome"] for r in rows):
            main = not outcome.endswith(("_other_time", "_other_scale", "_after_crossover"))
            better = "low" if table == "continuous" or outcome.startswith(_HARMS) else "high"
            outcomes.setdefault(outcome, better)
            kinds = {r.get("statistic", "") for r in rows if r["outcome"] == outcome} - {"baseline"}
            if not main or (table == "continuous" and not kinds):
                continue
            more = "\n    model: {tau2: PM}" if measure == "RR" else ""
            if table == "continuous" and kinds == {"change"}:
                more = "\n    statistic: change"
            analyses.append(
                _ANALYSIS.format(
                    id=f"{outcome.replace('.', '_')}_{measure.lower()}", title=json.dumps(_words(outcome).capitalize()),
                    outcome=yaml_word(outcome), measure=measure, more=more,
                    experimental=", ".join(map(yaml_word, experimental)),
                    control=", ".join(map(yaml_word, control)),
                )
            )  # fmt: skip
    if not analyses:
        return ""
    return _HEAD.format(
        title=json.dumps(title, ensure_ascii=False),
        outcomes="".join(
            f"  {yaml_word(o)}: {{label: {json.dumps(_words(o).capitalize())}, better: {better}}}\n"
            for o, better in outcomes.items()
        ),
        agents="".join(f"  {yaml_word(a)}: {json.dumps(_words(a), ensure_ascii=False)}\n" for a in agents),
        analyses="\n".join(analyses),
    )


# Events that are bad for the patient.
_HARMS = ("deterioration", "dropout", "relapse", "drop-out")


def _words(name: str) -> str:
    return name.replace("_", " ")
