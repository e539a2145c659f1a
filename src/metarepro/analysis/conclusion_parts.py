"""What an analysis says, in codes and numbers: verdict, absolute effects, leave-one-out, certainty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from metarepro.notes import Note
from metarepro.records import Number

# Studies below which a funnel plot tells nothing; the word for a judgement that nobody made.
LEAST_OF_FUNNEL, NOT_ASSESSED = 10, "not_assessed"
Verdict = Literal[
    "no_trial", "one_trial", "two_agree", "two_cross", "two_disagree", "higher", "lower", "cannot_tell", "no_control",
    "not_pooled",
]  # fmt: skip
Domain = Literal["risk_of_bias", "inconsistency", "indirectness", "imprecision", "publication_bias"]
CertaintyLevel = Literal["high", "moderate", "low", "very low"]
Downgrade = Literal["not serious", "serious", "very serious"]


@dataclass(frozen=True)
class WithoutStudy:
    """The pooled result without one study, on the display scale; `crosses_null` is None for a measure without a null.

    `k` and `participants` are those that are left; None where the number of one study is unknown.
    """

    study_id: str
    label: str
    k: int
    participants: int | None
    estimate: Number
    ci_low: Number
    ci_high: Number
    tau2: Number
    crosses_null: bool | None


@dataclass(frozen=True)
class AbsoluteEffect:
    """What a relative effect means for people: risks as shares of 1.

    Attributes
    ----------
    control_risk : float
    source : Note
        Where it comes from: control arms of the trials added up, or stated in the configuration.
    treated_risk, treated_low, treated_high : float
        The control risk moved by the pooled effect, and by the ends of its interval. The control risk is taken as
        known, so that the interval is that of the relative effect (Cochrane Handbook, section 14.1.5).
    difference, difference_low, difference_high : float
        Treated minus control risk.
    """

    control_risk: Number
    source: Note
    treated_risk: Number
    treated_low: Number
    treated_high: Number
    difference: Number
    difference_low: Number
    difference_high: Number


@dataclass(frozen=True)
class CertaintyDomain:
    """One domain of GRADE: the judgement with its reason (both empty: not assessed), and what the data say of it."""

    domain: Domain
    judgement: str
    reason: str
    fact: Note | None


@dataclass(frozen=True)
class Certainty:
    """Certainty of the evidence by GRADE. Judgements are people's; an empty `overall` is not assessed."""

    overall: str
    reason: str
    assessor: str
    domains: tuple[CertaintyDomain, ...]


@dataclass(frozen=True)
class Conclusion:
    """What the analysis says.

    Attributes
    ----------
    verdict : str
        ``no_trial``; ``one_trial``; of two trials whether they agree (``two_agree``: neither interval holds no
        difference and both point one way; ``two_cross``: both hold it; ``two_disagree``); of three or more ``higher``,
        ``lower`` or ``cannot_tell`` (the interval holds no difference); ``no_control`` for a measure of one group;
        ``not_pooled`` where nothing is pooled.
    crosses_null : bool or None
        Whether the interval holds no difference; None where there is no interval or no value of no difference.
    do_not_quote : tuple of Note
        Why the number must not be quoted; empty if it may.
    checks : int
        Variants of three studies or more whose crossing is compared: sensitivity analyses and leave-one-out.
    moved_by : tuple of str
        Those whose interval crosses where the main one does not, or the other way: ``sensitivity:ID`` or
        ``without:STUDY``.
    """

    verdict: Verdict
    crosses_null: bool | None
    do_not_quote: tuple[Note, ...]
    checks: int
    moved_by: tuple[str, ...]


NOTHING_CONCLUDED = Conclusion("not_pooled", None, (), 0, ())
