"""From matches to a verdict on a printed result, one of a closed list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from metarepro.reproduction.explain import Explanation, explain_mismatch
from metarepro.reproduction.match import Match, Specification, apart, match_published
from metarepro.reproduction.printed import SHOWN, PrintedResult, StudyInputs, as_printed, read_inputs, room_of
from metarepro.reproduction.specifications import all_specifications
from metarepro.reproduction.ways import lacks_declared, unusual

Verdict = Literal[
    "exact", "rounding", "within tolerance", "differs but explained", "differs, several slips possible", "differs",
    "not checkable",
]  # fmt: skip


@dataclass(frozen=True)
class Judgement:
    """A verdict and what it rests on.

    Attributes
    ----------
    verdict : str
        ``exact``: a specification that the report's words allow gives estimate and interval at their printed precision;
        ``rounding``: it does within what rounding of the printed inputs allows; ``within tolerance``: it nearly does;
        ``differs but explained``: another specification, other studies or one changed study, and no other, give them;
        ``differs, several slips possible``: a slip in any of several places does; ``differs``;
        ``not checkable``: something is missing.
    reason : str
        In one sentence.
    match : Match or None
    explanations : tuple of Explanation
    """

    verdict: Verdict
    reason: str
    match: Match | None = None
    explanations: tuple[Explanation, ...] = ()


def judge(
    inputs: StudyInputs | Mapping[str, Sequence[Any]] | None,
    published: PrintedResult | Mapping[str, Any],
    labels: Sequence[str] = (),
    tolerance: float = 0.01,
) -> Judgement:
    """Judge a printed pooled result by the numbers of its studies.

    Parameters
    ----------
    inputs : mapping or None
        As for `match_published`; None if the report does not print them.
    published : mapping
        As for `match_published`; `model`, what the report says about its methods, decides what counts as its own way.
    labels : sequence of str, optional
    tolerance : float, default 0.01
        Largest difference within tolerance: of ratios on the log scale, else as a part of the interval's width.

    Raises
    ------
    DataError
        As for `match_published`.
    """
    printed = as_printed(published)
    if inputs is None:
        return Judgement("not checkable", "The report does not print the numbers of its studies.")
    given = inputs if isinstance(inputs, StudyInputs) else read_inputs(inputs, labels)
    if printed.k is not None and printed.k not in (given.k, _informative(given)):
        reason = f"The report pools {printed.k} studies, and numbers of {given.k} are at hand."
        return Judgement("not checkable", reason)
    match = match_published(given, printed)
    whole = [m for m in match.matches if not m.left_out]
    own = [m for m in whole if not lacks_declared(m.way, printed.model)]
    if own:
        more = f" ({len(own)} specifications agree)" if len(own) > 1 else ""
        return Judgement("exact", f"{own[0]} gives the printed numbers{more}.", match)
    candidates = [s for s in match.whole if not lacks_declared(s.way, printed.model)]
    for spec in candidates[:MOST_ROUNDED]:
        if _rounds(given, printed, spec):
            slips = _allowed(explain_mismatch(given, printed, any_events=False), printed)
            sound = [e for e in slips if _sound(e.specifications[0], printed)]
            also = f" So would {sound[0].study}, {sound[0].change}, without any rounding." if sound else ""
            reason = f"{spec} gives them within the rounding of the printed inputs.{also}"
            return Judgement("rounding", reason, match, slips)
    if whole:
        return Judgement("differs but explained", f"Only {whole[0]} gives the printed numbers.", match)
    best = candidates[0] if candidates else match.nearest
    fewer = [m for m in match.matches if _sound(m, printed)]
    explanations = _allowed(explain_mismatch(given, printed, any_events=not fewer), printed)
    if not any(_sound(e.specifications[0], printed) for e in explanations):
        if fewer:
            return _left_out(fewer, match, explanations)
        if apart(best, printed) <= tolerance:
            return Judgement("within tolerance", f"{best} gives {_numbers(best)}.", match, explanations)
    if explanations:
        first = explanations[0]
        gives = f"{first.study}, {first.change}: {first.specifications[0]} then gives the printed numbers"
        sound = [e for e in explanations if _sound(e.specifications[0], printed)]
        if len(sound or explanations) == 1:
            return Judgement("differs but explained", f"{gives}.", match, explanations)
        others = len(sound or explanations) - 1
        reason = f"{gives}; so do {others} other changes of one study, and nothing shows which it was."
        return Judgement("differs, several slips possible", reason, match, explanations)
    if match.matches:
        return _left_out(match.matches, match)
    return Judgement("differs", f"The nearest is {best}: {_numbers(best)}.", match)


def _left_out(found: Sequence[Specification], match: Match, explanations: tuple[Explanation, ...] = ()) -> Judgement:
    """The verdict where the numbers come out without one or two studies: explained if one choice of them does it."""
    gives, others = f"{found[0]} gives the printed numbers", len({m.left_out for m in found}) - 1
    if not others:
        return Judgement("differs but explained", f"{gives}.", match, explanations)
    reason = f"{gives}; so do {others} other choices of studies left out, and nothing shows which it was."
    return Judgement("differs, several slips possible", reason, match, explanations)


def _informative(inputs: StudyInputs) -> int:
    """Studies with an event, and not with events only: many reports count no others."""
    if inputs.kind != "counts":
        return inputs.k
    c = inputs.columns
    events, total = c["e1"] + c["e2"], c["n1"] + c["n2"]
    return int(((events > 0) & (events < total)).sum())


def _allowed(found: Sequence[Explanation], printed: PrintedResult) -> tuple[Explanation, ...]:
    """Explanations by ways of computing that the report's words allow; of several, or any if it says nothing."""
    kept = []
    for e in found:
        specs = tuple(s for s in e.specifications if not lacks_declared(s.way, printed.model) and unusual(s.way) < 4)
        if specs:
            kept.append(replace(e, specifications=specs))
    return tuple(kept)


def _sound(spec: Specification, printed: PrintedResult) -> bool:
    """Whether a specification is one that the report's words allow and gives all that is printed."""
    return bool(printed.model) and not spec.differs and not lacks_declared(spec.way, printed.model)


# For how many specifications the rounding of the inputs is carried through.
MOST_ROUNDED = 6


def _rounds(inputs: StudyInputs, printed: PrintedResult, spec: Specification) -> bool:
    """Whether the printed numbers lie within what the rounding of the inputs allows, to first order."""
    ends = inputs.ends()
    if ends is None:
        return False
    (moved,) = all_specifications(ends, printed, only=spec.way)
    rooms = {n: room_of(getattr(moved, n)) for n in SHOWN if getattr(printed, n)}
    return all(bool(printed.agrees(n, getattr(spec, n), room)) for n, room in rooms.items())


def _numbers(spec: Specification) -> str:
    return f"{spec.estimate:.4g} ({spec.ci_low:.4g} to {spec.ci_high:.4g})"
