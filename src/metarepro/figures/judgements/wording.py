"""What figures of risk of bias say: counts, keys, notes, the text alternative."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from metarepro.analysis.risk_of_bias import DOMAINS, Assessment
from metarepro.errors import DataError
from metarepro.figures.judgements.marks import judgement_mark
from metarepro.figures.page.text import clean, counted

# Short enough to stand above a column.
HEADS = {"d1": "D1", "d2": "D2", "d3": "D3", "d4": "D4", "d5": "D5", "overall": "Overall"}
TOOL = "RoB 2: Sterne et al. 2019, doi:10.1136/bmj.l4898."


def labels_of(assessments: Sequence[Assessment], labels: Sequence[str] | None) -> list[str]:
    """Names of the rows; with the outcome where a study has several, so that no two rows look the same."""
    if not assessments:
        raise DataError(
            "There is no assessment to show. Fix: give at least one; a study without judgements is one, too."
        )
    if labels is not None and len(labels) != len(assessments):
        raise DataError(f"{len(labels)} labels for {len(assessments)} assessments. Fix: one each, in their order.")
    if labels is not None:
        return [clean(label) or "no name" for label in labels]
    several = {s for s, n in Counter(a.study_id for a in assessments).items() if n > 1}
    names = []
    for a in assessments:
        outcome = clean(a.outcome).replace("_", " ") or "all outcomes"
        names.append((clean(a.name) or "no name") + (f", {outcome}" if a.study_id in several else ""))
    return names


def counts_sentence(assessments: Sequence[Assessment]) -> str:
    """How many were assessed; plainly said when none was."""
    studies = len({a.study_id for a in assessments})
    n = len(assessments)
    what = counted(studies)
    if n > studies:
        what += f" with {n} assessments"
    whole = sum(a.assessed == len(DOMAINS) for a in assessments)
    part = sum(0 < a.assessed < len(DOMAINS) for a in assessments)
    none = n - whole - part
    if none == n:
        return f"{what}, none assessed." if n > 1 else f"{what}, not assessed."
    if whole == n:
        return f"{what}, all assessed in every domain." if n > 1 else f"{what}, assessed in every domain."
    if part == n:
        return f"{what}, all assessed in part." if n > 1 else f"{what}, assessed in part."
    pieces = [
        f"{count} {word}"
        for count, word in ((whole, "assessed in every domain"), (part, "assessed in part"), (none, "not assessed"))
        if count
    ]
    return f"{what}: {', '.join(pieces)}."


def notes_of(assessments: Sequence[Assessment], names: Sequence[str]) -> list[str]:
    """Who judged, what does not go together, and that blank is not low."""
    notes = []
    if all(a.assessed == 0 for a in assessments):
        notes.append(
            "Nobody has judged the risk of bias of these studies here. That says nothing about them: it may be low or "
            "high."
        )
    elif any(a.assessed < len(DOMAINS) for a in assessments):
        notes.append("Not assessed says nothing about a study: its risk of bias may be low or high.")
    who = list(dict.fromkeys(clean(a.assessor) for a in assessments if a.assessed and a.assessor.strip()))
    if who:
        notes.append(f"Judged by: {', '.join(who).rstrip('.')}.")
    unsigned = sum(bool(a.assessed) and not a.assessor.strip() for a in assessments)
    if unsigned:
        notes.append(f"Who judged is not stated for {unsigned} of {len(assessments)}.")
    low = [name for a, name in zip(assessments, names, strict=True) if a.overall_too_low]
    if low:
        notes.append(
            f"The overall judgement is better than that of a domain, which RoB 2 does not allow: {'; '.join(low)}."
        )
    return [*notes, TOOL]


def describe(assessments: Sequence[Assessment], names: Sequence[str], title: str) -> str:
    """Text alternative: the counts, then every study with its judgements and their reasons."""
    text = f"Risk of bias by study and domain. {title}. {counts_sentence(assessments)}"
    for a, name in zip(assessments, names, strict=True):
        if not a.assessed:
            text += f" {name}: not assessed."
            continue
        said = []
        for domain in DOMAINS:
            reason = clean(a.reasons.get(domain, ""))
            word = judgement_mark(a.judgement(domain)).word
            said.append(f"{HEADS[domain]} {word}" + (f" ({reason})" if reason else ""))
        text += f" {name}: {', '.join(said)}."
    return text
