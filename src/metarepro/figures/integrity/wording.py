"""Findings of the integrity checks as a figure counts and words them: neutral, studies and reviews told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metarepro.evidence.integrity.codes import WARNINGS
from metarepro.evidence.integrity.findings import Finding
from metarepro.figures.page.text import clean, counted, plural

Kind = tuple[str, bool]
# Kinds in the order of a cell: severity, and whether the configuration accepts it.
KINDS = (("warning", False), ("warning", True), ("note", False), ("note", True))
MEANING = {
    ("warning", False): "warning: hardly right as printed",
    ("warning", True): "warning that was looked at and accepted with a reason",
    ("note", False): "note: may be right, and a reader should know",
    ("note", True): "note that was looked at and accepted with a reason",
}
NEUTRAL = (
    "A finding is something to look at, not an accusation: most are misprints, roundings or missing explanations, "
    "also of the report or of these tables. Without a finding a number may still be wrong."
)


@dataclass(frozen=True)
class StudyFindings:
    """Findings of one study, counted by check and kind."""

    name: str
    counts: dict[str, Counter[Kind]]

    def total(self, severity: str) -> int:
        """Findings of a severity."""
        return sum(n for own in self.counts.values() for (word, _), n in own.items() if word == severity)


def by_study(findings: Sequence[Finding], labels: Mapping[str, str] | None = None) -> list[StudyFindings]:
    """Studies with findings: those with most warnings first, then most notes, then by name."""
    found: dict[str, dict[str, Counter[Kind]]] = {}
    for f in findings:
        found.setdefault(f.study_id, {}).setdefault(f.code, Counter())[kind_of(f)] += 1
    studies = []
    for study, counts in found.items():
        name = clean((labels or {}).get(study, "") or study.replace("_", " ")) or "no single study"
        studies.append(StudyFindings(name, counts))
    return sorted(studies, key=lambda s: (-s.total("warning"), -s.total("note"), s.name.lower()))


def kind_of(f: Finding) -> Kind:
    """Severity, and whether it is accepted."""
    return (f.severity, bool(f.accepted))


def reviews_in(findings: Sequence[Finding]) -> set[str]:
    """Ids that are of reviews, whose printed results were checked, and not of studies."""
    return {f.study_id for f in findings if f.table.startswith("published_")}


def sentence_of(findings: Sequence[Finding], labels: Mapping[str, str] | None = None) -> str:
    """How many findings there are, of what kind, in how many studies and reviews."""
    if not findings:
        checked = f" in {counted(len(labels), 'study')}" if labels else ""
        return f"The checks found nothing{checked}."
    warnings = sum(f.severity == "warning" for f in findings)
    notes = len(findings) - warnings
    reviews = reviews_in(findings)
    studies = {f.study_id for f in findings if f.study_id} - reviews
    places = []
    if studies or not reviews:
        known = labels is not None and studies <= set(labels)
        of = f" of {len(labels)}" if labels and known else ""
        places.append(f"{len(studies)}{of} {plural(len(labels) if labels and known else len(studies), 'study')}")
    if reviews:
        places.append(f"{counted(len(reviews), 'review')}")
    text = f"{counted(warnings, 'warning')} and {counted(notes, 'note')} in {' and '.join(places)}"
    accepted = sum(bool(f.accepted) for f in findings)
    if not accepted:
        return f"{text}."
    return f"{text}; {accepted} of them {'is' if accepted == 1 else 'are'} accepted with a reason."


def notes_of(findings: Sequence[Finding], labels: Mapping[str, str] | None = None) -> list[str]:
    """How to read the figure."""
    if not findings:
        return [NEUTRAL]
    notes = [
        "Studies with most warnings first; a number beside a mark: so many findings. Only checks with a finding are "
        "shown."
    ]
    reviews = sorted(clean((labels or {}).get(r, "") or r.replace("_", " ")) for r in reviews_in(findings))
    if reviews:
        notes.append(f"Reviews whose printed results were checked, not studies: {', '.join(reviews)}.")
    if any(not f.study_id for f in findings):
        notes.append("No single study: a finding about a table as a whole.")
    return [*notes, NEUTRAL]


def describe_integrity(findings: Sequence[Finding], labels: Mapping[str, str] | None = None, title: str = "") -> str:
    """Text alternative: the counts, then every study with its checks, then what the checks are."""
    text = f"Findings of the integrity checks by study. {clean(title)}. {sentence_of(findings, labels)}"
    for study in by_study(findings, labels):
        said = []
        for code, own in sorted(study.counts.items()):
            pieces = [f"{counted(own[k], k[0])}{' (accepted)' if k[1] else ''}" for k in KINDS if own[k]]
            said.append(f"{code} {' and '.join(pieces)}")
        text += f" {study.name}: {', '.join(said)}."
    for code in sorted({f.code for f in findings}):
        text += f" {code}: {WARNINGS.get(code, 'another check')}."
    return f"{text} {NEUTRAL}"
