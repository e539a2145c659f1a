"""What the audit of claims yields. Tables, figures and sentences are views of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from metarepro.records import from_plain, to_plain

SCHEMA_VERSION = 1

ClaimVerdict = Literal[
    "supported",
    "supported only under named specifications",
    "partly supported",
    "misattributed",
    "not supported",
    "contradicted",
    "not checkable",
]
VERDICTS: tuple[ClaimVerdict, ...] = (
    "supported",
    "supported only under named specifications",
    "partly supported",
    "misattributed",
    "not supported",
    "contradicted",
    "not checkable",
)


@dataclass(frozen=True)
class Reference:
    """Where a number of the evidence comes from.

    Attributes
    ----------
    kind : str
        ``analysis``, ``row``, ``reproduction`` or ``source``.
    name : str
        Id of the analysis, the reproduction or the source; table and key of a row.
    place : str
        File and line of a row, else empty.
    source_id, source_url, locator, level : str
    """

    kind: Literal["analysis", "row", "reproduction", "source"]
    name: str
    place: str = ""
    source_id: str = ""
    source_url: str = ""
    locator: str = ""
    level: str = ""


@dataclass(frozen=True)
class Evidence:
    """One quantity that a rule looked up: its text in the rule, what it is in words, its value as shown."""

    quantity: str
    words: str
    value: str
    references: tuple[Reference, ...]


@dataclass(frozen=True)
class AuditedClaim:
    """One claim and its verdict.

    Attributes
    ----------
    id, document, page, claim, quote : str
        `page` names the audited document; `claim` is the claim in other words, `quote` word for word (or empty).
    claimed : str
        The claimed value as printed, with its unit; empty if there is none.
    by : str
        ``rule``: decided by data; ``judgement``: recorded, with its reason and source.
    verdict : str
    in_short : str
        What the evidence says, in one sentence with its numbers.
    reason : str
        Recorded reason.
    rule : str
        The rule that decided; empty for a judgement.
    holds, specifications : int
        In how many specifications of the analyses that it names the deciding condition holds; 0 of 0 if it names none.
    held_in, failed_in : tuple of str
        Their names.
    evidence : tuple of Evidence
    cited : tuple of str
        Sources that the page cites for it.
    sources : tuple of Reference
        What was read for it.
    recorded : str
        Verdict that was recorded before, if the rule's is another.
    """

    id: str
    document: str
    page: str
    claim: str
    kind: str
    claimed: str
    by: Literal["rule", "judgement"]
    verdict: ClaimVerdict
    in_short: str
    reason: str
    rule: str
    holds: int
    specifications: int
    held_in: tuple[str, ...]
    failed_in: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    cited: tuple[str, ...]
    sources: tuple[Reference, ...]
    recorded: str
    file: str
    line: int
    quote: str = ""


def claims_to_json(found: tuple[AuditedClaim, ...]) -> str:
    """All audited claims as JSON."""
    counts = {v: sum(c.verdict == v for c in found) for v in VERDICTS}
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "counts": counts,
        "claims": [to_plain(c) for c in found],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def claims_from_json(text: str) -> tuple[AuditedClaim, ...]:
    """Audited claims from their JSON."""
    return tuple(from_plain(AuditedClaim, x) for x in json.loads(text)["claims"])
