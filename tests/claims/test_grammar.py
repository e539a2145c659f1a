"""The grammar of rules: what it reads, what it refuses, and that it never runs anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metarepro.claims.grammar import Call, Literal, Operation, RuleError, calls_of, parse_finding, parse_rules


def test_rules_are_read_in_order():
    first, second = parse_rules(
        "rate(a, b, response, 24) = 64% and cited(all) >= 2 -> partly_supported; otherwise -> contradicted"
    )
    assert (first.verdict, second.verdict, second.comparisons) == ("partly supported", "contradicted", ())
    rate, cited = first.comparisons
    assert rate.left == Call("rate", ("a", "b", "response", "24"), "rate(a, b, response, 24)", 1)
    assert rate.right == Literal(0.64, 0.005, "64%")
    assert (cited.relation, cited.right.value) == (">=", 2)


def test_precedence_and_brackets():
    (rule,) = parse_rules("1 - cited(all) / (2 + 3) * 4 < 0.5 +- 0.01 -> supported")
    (comparison,) = rule.comparisons
    assert isinstance(comparison.left, Operation) and comparison.left.sign == "-"
    product = comparison.left.right
    assert product.sign == "*" and product.left.sign == "/" and product.left.right.sign == "+"
    assert comparison.tolerance.value == 0.01
    assert [c.name for c in calls_of(comparison.left)] == ["cited"]


@pytest.mark.parametrize(
    ("text", "position", "message"),
    [
        ("", 1, "the end is not expected here: expected a number or a quantity"),
        ("pooled(a) = 3", 14, "the end is not expected here: expected `and`, or `-> verdict`"),
        ("pooled(a) = 3 -> perhaps", 17, "'perhaps' is no verdict"),
        ("pooled(a -> supported", 22, "a bracket is not closed"),
        ("os.system = 1 -> supported", 3, "'.' is not allowed here"),
        ("source(a, kind) is 3 -> supported", 20, "a word or a quoted text must follow `is`"),
        ("otherwise -> supported; cited(all) = 1 -> supported", 52, "`otherwise` must be the last rule"),
        ("(" * 30 + "1 = 1 -> supported", 21, "more than 20 brackets"),
        ("cited(all) = 1 -> supported; " + "x" * 2000, 2000, "over 2000 characters"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text, position, message):
    with pytest.raises(RuleError) as error:
        parse_rules(text)
    assert message in error.value.message
    assert abs(error.value.position - position) <= 1


def test_findings_are_texts_and_terms():
    assert [p if isinstance(p, str) else p.text for p in parse_finding("Of {cited(all)} works.")] == [
        "Of ", "cited(all)", " works.",
    ]  # fmt: skip
    for text in ("a { b", "a } b", "{}", "{cited(all) and}"):
        with pytest.raises(RuleError):
            parse_finding(text)


@given(st.text(alphabet='abz019 .,;()<>=+-*/%"_{}é\n', max_size=80))
def test_any_text_is_read_or_refused(text):
    for parse in (parse_rules, parse_finding):
        try:
            parse(text)
        except RuleError as error:
            assert 1 <= error.position <= len(text) + 2
