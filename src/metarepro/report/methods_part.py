"""Methods: each text once with the analyses that it is of, references, the flow of studies, the glossary, PRISMA."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from metarepro.analysis.flow import Flow
from metarepro.analysis.result import AnalysisResult
from metarepro.analysis.study_flow import AnalysisFlow, flow_of
from metarepro.csv_output import csv_text
from metarepro.effects import get_measure
from metarepro.report.anchors import anchor_of
from metarepro.report.references import used_references
from metarepro.report.words import Reader, used_studies

# Words of the glossary: term, meaning; `{treatment}` where it helps. Measures are added as they are used.
TERMS: tuple[tuple[str, str], ...] = (
    ("95% interval", "the values that fit the trials; where it includes no difference, the trials cannot tell"),
    ("Prediction interval", "where the true effect in a new, similar trial would lie"),
    ("Heterogeneity, \u03c4\u00b2 and I\u00b2",
     "how far the true effects of the trials differ: their variance, and its share of all that varies"),
    ("Weight", "how much a trial counts in the pooled result; the more precise, the more"),
    ("Random effects", "a model in which each trial has a true effect of its own, and the pooled one is their mean"),
    ("Certainty", "how far a result can be trusted (GRADE); a judgement of named people, never of the program"),
    ("Risk of bias", "how far the way a trial was made may have led it astray; a judgement of named people"),
    ("Leave one out", "the pooled result without each trial in turn"),
    ("Primary source, secondary source (\u2020)", "read in the study's own report, or in another report about it"),
)  # fmt: skip
MEASURE_TERMS = {
    "OR": ("Odds ratio (OR)", "odds of the event under treatment divided by those under control; 1 is no difference"),
    "RR": (
        "Risk ratio (RR)",
        "share with the event under treatment divided by that under control; 1 is no difference",
    ),
    "RD": ("Risk difference (RD)", "how many more of 100 have the event with treatment; 0 is no difference"),
    "MD": ("Mean difference (MD)", "how many points the mean is higher with treatment; 0 is no difference"),
    "SMD": (
        "Hedges g (SMD)",
        "the mean difference in standard deviations, so that scales can be pooled; 0 is none",
    ),
    "PLO": ("Share of patients", "how many of all patients had the event; pooled as logits"),
}
# PRISMA 2020: item, what it asks, where the page answers it; empty where the program cannot know.
CHECKLIST: tuple[tuple[str, str, str], ...] = (
    ("1", "Title: identifies the report as a systematic review", ""),
    ("2", "Abstract", "#answer"), ("3", "Rationale", ""), ("4", "Objectives", "#answer"),
    ("5", "Eligibility criteria", "#methods"), ("6", "Information sources", "#sources"), ("7", "Search strategy", ""),
    ("8", "Selection process", ""), ("9", "Data collection process", ""), ("10a", "Data items: outcomes", "#outcomes"),
    ("10b", "Data items: other variables", "#studies"), ("11", "Study risk of bias assessment", "#sure"),
    ("12", "Effect measures", "#methods"), ("13a", "Synthesis: which studies were eligible", "#outcomes"),
    ("13b", "Synthesis: data preparation", "#methods"), ("13c", "Synthesis: tabulation and display", "#outcomes"),
    ("13d", "Synthesis: models and software", "#methods"), ("13e", "Synthesis: exploring heterogeneity", "#outcomes"),
    ("13f", "Synthesis: sensitivity analyses", "#outcomes"), ("14", "Reporting bias assessment", "#sure"),
    ("15", "Certainty assessment", "#sure"), ("16a", "Study selection: flow", "#methods"),
    ("16b", "Study selection: excluded studies with reasons", "#outcomes"), ("17", "Study characteristics", "#studies"),
    ("18", "Risk of bias in studies", "#sure"), ("19", "Results of individual studies", "#outcomes"),
    ("20a", "Syntheses: contributing studies", "#studies"), ("20b", "Syntheses: summary estimates", "#findings"),
    ("20c", "Syntheses: causes of heterogeneity", "#outcomes"), ("20d", "Syntheses: sensitivity analyses", "#outcomes"),
    ("21", "Reporting biases", "#sure"), ("22", "Certainty of evidence", "#findings"), ("23", "Discussion", ""),
    ("24", "Registration and protocol", ""), ("25", "Support", ""), ("26", "Competing interests", ""),
    ("27", "Availability of data, code and other materials", "#files"),
)  # fmt: skip


# Reasons in the flow that are named.
MOST_REASONS = 8


def methods_view(results: Sequence[AnalysisResult], flow: Flow | None, studies: int, reader: Reader) -> dict[str, Any]:
    """What the template shows of the methods."""
    texts: dict[str, list[AnalysisResult]] = {}
    for r in results:
        if used_studies(r):
            texts.setdefault(r.methods, []).append(r)
    codes = list(dict.fromkeys(r.measure for r in results))
    terms = [MEASURE_TERMS[c] for c in codes if c in MEASURE_TERMS]
    meaning = [(name[:1].upper() + name[1:], words) for name, words in reader.meaning.items()]
    first = next((r for r in results if r.primary and used_studies(r)), None) or next(
        (r for r in results if used_studies(r)), None
    )
    used = flow_of(first) if first else None
    formulas = [get_measure(c) for c in codes]
    return {
        "texts": [
            {"text": t, "used": [{"title": r.title, "anchor": anchor_of(r.id)} for r in members]}
            for t, members in texts.items()
        ],
        "terms": [*meaning, *terms, *TERMS], "formulas": formulas, "references": used_references(results),
        "flow": used, "reasons": _reasons(used) if used else [],
        "review": flow.model_dump(exclude_unset=True) if flow else None,
        "studies": studies, "checklist": CHECKLIST,
    }  # fmt: skip


def _reasons(flow: AnalysisFlow) -> list[tuple[int, str]]:
    """How many studies are not used for which reason, all of them: the most frequent by name, the others added up."""
    found = [(n, why) for group in (flow.elsewhere, flow.left_out, flow.not_pooled) for why, n in group.items()]
    order = sorted(range(len(found)), key=lambda i: -found[i][0])
    named, rest = sorted(order[:MOST_REASONS]), [found[i][0] for i in order[MOST_REASONS:]]
    added = [(sum(rest), f"for {len(rest)} other reasons: flows.csv")] if rest else []
    return [*(found[i] for i in named), *added]


def methods_markdown(title: str, results: Sequence[AnalysisResult], version: str) -> str:
    """The methods as text for a paper, each once, with the keys of the BibTeX file."""
    texts: dict[str, list[str]] = {}
    for r in results:
        if used_studies(r):
            texts.setdefault(r.methods, []).append(r.title)
    lines = [f"# Methods of: {title}", ""]
    for text, titles in texts.items():
        lines += [text, "", *(f"- {t}" for t in titles), ""]
    cited = "; ".join(f"@{r.key}" for r in used_references(results))
    lines += [f"All computations were made with metarepro {version}{f' [{cited}]' if cited else ''}.", ""]
    return "\n".join(lines)


def bibtex(results: Sequence[AnalysisResult]) -> str:
    """The works that the methods rest on."""
    return "\n".join(r.bibtex() for r in used_references(results))


def checklist_csv() -> str:
    """The PRISMA 2020 checklist: where each item is answered, or that this tool does not cover it."""
    rows = [
        [item, topic, f"report.html{where}" if where else "not covered by this tool"]
        for item, topic, where in CHECKLIST
    ]
    return csv_text(("item", "topic", "where"), rows)
