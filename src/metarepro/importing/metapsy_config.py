"""The configuration that an imported Metapsy table starts with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from metarepro.evidence.integrity.scales import find_scale
from metarepro.importing.metapsy_effects import Signs, at_lines
from metarepro.importing.metapsy_lines import Line
from metarepro.importing.names import yaml_word

Rows = list[dict[str, str]]

_HEAD = """\
# What is analysed, and how. Tables: data/raw/*.csv (columns: data/README.md), made of a table in the Metapsy format.
# What was left out or assumed: NOTES.md. Check: metarepro check. Run: snakemake --cores 4 --directory THIS_FOLDER
title: {title}
data: data/raw

# How each outcome of the tables reads, and whether more of it is good for the patient: please check it. Where the
# database marks a primary instrument and a primary time, their rows have the plain name; *_other_time, *_other_scale
# and *_after_crossover are the other rows.
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


@dataclass(frozen=True)
class Written:
    """Text of config.yaml, and what was chosen or guessed in it, in sentences."""

    text: str
    notes: tuple[str, ...]


class Writer:
    """Writes the configuration of the tables that the lines became."""

    def __init__(self, tables: Mapping[str, Rows], lines: Sequence[Line], signs: Signs) -> None:
        self.tables = tables
        self.lines = lines
        self.signs = signs
        self.notes: list[str] = []
        self.asked: dict[str, str] = {}
        self._several_arms = False

    def write(self, title: str, experimental: Collection[str], control: Collection[str]) -> Written:
        """The configuration: an analysis for each outcome with rows of the primary instrument and time.

        Symptom scores become Hedges g, events risk ratios with Paule-Mandel's tau2. Empty when there is nothing to
        analyse.
        """
        if not experimental or not control:
            return Written("", ())
        outcomes = list(dict.fromkeys(r["outcome"] for n in _NUMBERS for r in self.tables.get(n, ())))
        better = {outcome: self._better(outcome) for outcome in outcomes}
        sides = [", ".join(map(yaml_word, names)) for names in (experimental, control)]
        analyses = []
        for measure in ("SMD", "RR"):
            for outcome in outcomes:
                kinds = self._kinds(outcome, measure)
                for kind in kinds:
                    more = self._settings(outcome, measure, kind, better[outcome], experimental, control)
                    beside = kind == "change" and len(kinds) > 1
                    made = _ANALYSIS.format(
                        id=f"{outcome.replace('.', '_')}{'_change' * beside}_{measure.lower()}",
                        title=json.dumps(_words(outcome).capitalize() + ", change scores" * beside),
                        outcome=yaml_word(outcome), measure=measure, more="".join(f"\n    {x}" for x in more),
                        experimental=sides[0], control=sides[1],
                    )  # fmt: skip
                    analyses.append(made)
        if not analyses:
            return Written("", ())
        agents = list(dict.fromkeys(arm["agent"] for arm in self.tables["arms"]))
        text = _HEAD.format(
            title=json.dumps(title, ensure_ascii=False),
            outcomes="".join(
                f"  {yaml_word(o)}: {{label: {json.dumps(_words(o).capitalize())}, better: {better[o]}}}"
                f"{'  # a guess: high if more of it is good' if o in self.asked else ''}\n"
                for o in outcomes
            ),
            agents="".join(f"  {yaml_word(a)}: {json.dumps(_words(a), ensure_ascii=False)}\n" for a in agents),
            analyses="\n".join(analyses),
        )
        if self.asked:
            names = ", ".join(dict.fromkeys(self.asked.values()))
            self.notes.insert(
                0, f"Please check: is more of {names} bad for the patient? It was guessed (better: low). To say "
                "otherwise, write better: high under outcomes in config.yaml.",
            )  # fmt: skip
        if self._several_arms:
            self.notes.append(
                "Several arms on one side of a study are taken as one (multi_arm: combine in config.yaml; to compare "
                "some only, name their agents under experimental and control)."
            )
        return Written(text, tuple(self.notes))

    def _rows(self, outcome: str, measure: str) -> dict[str, Rows]:
        """Rows of an outcome by kind that give a measure."""
        arms = "continuous" if measure == "SMD" else "dichotomous"
        number = "m1" if measure == "SMD" else "e1"
        found = {
            "arms": [r for r in self.tables.get(arms, ()) if r.get("statistic") != "baseline"],
            "comparisons": [r for r in self.tables.get("comparisons", ()) if number in r],
            "contrasts": [r for r in self.tables.get("contrasts", ()) if r["measure"] == measure],
        }
        of_outcome = {k: [r for r in rows if r["outcome"] == outcome] for k, rows in found.items()}
        return {k: rows for k, rows in of_outcome.items() if rows}

    def _kinds(self, outcome: str, measure: str) -> list[str]:
        """Analyses that an outcome needs: one of all, one of change scores beside endpoints; none without rows."""
        rows = self._rows(outcome, measure)
        if not rows or outcome.endswith(("_other_time", "_other_scale", "_after_crossover")):
            return []
        studies: dict[str, set[str]] = {"endpoint": set(), "change": set()}
        for row in rows.get("arms", ()):
            studies[row.get("statistic", "endpoint")].add(row["study_id"])
        if studies["change"] and not studies["endpoint"] and len(rows) == 1:
            return ["change"]
        if studies["change"] <= studies["endpoint"]:
            return [""]
        self.notes.append(
            f"{_words(outcome).capitalize()}: change scores have an analysis of their own, as their SDs differ in kind "
            f"from those of scores; studies that have no scores: {len(studies['change'] - studies['endpoint'])}."
        )
        return ["", "change"]

    def _settings(
        self, outcome: str, measure: str, kind: str, better: str, experimental: Collection[str],
        control: Collection[str],
    ) -> list[str]:  # fmt: skip
        """Further lines of an analysis."""
        rows = self._rows(outcome, measure)
        made = ["model: {tau2: PM}"] if measure == "RR" else []
        if kind:
            rows, made = {"arms": rows["arms"]}, ["rows: arms", *made, f"statistic: {kind}"]
        if "arms" in rows and measure == "SMD":
            rows["arms"] = [r for r in rows["arms"] if r["statistic"] == (kind or "endpoint")]
        if "contrasts" in rows:
            made.append(f"rows: [{', '.join(rows)}]" if len(rows) > 1 else "rows: contrasts")
            both = {r["study_id"] for r in rows["contrasts"]} & {
                r["study_id"] for name, found in rows.items() if name != "contrasts" for r in found
            }
            if both:
                at = at_lines(_line_of(r) for r in rows["contrasts"] if r["study_id"] in both)
                self.notes.append(
                    f"Effects that are printed only, of studies that have numbers of {_words(outcome)} too, are in the "
                    f"tables and in no analysis: {at}."
                )
        made += self._scales(outcome, measure, better, [r for found in rows.values() for r in found])
        if self._has_several_arms(rows.get("arms", []), experimental, control):
            self._several_arms = True
            made.append("multi_arm: combine")
        return made

    def _scales(self, outcome: str, measure: str, better: str, rows: Rows) -> list[str]:
        """The order of the instruments, and which way those point that are not known."""
        here = [x for x in self.lines if x.outcome == outcome]
        counts = Counter(x.scale for x in here)
        present = {r["scale"] for r in rows}
        order = sorted(present, key=lambda s: (-counts[s], s))
        of_study: dict[str, set[str]] = {}
        for row in rows:
            of_study.setdefault(row["study_id"], set()).add(row["scale"])
        made = []
        if any(len(found) > 1 for found in of_study.values()):
            made.append(f"scale: [{', '.join(json.dumps(s, ensure_ascii=False) for s in order)}]")
            self.notes.append(
                f"{_words(outcome).capitalize()}: of several instruments of a study that of the most lines counts, "
                f"first {', '.join(order[:3])} (scale in config.yaml has the order; several: combine averages them)."
            )
        if measure == "SMD":
            made += self._directions(outcome, better, order)
        return made

    def _directions(self, outcome: str, better: str, scales: Sequence[str]) -> list[str]:
        """Unknown instruments by the end that is good, where the instruments of an outcome point both ways."""
        base = next(x.base for x in self.lines if x.outcome == outcome)
        known = {s: _good_end(s) for s in scales}
        turned = {s for s in scales if self.signs.of_scale.get((base, s), self.signs.of_file) != self.signs.of_file}
        other = "high" if better == "low" else "low"
        ends = {s: known[s] or (other if s in turned else better) for s in scales}
        if len(set(ends.values())) < 2:
            return []
        made = []
        for end, key in (("high", "higher_is_better"), ("low", "higher_is_worse")):
            names = [s for s in scales if not known[s] and ends[s] == end]
            if names:
                made.append(f"{key}: [{', '.join(json.dumps(s, ensure_ascii=False) for s in names)}]")
                how = "by the sign of .g" if set(names) & turned else "taken as the others"
                about = f"{_words(outcome).capitalize()}: on {', '.join(names)}"
                self.notes.append(f"{about} {end} is good, {how} ({key} in config.yaml).")
        return made

    def _has_several_arms(self, rows: Rows, experimental: Collection[str], control: Collection[str]) -> bool:
        agents = {(a["study_id"], a["arm_id"]): a["agent"] for a in self.tables["arms"]}
        arms: dict[tuple[str, bool], set[str]] = {}
        for row in rows:
            agent = agents[row["study_id"], row["arm_id"]]
            if agent in experimental or agent in control:
                arms.setdefault((row["study_id"], agent in experimental), set()).add(row["arm_id"])
        return any(len(found) > 1 for found in arms.values())

    def _better(self, outcome: str) -> str:
        """Which end of an outcome is good: by its instruments where they are known, else by its name; else asked."""
        base = next((x.base for x in self.lines if x.outcome == outcome), outcome)
        here = [x for x in self.lines if x.base == base]
        ends: Counter[str] = Counter()
        for line in here:
            if line.measured:
                ends[_good_end(line.scale)] += 1
        del ends[""]
        if ends and ends["low"] != ends["high"]:
            return "low" if ends["low"] > ends["high"] else "high"
        found = _end_of_name(base)
        if not found:
            self.asked[outcome] = base
        return found or "low"


