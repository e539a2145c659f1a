"""Comparisons and sentences of the grammar, with the values that were looked up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from metarepro.claims.grammar import Call, Comparison, Literal, Operation, Term, calls_of, parse_finding
from metarepro.claims.lookups import MAIN, Value


def all_hold(comparisons: Iterable[Comparison], values: Mapping[str, Value], variant: str = MAIN) -> bool:
    """Whether all comparisons hold, in a specification of the analyses that they name."""
    return all(holds(c, values, variant) for c in comparisons)


def holds(comparison: Comparison, values: Mapping[str, Value], variant: str = MAIN) -> bool:
    """Whether a comparison holds; not if a number that it needs does not exist."""
    if isinstance(comparison.right, str):
        assert isinstance(comparison.left, Call)
        same = values[comparison.left.text].text.casefold() == comparison.right.casefold()
        return same == (comparison.relation == "is")
    (left, half_left), (right, half_right) = (
        number_of(side, values, variant) for side in (comparison.left, comparison.right)
    )
    if not (math.isfinite(left) and math.isfinite(right)):
        return False
    if comparison.relation in ("=", "!="):
        room = comparison.tolerance.value if comparison.tolerance else max(half_left, half_right)
        equal = abs(left - right) <= room + 1e-12 * max(abs(left), abs(right), 1.0)
        return equal == (comparison.relation == "=")
    room = comparison.tolerance.value if comparison.tolerance else 0.0
    return {
        "<": left < right + room,
        "<=": left <= right + room,
        ">": left > right - room,
        ">=": left >= right - room,
    }[comparison.relation]


def number_of(term: Term, values: Mapping[str, Value], variant: str = MAIN) -> tuple[float, float]:
    """Value of a term, and half a unit of its last digit if it is printed."""
    if isinstance(term, Literal):
        return term.value, term.half
    if isinstance(term, Call):
        value = values[term.text]
        return value.variants.get(variant, value.number), value.half
    assert isinstance(term, Operation)
    left, right = (number_of(side, values, variant)[0] for side in (term.left, term.right))
    if term.sign == "/":
        return (left / right if right else math.nan), 0.0
    return {"+": left + right, "-": left - right, "*": left * right}[term.sign], 0.0


def calls_in(comparisons: Iterable[Comparison]) -> list[Call]:
    """All quantities that comparisons name."""
    return [call for x in comparisons for side in (x.left, x.right) for call in calls_of(side)]


def calls_of_text(text: str) -> list[Call]:
    """All quantities in the braces of a sentence.

    Raises
    ------
    RuleError
        It cannot be read.
    """
    return [call for part in parse_finding(text) if not isinstance(part, str) for call in calls_of(part)]


def shown_term(term: Term, values: Mapping[str, Value]) -> str:
    """A term as a reader sees it: a quantity as it is shown, what is computed of quantities with three digits."""
    if isinstance(term, Call):
        return values[term.text].shown
    number, _ = number_of(term, values)
    shares = all("%" in v.shown for v in values.values()) or (isinstance(term, Operation) and term.sign == "/")
    return f"{100 * number:.1f}%" if shares else f"{number:.3g}"
