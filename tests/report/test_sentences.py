"""Sentences of the page: one template for each number of trials, and for what the interval holds."""

from __future__ import annotations

import dataclasses

import pytest

from metarepro.report.cards import icon_array
from metarepro.report.sentences import answer, lead, what_would_change
from metarepro.report.words import Reader, verdict
from tests.report.dom import parse
from tests.report.pages import make_page, write_project

STUDIES = [
    {"label": "A 2001", "e1": 20, "n1": 40, "e2": 10, "n2": 40},
    {"label": "B 2002", "e1": 22, "n1": 40, "e2": 11, "n2": 40},
    {"label": "C 2003", "e1": 21, "n1": 40, "e2": 10, "n2": 40},
]


def result_of(folder, studies, measure="OR", **settings):
    made = make_page(write_project(folder, studies, measure, **settings))
    return made.results.analyses[0], made


def words(markup) -> str:
    return parse(str(markup)).words()


def test_no_trial(tmp_path):
    studies = [{"label": "A 2001", "e1": 0, "n1": 40, "e2": 0, "n2": 40}]
    result, _ = result_of(tmp_path, studies, more="model: {zero_cells: none}\n")
    assert result.conclusion.verdict == "no_trial" and result.conclusion.crosses_null is None
    assert words(lead(result, Reader())) == "No trial measured this."
    assert words(verdict(result)) == "\u2013 No trial measured this"


def test_one_trial_says_its_counts_and_makes_no_diamond(tmp_path):
    result, made = result_of(tmp_path, STUDIES[:1])
    assert result.conclusion.verdict == "one_trial" and result.conclusion.crosses_null is False
    assert words(lead(result, Reader())) == (
        "One trial only, A 2001: 20 of 40 with drug and 10 of 40 with placebo; odds ratio 3.00 (1.16 to 7.73). The "
        "interval excludes no difference, in this one trial."
    )
    tree = parse(made.html)
    assert not [n for n in tree.walk() if n.has("dm")] and [n for n in tree.walk() if n.has("one")]


def test_one_trial_without_an_interval_excludes_nothing(tmp_path):
    """An effect without an interval says neither that no difference is in it nor that it is not."""
    result, _ = result_of(tmp_path, STUDIES[:1])
    without = dataclasses.replace(result, conclusion=dataclasses.replace(result.conclusion, crosses_null=None))
    said = words(lead(without, Reader()))
    assert said.endswith("There is no interval.") and "excludes" not in said and "includes" not in said
    assert words(what_would_change(without)) == "There is no interval that another way of computing it could move."


@pytest.mark.parametrize(
    ("second", "code", "ending"),
    [
        ((22, 40, 9, 40), "two_agree", "Both point the same way."),
        ((9, 40, 22, 40), "two_disagree", "They do not agree; nothing can be concluded."),
        ((12, 40, 10, 40), "two_disagree", "They do not agree; nothing can be concluded."),
    ],
)
def test_two_trials_are_shown_and_not_pooled(tmp_path, second, code, ending):
    studies = [STUDIES[0], {"label": "B 2002", **dict(zip(("e1", "n1", "e2", "n2"), second, strict=True))}]
    result, made = result_of(tmp_path, studies)
    assert result.conclusion.verdict == code
    said = words(lead(result, Reader()))
    assert said.startswith(
        "Two trials, not pooled on this page, drug against placebo: odds ratio 3.00 (1.16 to 7.73) in A 2001, "
    )
    assert said.endswith(ending)
    one, two = STUDIES[0], dict(zip(("e1", "n1", "e2", "n2"), second, strict=True))
    assert words(answer(result, Reader())) == (
        f"Response: in A 2001 {one['e1']} of 40 with drug and {one['e2']} of 40 with placebo; in B 2002 {two['e1']} of 40 "
        f"with drug and {two['e2']} of 40 with placebo. {ending}"
    )
    tree = parse(made.html)
    assert not [n for n in tree.walk() if n.has("dm")]
    assert "For the record, what the two trials give together" in tree.words()


def test_two_trials_that_both_hold_no_difference(tmp_path):
    studies = [{"label": f"{x} 2001", "e1": 11, "n1": 40, "e2": 10, "n2": 40} for x in "AB"]
    result, _ = result_of(tmp_path, studies)
    assert result.conclusion.verdict == "two_cross"
    assert words(lead(result, Reader())).endswith("Neither excludes no difference; nothing can be concluded.")


