"""Studies: their characteristics, how many analyses use them, what is odd about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from metarepro.analysis.config import Config
from metarepro.analysis.result import AnalysisResult
from metarepro.csv_output import csv_text
from metarepro.evidence.bias_tools import OVERALL
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity import Finding
from metarepro.evidence.tables import Arm, Study
from metarepro.report.words import used_studies

DESIGNS = {"parallel": "parallel", "crossover": "crossover", "single_arm": "single arm"}
CHARACTERISTICS = (
    "study_id", "label", "year", "country", "design", "randomised", "blinding", "setting", "diagnosis",
    "treatment_resistant", "n_randomised", "population", "arms", "registration", "doi", "analyses", "findings",
    "risk_of_bias",
)  # fmt: skip
SHOWN = 12


def flags_of(findings: Iterable[Finding]) -> dict[str, int]:
    """How many findings each study has that are not accepted."""
    return dict(Counter(f.study_id for f in findings if not f.accepted))


def studies_view(
    config: Config, data: Dataset, results: Sequence[AnalysisResult], findings: Sequence[Finding]
) -> dict[str, Any]:
    """What the template shows of the studies."""
    uses = _uses(results)
    notes: dict[str, list[Finding]] = {}
    for f in findings:
        if not f.accepted:
            notes.setdefault(f.study_id, []).append(f)
    rows = []
    for study in data.studies.values():
        own = notes.pop(study.study_id, [])
        rows.append(
            {
                "study": study,
                "arms": _arms(config, data.arms_of.get(study.study_id, ())),
                "design": _design(study),
                "people": _people(study, data),
                "uses": uses.get(study.study_id, 0),
                "notes": sorted(own, key=lambda f: f.severity != "warning"),
                "bias": _bias(data, study.study_id),
            }
        )
    designs = {s.design: DESIGNS[s.design] for s in data.studies.values()}
    return {
        "rows": rows, "designs": designs, "shown": SHOWN,
        "diagnoses": sorted({s.diagnosis for s in data.studies.values() if s.diagnosis}),
        "judged": any(row["bias"] for row in rows), "with_notes": sum(bool(row["notes"]) for row in rows),
        # Findings on what is no study: printed results, sources.
        "others": [f for own in notes.values() for f in own],
        "used": sum(bool(row["uses"]) for row in rows),
    }  # fmt: skip


def _uses(results: Sequence[AnalysisResult]) -> Mapping[str, int]:
    return Counter(study for r in results for study in {s.study_id for s in used_studies(r)})


def _design(study: Study) -> str:
    design = DESIGNS[study.design]
    return f"{design}, randomised" if study.randomised and study.design != "single_arm" else design


def _people(study: Study, data: Dataset) -> int | None:
    if study.n_randomised is not None:
        return int(study.n_randomised)
    sizes = [a.n_randomised or a.n_analysed for a in data.arms_of.get(study.study_id, ()) if a.kind == "whole"]
    known = [int(n) for n in sizes if n is not None]
    return sum(known) if known and len(known) == len(sizes) and study.design == "parallel" else None


def _arms(config: Config, arms: Iterable[Arm]) -> str:
    """Treatments, each once, with dose and route where they were read."""
    words = []
    for arm in arms:
        if arm.kind not in ("whole", "first_period"):
            continue
        name = config.agents.get(arm.agent, arm.drug or arm.agent or arm.arm_id)
        dose = f"{arm.dose_mg_per_kg:g} mg/kg" if arm.dose_mg_per_kg else ""
        route = arm.route if arm.role != "control" else ""
        more = " ".join(x for x in (dose, route) if x)
        words.append(f"{name} {more}".strip())
    return " v ".join(dict.fromkeys(words))


def _bias(data: Dataset, study: str) -> str:
    judged = [r.judgement(OVERALL) for r in data.judged_of.get(study, ()) if r.judgement(OVERALL)]
    return "; ".join(dict.fromkeys(j.replace("_", " ") for j in judged))


def characteristics_csv(
    config: Config, data: Dataset, results: Sequence[AnalysisResult], findings: Sequence[Finding]
) -> str:
    """The characteristics of the studies as CSV; what was not read is empty."""
    view = studies_view(config, data, results, findings)
    rows = []
    for row in view["rows"]:
        s = row["study"]
        rows.append(
            [s.study_id, s.label, s.year, s.country, s.design, "yes" if s.randomised else "no", s.blinding, s.setting,
             s.diagnosis, s.treatment_resistant, row["people"], s.population, row["arms"], s.registration, s.doi,
             row["uses"], len(row["notes"]), row["bias"]]
        )  # fmt: skip
    return csv_text(CHARACTERISTICS, rows)
