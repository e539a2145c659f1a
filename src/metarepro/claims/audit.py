"""The verdict on each claim: by its rule where data can decide it, else the recorded judgement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from metarepro.analysis.config import Config
from metarepro.analysis.result import AnalysisResult
from metarepro.claims.evaluation import all_hold, calls_in, shown_term
from metarepro.claims.grammar import Call, Rule, calls_of, parse_finding, parse_rules
from metarepro.claims.lookups import MAIN, Library, Value, cited_by
from metarepro.claims.quantities import look_up
from metarepro.claims.result import VERDICTS, AuditedClaim, ClaimVerdict, Evidence, Reference
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import Claim
from metarepro.reproduction.result import Reproduction

SOME: ClaimVerdict = "supported only under named specifications"


def audit_claims(
    config: Config,
    data: Dataset,
    results: Mapping[str, AnalysisResult],
    reproductions: Mapping[str, Reproduction],
) -> tuple[AuditedClaim, ...]:
    """Judge every row of claims.csv.

    Parameters
    ----------
    config : Config
    data : Dataset
    results : mapping of str to AnalysisResult
        By id.
    reproductions : mapping of str to Reproduction
        By id of the printed result.

    Notes
    -----
    The first rule that holds decides. A rule for ``supported`` that names pooled results must hold in every
    specification of their analyses: the configured one, all sensitivity variants, and every combination of them where
    the analysis has a multiverse. Where it holds in some only, the verdict is ``supported only under named
    specifications``. Other verdicts are those of the configured specification, and say in how many of the others their
    rule holds too. If no rule holds, or a number that it needs does not exist, the claim is not checkable.
    """
    library = Library(data, tuple(a.id for a in config.analyses), results, reproductions)
    titles = {name: f"{d.title} ({d.address})" if d.address else d.title for name, d in config.documents.items()}
    claims = [c for c in data.others.get("claims", ()) if isinstance(c, Claim)]
    return tuple(_audit(claim, library, titles) for claim in claims)


@dataclass(frozen=True)
class _Decision:
    """Which rule decided, how often it held in the specifications of its analyses."""

    verdict: ClaimVerdict
    rule: str
    held_in: tuple[str, ...] = ()
    failed_in: tuple[str, ...] = ()


def _audit(claim: Claim, library: Library, titles: Mapping[str, str]) -> AuditedClaim:
    recorded = recorded_verdict(claim)
    evidence: dict[str, Evidence] = {}
    decision = _Decision(recorded, "")
    if claim.rule:
        decision = _decide(parse_rules(claim.rule), claim, library, evidence)
    finding = _sentence(claim, library, evidence)
    value = _claimed(claim)
    addresses = re.findall(r"https?://[^\s;]+", claim.source_url)
    return AuditedClaim(
        id=claim.claim_id,
        document=claim.document,
        page=titles.get(claim.document, claim.document.replace("_", " ").capitalize()),
        claim=claim.paraphrase,
        quote=claim.quote,
        kind=claim.claim_type,
        claimed=value,
        by="rule" if claim.rule else "judgement",
        verdict=decision.verdict,
        in_short=finding or claim.reason or claim.what_source_says,
        reason=claim.reason,
        rule=decision.rule,
        holds=len(decision.held_in),
        specifications=len(decision.held_in) + len(decision.failed_in),
        held_in=decision.held_in,
        failed_in=decision.failed_in,
        evidence=tuple(evidence.values()),
        cited=cited_by(claim),
        sources=tuple(Reference("source", claim.claim_id, source_url=a, locator=claim.locator) for a in addresses),
        recorded=recorded if claim.rule and recorded != decision.verdict else "",
        file=claim.file,
        line=claim.line,
    )


def recorded_verdict(claim: Claim) -> ClaimVerdict:
    """The verdict that the table records; not checkable if it records none."""
    word = claim.verdict.replace("_", " ").strip()
    return next((v for v in VERDICTS if v == word), "not checkable")


def _claimed(claim: Claim) -> str:
    low, high = claim.value_low.strip(), claim.value_high.strip()
    value = low if not high or low == high else high if not low else f"{low} to {high}"
    return f"{value}{'' if claim.unit == '%' else ' '}{claim.unit}".strip() if value else ""


def _decide(rules: tuple[Rule, ...], claim: Claim, library: Library, evidence: dict[str, Evidence]) -> _Decision:
    for rule in rules:
        values = {}
        for call in calls_in(rule.comparisons):
            values[call.text] = value = look_up(library, call, claim)
            evidence.setdefault(call.text, _evidence(call, value))
        variants = _variants(values.values())
        if len(variants) > 1:
            outcomes = {v: all_hold(rule.comparisons, values, v) for v in variants}
            held = tuple(v for v, holds in outcomes.items() if holds)
            failed = tuple(v for v, holds in outcomes.items() if not holds)
            if rule.verdict == "supported" and held:
                return _Decision("supported" if not failed else SOME, rule.text, held, failed)
            if rule.verdict != "supported" and outcomes.get(MAIN):
                return _Decision(rule.verdict, rule.text, held, failed)
        elif all_hold(rule.comparisons, values):
            return _Decision(rule.verdict, rule.text)
    return _Decision("not checkable", "no rule holds")


def _variants(values: Iterable[Value]) -> list[str]:
    """Specifications in which every quantity of the analysis that has them is known."""
    by_analysis: dict[str, list[Value]] = {}
    for value in values:
        if value.variants:
            by_analysis.setdefault(value.references[0].name, []).append(value)
    found = dict.fromkeys(v for group in by_analysis.values() for value in group for v in value.variants)
    return [
        v
        for v in found
        if all(sum(v in x.variants for x in group) in (0, len(group)) for group in by_analysis.values())
    ]


def _evidence(call: Call, value: Value) -> Evidence:
    return Evidence(call.text, value.words, value.shown, value.references)


def _sentence(claim: Claim, library: Library, evidence: dict[str, Evidence]) -> str:
    """What the data show, with the quantities in braces looked up."""
    parts = []
    for part in parse_finding(claim.finding):
        if isinstance(part, str):
            parts.append(part)
            continue
        values = {}
        for call in calls_of(part):
            values[call.text] = value = look_up(library, call, claim)
            evidence.setdefault(call.text, _evidence(call, value))
        parts.append(shown_term(part, values))
    return "".join(parts)
