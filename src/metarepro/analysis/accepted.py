"""Findings that the configuration accepts with a reason: they are still listed, apart from those to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from metarepro.analysis.config import Accepted
from metarepro.evidence.integrity import Finding


def accept_findings(
    findings: Iterable[Finding], accepted: Sequence[Accepted]
) -> tuple[list[Finding], tuple[Accepted, ...]]:
    """Put the reasons to the findings that they are for.

    Parameters
    ----------
    findings : iterable of Finding
    accepted : sequence of Accepted
        From the configuration.

    Returns
    -------
    list of Finding, tuple of Accepted
        All findings, those accepted with their reason; and what no finding is left of, which should be deleted.
    """
    found, used = [], set()
    for finding in findings:
        reasons = []
        for number, entry in enumerate(accepted):
            same_column = entry.column in ("", finding.column)
            if (entry.code, entry.study) == (finding.code, finding.study_id) and same_column:
                reasons.append(entry.reason)
                used.add(number)
        found.append(replace(finding, accepted="; ".join(dict.fromkeys(reasons))))
    return found, tuple(entry for number, entry in enumerate(accepted) if number not in used)