def test_three_trials_that_exclude_no_difference(tmp_path):
    result, _ = result_of(tmp_path, STUDIES)
    assert (result.conclusion.verdict, result.conclusion.crosses_null) == ("higher", False)
    said = words(lead(result, Reader()))
    assert said.startswith("Odds ratio 3.18 (") and "drug against placebo; 3 trials, 240 people." in said
    assert said.endswith("The interval excludes no difference.")
    assert words(verdict(result)) == "\u25b2 More with drug: better"
    a = result.absolute
    assert a is not None and str(a.source) == "31 of 120 in the control arms"
    assert words(answer(result, Reader())) == (
        f"Response: 26 of 100 people given placebo; of 100 given drug, {100 * a.treated_risk:.0f} "
        f"({100 * a.treated_low:.0f} to {100 * a.treated_high:.0f})."
    )


def test_three_trials_that_cannot_tell_are_never_no_effect(tmp_path):
    studies = [dict(STUDIES[0]), {**STUDIES[1], "e1": 11}, {**STUDIES[2], "e1": 12}]
    result, made = result_of(tmp_path, studies)
    assert (result.conclusion.verdict, result.conclusion.crosses_null) == ("cannot_tell", True)
    assert words(lead(result, Reader())).endswith("The interval includes no difference: the trials cannot tell.")
    assert words(verdict(result)) == "\u25c7 Cannot tell yet"
    assert ", but the trials fit anything from " in words(answer(result, Reader()))
    assert "no effect" not in parse(made.html).words().lower()


def test_a_lower_result_on_an_outcome_that_is_bad_is_marked_better(tmp_path):
    studies = [{"label": f"{x} 2001", "e1": 8, "n1": 40, "e2": 21, "n2": 40} for x in "ABC"]
    result, made = result_of(tmp_path, studies, better="low")
    assert words(verdict(result)) == "\u25bc Fewer with drug: better"
    assert "\u2190 fewer (better)" in parse(made.html).words()


def test_a_measure_without_a_control_group_is_no_effect(results):
    result = results["rate_24h"]
    assert result.conclusion.verdict == "no_control" and result.absolute is None and result.certainty is None
    assert words(lead(result, Reader())).endswith("There is no control group, so this is not an effect of ketamine.")


def test_what_must_not_be_quoted_says_why(results):
    result = results["remission_7d_or"]
    assert words(verdict(result)) == "\u2013 Do not quote"
    assert words(lead(result, Reader())).endswith("on this day; the count cannot be.")


def test_what_would_change_it_names_the_variants(results):
    assert words(what_would_change(results["suicidality_24h_or"])) == (
        "None of 15 other ways of computing it moves the interval across \u201cno difference\u201d."
    )
    assert words(what_would_change(results["response_24h_or"])) == (
        "\u201cREML with Wald intervals\u201d; \u201cDerSimonian-Laird with Wald intervals\u201d; \u201cCommon effect\u201d: 3 of 13 "
        "other ways of computing it move the interval off \u201cno difference\u201d."
    )
    assert words(what_would_change(results["response_24h_or_wide"])).startswith(
        "Leaving out Murrough 2013 (AJP), Sos 2013, Lapidus 2014 or Grunebaum 2018; "
    )


@pytest.mark.parametrize(
    ("hours", "said"),
    [((24, 24), "24 hours"), ((24, 72), "24 hours to 3 days"), ((48, 96), "2 to 4 days"), ((0.5, 4), "30 minutes to 4 hours"),
     ((0, 0), "at once"), ((1, 1), "1 hour")],
)  # fmt: skip
def test_times_read_as_words(hours, said):
    assert Reader().span(*hours) == said
    assert Reader("d").span(24, 72) == "1 to 3 days" and Reader("wk").at(336) == "2 weeks"


def test_an_icon_array_has_as_many_dots_as_people(results):
    """Dots are dashes of lines, 11.6 apart: a line of length 11.6 (n - 1) has n of them."""
    effect = results["suicidality_24h_or"].absolute

    def dots(tree, kind):
        lines = [n for n in tree.all(tag="line") if n.has(kind)]
        return sum(round((float(n.attrs["x2"]) - float(n.attrs["x1"])) / 11.6) + 1 for n in lines)

    control, treated = (parse(str(icon_array(effect, treated=t))) for t in (False, True))
    assert dots(control, "ic") == round(100 * effect.control_risk) == 20 and dots(control, "i0") == 100
    low, middle, high = (round(100 * x) for x in (effect.treated_low, effect.treated_risk, effect.treated_high))
    assert (dots(treated, "i1"), dots(treated, "i2"), dots(treated, "i3")) == (low, middle - low, high - middle)