_NUMBERS = ("continuous", "dichotomous", "comparisons", "contrasts")
# Words in the names of outcomes: bad for the patient, good for the patient, and those that turn the meaning.
_BAD = (
    "deteriorat", "dropout", "drop_out", "relaps", "attempt", "suicid", "ideation", "death", "died", "mortality",
    "adverse", "side_effect", "harm", "hospitali", "admission", "discontinu", "attrition", "worsen", "depress",
    "anxi", "ptsd", "distress", "pain", "insomnia", "symptom_severity", "grief", "worry", "mania", "psychosis",
    "craving", "stress", "trauma", "panic", "phobi", "fatigue", "loneliness", "hopeless", "burden",
)  # fmt: skip
_GOOD = (
    "respon", "remission", "remit", "recover", "improve", "reliable_change", "quality_of_life", "well_being",
    "wellbeing", "functioning", "abstinen", "cured", "resilience", "self_esteem", "satisfaction",
)  # fmt: skip
_NOT = ("no", "non", "not", "without", "lack", "loss")


def _end_of_name(name: str) -> str:
    """Which end of an outcome its name says is good; empty if no known word is in it, or words of both kinds."""
    bad, good = (any(f"_{word}" in f"_{name}" for word in words) for words in (_BAD, _GOOD))
    if bad == good or set(name.split("_")) & set(_NOT):
        return ""
    return "low" if bad else "high"


def _good_end(scale: str) -> str:
    known = find_scale(scale)
    return "" if known is None else "low" if known.worse == "high" else "high"


def _line_of(row: Mapping[str, str]) -> int:
    return int(row["locator"].split()[1].strip(","))


def _words(name: str) -> str:
    return name.replace("_", " ")
