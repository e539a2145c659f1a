"""Pages of projects that differ: the default one, an example, one study, sixty hostile ones, an imported review."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from metarepro.analysis import run_analysis
from metarepro.analysis.questions import find_questions
from metarepro.analysis.result import MadeOf, Results
from metarepro.claims import audit_claims
from metarepro.claims.lookups import Library
from metarepro.claims.page_sentences import fill_sentences, places_of_sentences
from metarepro.evidence.integrity import check_integrity
from metarepro.project.reading import Project, read_project
from metarepro.records import to_plain
from metarepro.report.page import DOWNLOADS, Content, render_report
from tests.conftest import ROOT

HOSTILE = '<script>alert(1)</script>{{ 7*7 }}" onmouseover="x\'; </style><svg onload=alert(2)>'


@dataclass(frozen=True)
class Made:
    """A page, and what it was made of."""

    html: str
    project: Project
    results: Results
    content: Content

    @property
    def plain(self) -> dict[str, Any]:
        """What results.json holds, by analysis."""
        return {a["id"]: a for a in json.loads(json.dumps(to_plain(self.results)))["analyses"]}


def make_page(folder: Path, with_printed: bool = True) -> Made:
    """The page of a project, without a run."""
    project = read_project(folder)
    config, data = project.config, project.data
    found = tuple(run_analysis(config, a, data) for a in config.analyses)
    results = Results(config.title, MadeOf("r" * 16, "s" * 16, "c" * 16), found, find_questions(config, found))
    by_id = {r.id: r for r in found}
    printed: tuple[Any, ...] = ()
    if with_printed and data.others.get("published_results"):
        from metarepro.reproduction import reproduce

        printed = reproduce(config, data)
    library = Library(data, tuple(by_id), by_id, {r.id: r for r in printed})
    claims = audit_claims(config, data, by_id, {r.id: r for r in printed}) if with_printed else ()
    places = places_of_sentences(config, folder / "config.yaml", "config.yaml")
    content = Content(
        config, data, results, fill_sentences(config, library, places, "config.yaml"), check_integrity(data),
        (), None, printed, claims, {r.id: [f"analyses/{r.id}/forest.svg"] for r in found}, project.flow,
        [name for name, _ in DOWNLOADS],
    )  # fmt: skip
    return Made(render_report(content), project, results, content)


@cache
def default_page() -> Made:
    """The page of the default project without printed results and claims, which take long."""
    return make_page(ROOT, with_printed=False)


def write_project(folder: Path, studies: list[dict[str, Any]], measure: str = "OR", **settings: Any) -> Path:
    """A project of dichotomous counts: label, events and totals of each study."""
    raw = folder / "data" / "raw"
    raw.mkdir(parents=True)
    quoted = [{k: '"' + str(v).replace('"', '""') + '"' for k, v in s.items()} for s in studies]
    names = [f"s{i}" for i in range(len(studies))]
    rows = zip(names, quoted, studies, strict=True)
    tables: dict[str, list[str]] = {
        "studies": ["study_id,label,year,population"], "arms": ["study_id,arm_id,role,agent"],
        "dichotomous": ["study_id,arm_id,outcome,timepoint_h,events,total"],
    }  # fmt: skip
    for name, q, s in rows:
        tables["studies"].append(f"{name},{q['label']},{s.get('year', 2000)},{q.get('population', 'adults')}")
        tables["arms"] += [f"{name},t,experimental,drug", f"{name},c,control,placebo"]
        tables["dichotomous"] += [
            f"{name},t,response,24,{s['e1']},{s['n1']}",
            f"{name},c,response,24,{s['e2']},{s['n2']}",
        ]
    for table, lines in tables.items():
        (raw / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    title = json.dumps(settings.get("title", "A project"))
    label = json.dumps(settings.get("outcome", "Response"))
    better = settings.get("better", "high")
    config = f"""title: {title}
outcomes:
  response: {{label: {label}, better: {better}}}
sensitivity:
  - {{id: ce, label: Common effect, model: {{tau2: CE, ci: z}}}}
analyses:
  - id: main
    title: {title}
    outcome: response
    measure: {measure}
    experimental: {{agent: drug}}
    control: {{agent: placebo}}
"""
    (folder / "config.yaml").write_text(config + settings.get("more", ""), encoding="utf-8")
    return folder


def one_study(folder: Path) -> Path:
    """A project with a single study."""
    return write_project(folder, [{"label": "Only 2020", "e1": 12, "n1": 40, "e2": 6, "n2": 40}])


def sixty_studies(folder: Path) -> Path:
    """Sixty studies with hostile and very long names."""
    studies = [
        {"label": (HOSTILE[:60] if i % 3 == 0 else "Donaudampfschifffahrtselektrizitaeten" * 2)[:74] + f" {i}",
         "population": HOSTILE, "year": 1960 + i, "e1": 5 + i % 9, "n1": 30 + i, "e2": 3 + i % 5, "n2": 31 + i}
        for i in range(60)
    ]  # fmt: skip
    return write_project(folder, studies, title="T" * 80 + " " + HOSTILE[:40], outcome="O" * 80)


def copy_of(source: Path, folder: Path) -> Path:
    """A project with nothing but its settings and tables."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(source / "config.yaml", folder)
    shutil.copytree(source / "data", folder / "data")
    return folder


NUMBER = re.compile(r"[\u2212-]?\d+(?:\.\d+)?")
