"""Analyses that ask one question in several measures: odds ratio, risk ratio and risk difference of the same trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from metarepro.analysis.config import Config
from metarepro.analysis.result import AnalysisResult, Question

MEASURES = ("OR", "RR", "RD", "PETO")
# Settings in which analyses of one question may differ: what it is called, its measure, how it looks.
_ASIDE = frozenset(
    ("id", "title", "measure", "section", "figure", "notes", "sort", "sensitivity", "certainty", "control_risk",
     "do_not_quote", "moderators")
)  # fmt: skip


def find_questions(config: Config, results: Iterable[AnalysisResult]) -> tuple[Question, ...]:
    """Groups of analyses of the same rows in different measures, in the order of the settings; most have one member.

    The primary analysis of a group leads, else the first: nothing is chosen for its verdict.
    """
    by_id: Mapping[str, AnalysisResult] = {r.id: r for r in results}
    groups: dict[str, list[str]] = {}
    for a in config.analyses:
        if a.measure in MEASURES:
            key = repr(sorted(a.model_dump(exclude=set(_ASIDE)).items()))
            measures = {by_id[other].measure for other in groups.get(key, ())}
            key = a.id if a.measure in measures else key
        else:
            key = a.id
        groups.setdefault(key, []).append(a.id)
    questions = []
    for members in groups.values():
        ordered = sorted(members, key=lambda name: not by_id[name].primary)
        crossings = {by_id[name].conclusion.crosses_null for name in ordered}
        agree = None if None in crossings or len(ordered) < 2 else len(crossings) == 1
        questions.append(Question(tuple(ordered), agree))
    return tuple(questions)
