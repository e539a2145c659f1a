"""What figures of risk of bias say: counts, keys, notes, the text alternative."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from metarepro.analysis.risk_of_bias import Assessment
from metarepro.errors import DataError
from metarepro.evidence.bias_tools import OVERALL, BiasTool
from metarepro.figures.judgements.marks import judgement_mark
from metarepro.figures.page.text import clean, counted


def shown_columns(assessments: Sequence[Assessment]) -> tuple[str, ...]:
    """Domains of the tool, and the overall judgement where the tool makes it or somebody made it.

    Raises
    ------
    DataError
        For assessments by several tools: their domains are not the same.
    """
    if len({a.tool.id for a in assessments}) > 1:
        raise DataError("The assessments are by several tools. Fix: a figure each; see `by_tool`.")
    return assessments[0].tool.shown_columns(any(a.judgement(OVERALL) for a in assessments))


def head_of(column: str, short: bool = False) -> str:
    """A word for a domain that stands above its column; in a short form its number only."""
    if column == OVERALL:
        return "All" if short else "Overall"
    return column[1:] if short else column.upper()


def tool_note(tool: BiasTool) -> str:
    """The tool and where it is described."""
    return f"{tool.name}: {tool.reference}." if tool.reference else f"Domains: {tool.name}."


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
    whole = sum(a.is_complete for a in assessments)
    part = sum(a.assessed > 0 and not a.is_complete for a in assessments)
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
    elif not all(a.is_complete for a in assessments):
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
            f"The overall judgement is better than that of a domain, which {assessments[0].tool.name} does not allow: "
            f"{'; '.join(low)}."
        )
    return [*notes, tool_note(assessments[0].tool)]


def describe(assessments: Sequence[Assessment], names: Sequence[str], title: str) -> str:
    """Text alternative: the counts, then every study with its judgements and their reasons."""
    text = f"Risk of bias by study and domain. {title}. {counts_sentence(assessments)}"
    columns = shown_columns(assessments)
    for a, name in zip(assessments, names, strict=True):
        if not a.assessed:
            text += f" {name}: not assessed."
            continue
        said = []
        for domain in columns:
            reason = clean(a.reasons.get(domain, ""))
            word = judgement_mark(a.judgement(domain)).word
            said.append(f"{head_of(domain)} {word}" + (f" ({reason})" if reason else ""))
        text += f" {name}: {', '.join(said)}."
    return text
