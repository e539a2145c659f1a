"""Networks of treatments: reference numbers, published values, what must not change anything, bad input."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr
from tests.conftest import ROOT, agree

CASES = json.loads((ROOT / "tests/data/further_models_reference.json").read_text(encoding="utf-8"))["network"]
COLUMNS = {"mean": "m", "sd": "sd", "n": "n", "event": "e"}


def arms(case):
    numbers = {COLUMNS[name]: x for name, x in case["inputs"].items() if name in COLUMNS}
    return {"study": case["inputs"]["study"], "treatment": case["inputs"]["treat"], **numbers}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_networks_agree_with_independent_matrices(case):
    measure = case["effect_measure"].removeprefix("log ")
    for name, known in case["fits"].items():
        method = "CE" if name == "common" else name
        fit = mr.network_from_arms(measure, **arms(case), reference=case["reference"], method=method)
        what = (case["id"], method)
        assert fit.treatments == tuple(case["treatments"]) and fit.k == case["n_studies"], what
        assert fit.converged and abs(fit.tau2 - known["tau2"]) < 1e-8 * max(known["tau2"], 1e-3), what
        others = [t for t in case["treatments"] if t != case["reference"]]
        for treatment, beta, se in zip(others, known["beta_vs_ref"], known["se_vs_ref"], strict=True):
            effect = fit.effect(treatment)
            assert agree(effect.beta, beta, 1e-8) and agree(effect.se, se, 1e-8), (*what, treatment)
        if known["loglik"] is not None and method in ("REML", "ML"):
            assert agree(fit.log_likelihood, known["loglik"], 1e-9), what
        high = mr.network_from_arms(measure, **arms(case), method=method, better="high").p_scores
        for treatment, score in zip(case["treatments"], known["P_score_large_values_good"], strict=True):
            assert abs(high[treatment] - score) < 1e-8, (*what, treatment)
        q = case["Q"]
        pairs = [(fit.q, q["total"]), (fit.q_heterogeneity, q["within"]), (fit.q_inconsistency, q["between"])]
        assert all(agree(a, b, 1e-8) for a, b in pairs), what
        assert (fit.q_df, fit.q_heterogeneity_df, fit.q_inconsistency_df) == (q["df"], q["df_within"], q["df_between"])
        if name in case["design_by_treatment"]:
            test, expected = fit.design_by_treatment(), case["design_by_treatment"][name]
            assert test.df == expected["df"] and agree(test.statistic, expected["chi2"], 1e-7), what
            assert abs(test.tau2 - expected["tau2_within_designs"]) < 1e-7 * max(expected["tau2_within_designs"], 1e-3)


def test_senn_2013():
    # Statistical Methods in Medical Research 22: 169-189: metformin -1.13, rosiglitazone -1.23 against placebo (random).
    case = next(c for c in CASES if c["id"] == "dat.senn2013/MD")
    fit = mr.network_from_arms("MD", **arms(case), method="DL", better="low")
    assert fit.effect("metformin", "placebo").beta == pytest.approx(-1.13, abs=0.01)
    assert fit.effect("rosiglitazone", "placebo").beta == pytest.approx(-1.23, abs=0.01)
    assert fit.p_scores.idxmax() == "rosiglitazone"


def triangle(seed, k):
    rng = np.random.default_rng(seed)
    names = ["a", "b", "c", "d"]
    true = dict(zip(names, rng.normal(0, 0.5, 4), strict=True))
    rows = []
    for i in range(k):
        size = int(rng.integers(2, 4))
        chosen = rng.choice(names, size, replace=False)
        means = [true[t] + rng.normal(0, 0.2) for t in chosen]
        variances = rng.uniform(0.01, 0.1, size)
        rows += [
            (means[x] - means[y], variances[x] + variances[y], chosen[x], chosen[y], i)
            for x in range(size) for y in range(x + 1, size)
        ]  # fmt: skip
    return [list(column) for column in zip(*rows, strict=True)]


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(4, 9), st.randoms(use_true_random=False))
def test_order_direction_and_reference_do_not_matter(seed, k, random):
    y, v, first, second, study = triangle(seed, k)
    try:
        fit = mr.network(y, v, first, second, study)
    except mr.DataError as error:
        assert "parts that no study connects" in str(error)
        return
    order = list(range(len(y)))
    random.shuffle(order)
    turn = [random.random() < 0.5 for _ in order]
    other = mr.network(
        [-y[i] if t else y[i] for i, t in zip(order, turn, strict=True)], [v[i] for i in order],
        [second[i] if t else first[i] for i, t in zip(order, turn, strict=True)],
        [first[i] if t else second[i] for i, t in zip(order, turn, strict=True)], [study[i] for i in order],
        reference=fit.treatments[-1],
    )  # fmt: skip
    for a in fit.treatments:
        for b in fit.treatments:
            mine, theirs = fit.effect(a, b), other.effect(a, b)
            assert abs(mine.beta - theirs.beta) < 1e-6 and abs(mine.se - theirs.se) < 1e-6
            assert abs(mine.beta + fit.effect(b, a).beta) < 1e-9
    assert abs(fit.q_inconsistency - other.q_inconsistency) < 1e-6


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(0.01, 1)), min_size=2, max_size=8))
def test_two_treatments_are_pool(studies):
    yi, vi = (list(x) for x in zip(*studies, strict=True))
    fit = mr.network(yi, vi, ["new"] * len(yi), ["old"] * len(yi), range(len(yi)))
    pooled, effect = mr.pool(yi, vi, ci="z"), fit.effect("new", "old")
    assert math.isclose(effect.beta, pooled.beta, rel_tol=1e-7, abs_tol=1e-9)
    assert math.isclose(effect.se, pooled.se, rel_tol=1e-7) and math.isclose(
        fit.tau2, pooled.tau2, rel_tol=1e-6, abs_tol=1e-9
    )
    assert fit.q_inconsistency_df == 0


def test_a_loop_is_split_into_direct_and_indirect_evidence():
    y, v = [-0.5, -0.2, -0.4, -0.6], [0.04, 0.05, 0.06, 0.05]
    fit = mr.network(y, v, ["a", "a", "b", "a"], ["b", "c", "c", "b"], [1, 2, 3, 4], method="CE")
    split = fit.node_split().loc["a v c"]
    # Two studies of a v b, one of b v c: their sum is the indirect evidence.
    direct_ab = (-0.5 / 0.04 - 0.6 / 0.05) / (1 / 0.04 + 1 / 0.05)
    assert split["direct"] == pytest.approx(-0.2) and split["direct_se"] == pytest.approx(math.sqrt(0.05))
    assert split["indirect"] == pytest.approx(direct_ab - 0.4)
    assert split["p_value"] == pytest.approx(fit.design_by_treatment().p_value, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mr.network([1, 2], [1, 1], ["a", "c"], ["b", "d"], [1, 2]), "The network is in 2 parts that no study connects: a, b; c, d. Fix: analyse one part, or add a study that compares treatments of two."),
        (lambda: mr.network([1, 2], [1, 1], ["a", "a"], ["b", "c"], [1, 1]), "Study 1 has 3 arms and lacks b v c (rows 0, 1 (counted from 0)): its effects share an arm, and their covariance follows from all its pairs. Fix: add them, or network_from_arms."),
        (lambda: mr.network([1, 1, 9], [1, 1, 1], ["a", "a", "b"], ["b", "c", "c"], [1, 1, 1]), "Study 1: the effects of its pairs contradict each other (rows 0, 1, 2 (counted from 0)): each pair must be the difference of two arms. Fix: compute all pairs from the same arms, or network_from_arms."),
        (lambda: mr.network([1, 2], [1, 1], ["a", "a"], ["b", "c"], [1, 2]).design_by_treatment(), "The network has no closed loop of several designs, so that nothing can be inconsistent."),
        (lambda: mr.network([1, 2], [1, 1], ["a", "a"], ["b", "c"], [1, 2]).effect("z"), "The network has no 'z'. Treatments: a, b, c."),
        (lambda: mr.network([1, 2], [1, 0], ["a", "a"], ["b", "c"], [1, 2]), "yi is missing, or vi not positive, in row 1 (counted from 0). Fix: leave these rows out."),
        (lambda: mr.network_from_arms("OR", study=[1, 1, 2], treatment=["a", "b", "a"], e=[1, 2, 1], n=[9, 9, 9]), "Study 2 has one arm only (row 2 (counted from 0)): it compares nothing."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_mend(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_the_league_has_every_pair_on_the_scale_of_readers():
    fit = mr.network_from_arms(
        "OR", study=[1, 1, 2, 2], treatment=["saline", "ketamine", "saline", "midazolam"], e=[5, 12, 4, 6],
        n=[30, 30, 25, 26], reference="saline",
    )  # fmt: skip
    league = fit.league()
    assert league.loc["saline", "saline"] == "–"
    assert league.loc["ketamine", "saline"].startswith("3.333 (")
    assert fit.table("midazolam").index.tolist() == ["ketamine", "saline"]


# Gleser & Olkin 2009, Table 19.1 (Handbook of Research Synthesis and Meta-Analysis, 2nd ed., chapter 19): one control and
# up to three treatments a study. Effects by generalised least squares with rma.mv of metafor and the chapter's
# covariance, which is the variance of the control arm.
GLESER = [
    (1, "control", 40, 1000), (1, "t1", 100, 4000), (1, "t2", 150, 4000),
    (2, "control", 10, 200), (2, "t1", 15, 400),
    (3, "control", 150, 2000), (3, "t1", 40, 1000), (3, "t2", 80, 1000), (3, "t3", 50, 1000),
]  # fmt: skip
GLESER_FITS = {
    "RD": ((-0.02001621429377368, -0.00427970963146499, -0.02114184089991053),
           (0.00496104994538481, 0.00534211660634800, 0.00835502764797806), 7.190709225181),
    "OR": ((-0.5099414006854750, -0.0043726027233181, -0.4300906606481472),
           (0.118816526817986, 0.108551355538211, 0.164397830319859), 2.05632494536458),
    "RR": ((-0.487536462308553, -0.000564438433180802, -0.404719261409021869),
           (0.113453714377255, 0.101848705797236, 0.155449439117501), 1.89537403672082),
}  # fmt: skip


@pytest.mark.parametrize("measure", list(GLESER_FITS))
def test_gleser_and_olkin_2009_several_treatments_against_one_control(measure):
    study, treatment, e, n = zip(*GLESER, strict=True)
    fit = mr.network_from_arms(
        measure, study=study, treatment=treatment, e=e, n=n, reference="control", method="CE"
    )  # fmt: skip
    beta, se, q = GLESER_FITS[measure]
    for name, estimate, error in zip(("t1", "t2", "t3"), beta, se, strict=True):
        effect = fit.effect(name, "control")
        assert agree(effect.beta, estimate, 1e-10) and agree(effect.se, error, 1e-10), name
    assert agree(fit.q, q, 1e-10)
