"""A relative effect in people: the risk under control, moved by the pooled effect."""

from __future__ import annotations

from collections.abc import Sequence

from metarepro.analysis.certainty_settings import ControlRisk
from metarepro.analysis.conclusion_parts import AbsoluteEffect
from metarepro.analysis.result import StudyEffect, Summary
from metarepro.effects.absolute import MOVED
from metarepro.notes import Note


def absolute_effect(
    measure: str, summary: Summary | None, studies: Sequence[StudyEffect], stated: ControlRisk | None
) -> AbsoluteEffect | None:
    """Risks under control and treatment; None where the effect is none of two risks or no control risk is known.

    Parameters
    ----------
    measure : str
        Code: OR, PETO, RR or RD.
    summary : Summary or None
    studies : sequence of StudyEffect
        Their control arms are added up, unless a risk is stated.
    stated : ControlRisk or None
        From the configuration.

    Notes
    -----
    Adding up the arms weights each trial by its size. The risk is that of these trials and of nobody else; readers with
    another one should put theirs in.
    """
    if summary is None or measure not in MOVED:
        return None
    if stated is not None:
        risk, source = stated.risk, Note("control_risk_stated", source=stated.source)
    else:
        arms = [(s.inputs["e2"], s.inputs["n2"]) for s in studies if s.estimable and {"e2", "n2"} <= set(s.inputs)]
        events, people = (sum(a[i] for a in arms) for i in (0, 1))
        if not people:
            return None
        used = sum(s.estimable for s in studies)
        risk = events / people
        source = Note("control_arms_added", events=events, total=people, arms=len(arms), studies=used)
    moved = [MOVED[measure](risk, x) for x in (summary.estimate, summary.ci_low, summary.ci_high)]
    return AbsoluteEffect(risk, source, *moved, *(m - risk for m in moved))
