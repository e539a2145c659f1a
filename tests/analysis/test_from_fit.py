"""A fit from Python as an analysis result: the same numbers, the words it lacks, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis.from_fit import result_of

COUNTS = {
    "e1": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
    "n1": [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913],
    "e2": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
    "n2": [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854],
}
GROUPS = ["random", "random", "random", "random", "alternate", "alternate", "random", "random", "random", "systematic",
          "systematic", "systematic", "systematic"]  # fmt: skip
ES = mr.effect_sizes("RR", **COUNTS)


def test_numbers_are_those_of_the_fit_and_of_the_published_example():
    fit = mr.pool(ES.yi, ES.vi, ci="z")
    result = result_of(fit, measure="RR", inputs=COUNTS)
    s = result.summary
    # metafor 3.8-1 on dat.bcg, REML, Wald: 0.4894 (0.3441 to 0.6962).
    assert [round(v, 4) for v in (s.estimate, s.ci_low, s.ci_high)] == [0.4894, 0.3441, 0.6962]
    assert s.beta == fit.beta and s.tau2 == fit.tau2 and s.participants == sum(COUNTS["n1"]) + sum(COUNTS["n2"])
    assert [x.weight for x in result.studies] == list(fit.weights)
    first = result.studies[0]
    half = 1.959963984540054 * math.sqrt(ES.vi[0])
    assert first.ci_high == pytest.approx(math.exp(ES.yi[0] + half), rel=1e-12) and first.participants == 262
    assert result.sort == "given" and [x.label for x in result.studies[:2]] == ["Study 1", "Study 2"]


def test_groups_are_pooled_by_themselves_with_the_fits_own_methods():
    fit = mr.pool(ES.yi, ES.vi, tau2="DL", ci="z")
    result = result_of(fit, measure="RR", groups=GROUPS)
    members = np.array([g == "systematic" for g in GROUPS])
    shared = mr.pool_subgroups(ES.yi, ES.vi, GROUPS, tau2="DL", ci="z")
    own = mr.pool(ES.yi[members], ES.vi[members], tau2=shared.fits[0].tau2, ci="z")
    (found,) = [g.summary for g in result.subgroups if g.group == "systematic"]
    assert (found.beta, found.tau2, found.k, found.tau2_method) == (own.beta, own.tau2, 4, "DL")
    assert (result.subgroup_test.df, result.subgroup_test.df_residual) == (2, 10) and 0 < result.subgroup_test.p < 1


def test_a_masked_study_stays_visible_and_is_not_pooled():
    fit = mr.pool(ES.yi, ES.vi, mask=[True] * 12 + [False])
    result = result_of(fit, measure="RR")
    assert result.summary.k == 12 and not result.studies[12].estimable and result.studies[12].weight == 0
    assert math.isnan(result.studies[12].estimate) and result.studies[12].notes == ("no usable number",)


def test_another_model_is_kept_with_no_interval_of_a_tau2_that_it_has_not():
    fit, common = mr.pool(ES.yi, ES.vi), mr.pool(ES.yi, ES.vi, tau2="CE", ci="z")
    (other,) = result_of(fit, measure="RR", models={"Common effect": common}).sensitivity
    assert other.label == "Common effect" and other.summary.beta == common.beta
    assert math.isnan(other.summary.tau2_high) and math.isnan(other.summary.i2_high)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"labels": ["one"]}, r"^labels has 1 values for 13 studies\. Fix: one a study, in their order\.$"),
        ({"groups": ["a", "b"]}, r"^groups has 2 values for 13 studies"),
        ({"inputs": {"e1": [1]}}, r"^e1 has 1 values for 13 studies"),
        ({"columns": {"Latitude": []}}, r"^Latitude has 0 values for 13 studies"),
        ({"measure": "odds"}, r"odds"),
    ],
)
def test_what_does_not_fit_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        result_of(mr.pool(ES.yi, ES.vi), **{"measure": "RR", **words})


def test_a_batch_and_a_regression_are_refused():
    for fit in (mr.pool(np.tile(ES.yi, (3, 1)), np.tile(ES.vi, (3, 1))),
                mr.pool(ES.yi, ES.vi, moderators=np.arange(13.0)[:, None])):  # fmt: skip
        with pytest.raises(mr.DataError, match=r"one fit of metarepro\.pool without moderators"):
            result_of(fit, measure="RR")


def test_an_analysis_result_keeps_its_own_words(results):
    result = results["response_24h_or"]
    assert result_of(result) is result and result_of(result, title="Another").title == "Another"
    with pytest.raises(mr.ConfigError, match=r"^An analysis result has its own labels, measure\. Fix: leave that out"):
        result_of(result, measure="RR", labels=["a"])
    with pytest.raises(mr.ConfigError, match=r"^better = 'more' is not known\. Allowed: high, low\.$"):
        result_of(mr.pool(ES.yi, ES.vi), better="more")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"label": ["a"] * 13}, r"^Figures take no 'label'\. Fix: did you mean 'labels'\?$"),
        (
            {"inputs": {k: v for k, v in COUNTS.items() if k != "n2"}},
            r"^inputs of RR are e1, n1, e2, n2; missing: n2\.",
        ),
        ({"inputs": {**COUNTS, "ai": COUNTS["e1"]}}, r"unknown: ai\. Fix: name them so\.$"),
        ({"inputs": {**COUNTS, "e1": COUNTS["e2"], "e2": COUNTS["e1"]}}, r"^inputs of study \d+ give .* the fit has "),
        ({"measure": "OR", "inputs": COUNTS}, r"^inputs of study \d+ give .* \(OR\), the fit has "),
        ({"labels": ["a", None, *["b"] * 11]}, r"^labels: that of study 2 is empty\."),
        ({"models": {"CE": "CE"}}, r"not str\. Fix: give fit = metarepro\.pool\(yi, vi\)\.$"),
    ],
)
def test_words_that_would_make_a_wrong_picture_are_refused(words, message):
    with pytest.raises(ValueError, match=message):
        mr.figures.forest(mr.pool(ES.yi, ES.vi), **{"measure": "RR", **words})


def test_nobody_is_favoured_unless_better_says_so():
    fit = mr.pool(ES.yi, ES.vi)
    names = {"measure": "RR", "experimental": "vaccine", "control": "no vaccine"}
    silent = mr.figures.forest(fit, **names).metarepro.canvas
    assert not any("Favours" in t.text for t in silent.texts)
    said = [t.text for t in mr.figures.forest(fit, better="low", **names).metarepro.canvas.texts]
    assert "\u2190 Favours vaccine" in said and "Favours no vaccine \u2192" in said


def test_equal_labels_are_told_apart():
    result = result_of(mr.pool(ES.yi, ES.vi), measure="RR", labels=["Smith 2001"] * 13)
    assert [s.label for s in result.studies[:3]] == ["Smith 2001", "Smith 2001 (2)", "Smith 2001 (3)"]


def test_title_and_notes_may_stay_out_of_the_picture_but_not_of_its_text_alternative():
    figure = mr.figures.forest(mr.pool(ES.yi, ES.vi), measure="RR", title=False, notes=False)
    words = " ".join(t.text for t in figure.metarepro.canvas.texts)
    assert "Risk ratio, inverse variance" not in words and "Squares: area by weight" not in words
    assert "restricted maximum likelihood" in figure.metarepro.description
