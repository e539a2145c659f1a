"""Small-study effects and selection as textbooks and papers printed them, by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import metarepro as mr

# Third-wave psychotherapies for stress of students, 18 trials: Harrer, Cuijpers, Furukawa & Ebert 2021, "Doing
# Meta-Analysis with R", doi:10.1201/9781003107347, data set ThirdWave.
THIRD_WAVE = np.array([
    [0.7091362, 0.2608202], [0.3548641, 0.1963624], [1.7911700, 0.3455692], [0.1824552, 0.1177874],
    [0.4218509, 0.1448128], [0.6300000, 0.1960000], [0.7248838, 0.2246641], [0.5286638, 0.2104609],
    [0.2840000, 0.1680000], [1.2750682, 0.3371997], [0.1036082, 0.1947275], [0.3883906, 0.2307689],
    [0.5407398, 0.2443133], [0.4261593, 0.2579379], [0.5153969, 0.3512737], [1.4797260, 0.3152817],
    [0.6125782, 0.2266834], [0.6000000, 0.2490000],
])  # fmt: skip
Y, V = THIRD_WAVE[:, 0], THIRD_WAVE[:, 1] ** 2


def test_p_curve_of_the_textbook():
    # Section 9.2.3, "P-Curve Analysis in R", without the outlying studies 3 and 16: k = 9 (8 below 0.025); right-skewness
    # zFull -3.797, zHalf -2.743 (pHalf 0.003); flatness z 1.540, p 0.938; power 66%.
    kept = np.delete(np.arange(18), [2, 15])
    found = mr.p_curve(Y[kept], V[kept])
    assert (found.k, found.significant, found.below_025) == (16, 9, 8)
    assert f"{found.right_skew_z:.3f}, {found.half_z:.3f}, {found.half_p:.3f}" == "-3.797, -2.743, 0.003"
    assert f"{found.flatter_z:.3f}, {found.flatter_p:.3f}, {found.power:.0%}" == "1.540, 0.938, 66%"
    assert found.evidential_value


def test_limit_meta_analysis_of_the_textbook():
    # Section 9.2.2, "Limit Meta-Analysis Method": adjusted estimate -0.0345; random effects 0.5771 (0.3782 to 0.7760).
    found = mr.limit_meta_analysis(Y, V)
    fit = mr.pool(Y, V, ci="HK")
    assert f"{found.beta:.4f}" == "-0.0345"
    assert f"{fit.beta:.4f} ({fit.ci_low:.4f}; {fit.ci_high:.4f})" == "0.5771 (0.3782; 0.7760)"


def test_three_parameter_selection_model_of_the_textbook():
    # Section 9.2.4, "Three-Parameter Selection Model": 0.5893 (0.1274), 0.3396 to 0.8390; LRT 0.0337, p 0.8544; weight of
    # p above 0.025: 1.1500 (0.8755).
    found = mr.selection_model(Y, V, steps=[0.025])
    assert f"{found.beta:.4f} {found.se:.4f} {found.ci_low:.4f} {found.ci_high:.4f}" == "0.5893 0.1274 0.3396 0.8390"
    assert f"{found.lrt:.4f} {found.lrt_p:.4f} {found.delta[0]:.4f} {found.delta_se[0]:.4f}" == (
        "0.0337 0.8544 1.1500 0.8755"
    )
    assert found.counts == (11, 7)


@pytest.mark.parametrize(
    ("control", "reduction", "alpha", "power", "diversity", "printed"),
    [
        # Thorlund, Anema & Mills 2010, Clinical Epidemiology 2: 57-66, doi:10.2147/clep.s9242, figure 4: "the information
        # size required for moderate evidence (19,920 patients)", alpha 1%, beta 10%, 5% incidence, 25% relative risk
        # reduction; with their correction for heterogeneity of 20%.
        (0.05, 0.25, 0.01, 0.90, 0.20, 19_920),
        # Bjelakovic, Gluud et al. 2013, PLoS ONE 8: e74558, figure 4: 48,417 participants; 10%, 15%, alpha 5%, beta 20%,
        # diversity "76%", which is 75.808 unrounded.
        (0.10, 0.15, 0.05, 0.80, 0.75808, 48_417),
    ],
)
def test_required_information_of_trial_sequential_analyses(control, reduction, alpha, power, diversity, printed):
    experimental = control * (1 - reduction)
    mean = (control + experimental) / 2
    found = mr.trial_sequential(
        [0.1, 0.2], [0.1, 0.1], delta=control - experimental, alpha=alpha, power=power, diversity=diversity
    )
    # A patient of a trial with equal arms brings 1 / (4 p (1 - p)) to the information of a risk difference.
    assert round(found.required * 4 * mean * (1 - mean)) == pytest.approx(printed, abs=2)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000), variance=st.sampled_from([0.02, 0.04, 0.09]))
def test_p_uniform_star_is_the_selection_model_where_variances_are_equal(seed, variance):
    # Van Aert & van Assen 2026, Psychonomic Bulletin & Review, doi:10.3758/s13423-025-02812-4: of studies of one size both
    # maximise the same likelihood.
    y = np.random.default_rng(seed).normal(0.35, np.sqrt(variance + 0.06), 30)
    v = np.full(30, variance)
    star = mr.p_uniform(y, v, alternative="greater")
    model = mr.selection_model(y, v, steps=[0.025], alternative="greater")
    assume(min(model.counts) > 0 and model.tau2 > 0 and star.tau2 > 0)
    assert (star.beta, star.tau2) == pytest.approx((model.beta, model.tau2), abs=1e-5)
