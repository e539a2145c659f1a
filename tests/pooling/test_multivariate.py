"""Several outcomes in one model: published examples, limits that are other models, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metarepro as mr

# Five trials of surgery against other treatment of gums, Berkey et al. 1998, Table I, doi of the docstring: probing
# depth and attachment level, with the covariance of each trial's two effects.
TRIAL = np.repeat([1, 2, 3, 4, 5], 2)
OUTCOME = ["PD", "AL"] * 5
YI = np.array([0.47, -0.32, 0.20, -0.60, 0.40, -0.12, 0.26, -0.31, 0.56, -0.39])
BLOCKS = [
    [[0.0075, 0.0030], [0.0030, 0.0077]], [[0.0057, 0.0009], [0.0009, 0.0008]], [[0.0021, 0.0007], [0.0007, 0.0014]],
    [[0.0029, 0.0009], [0.0009, 0.0015]], [[0.0148, 0.0072], [0.0072, 0.0304]],
]  # fmt: skip
V = np.zeros((10, 10))
for _i, _block in enumerate(BLOCKS):
    V[2 * _i : 2 * _i + 2, 2 * _i : 2 * _i + 2] = _block


def berkey(method="REML", **options):
    return mr.multivariate(YI, V=V, cluster=TRIAL, outcome=OUTCOME, method=method, **options)


# rma.mv of metafor with struct = "UN"; its log-likelihoods are the lower ones by 1e-10 and 4e-9.
METAFOR = {
    "REML": ((0.353428145107805, -0.339215320679774), (0.05884846793198829, 0.08790528072874454),
             (0.01173293293248971, 0.03265145187673841), 0.6087963178307952, 3.691767694301872),
    "ML": ((0.344841060690687, -0.337938272963686), (0.04946150906543886, 0.07976377572574442),
           (0.007002741055460909, 0.026144988146858422), 0.6992057821796462, 5.840656880053154),
}  # fmt: skip


@pytest.mark.parametrize("method", list(METAFOR))
def test_berkey_1998_agrees_with_metafor_or_has_the_better_likelihood(method):
    beta, se, tau2, correlation, likelihood = METAFOR[method]
    fit = berkey(method)
    assert fit.outcomes == ("PD", "AL") and fit.converged and fit.maxima == 1
    assert likelihood <= fit.log_likelihood < likelihood + 1e-8
    np.testing.assert_allclose(fit.beta, beta, rtol=1e-5)
    np.testing.assert_allclose(fit.se, se, rtol=1e-4)
    np.testing.assert_allclose(fit.tau2, tau2, rtol=2e-4)
    assert fit.correlation[0, 1] == pytest.approx(correlation, rel=1e-4)


def test_berkey_1998_with_common_effects():
    fit = berkey("CE")
    np.testing.assert_allclose(fit.beta, [0.3072186084907111, -0.3943770078994508], rtol=1e-12)
    np.testing.assert_allclose(fit.se, [0.02857515244018032, 0.01864922503613439], rtol=1e-12)
    assert fit.q == pytest.approx(128.2267162129676, rel=1e-12) and fit.q_df == 8
    assert not fit.tau2.any() and np.isnan(fit.pi_low).all()


def test_a_maximum_has_no_slope():
    fit = berkey()
    moved = [np.array([[1, 0], [0, 0]]), np.array([[0, 0], [0, 1]]), np.array([[0, 1], [1, 0]])]
    for change in moved:
        for sign in (1, -1):
            total = fit.between + sign * 1e-4 * change
            assert restricted_likelihood(total) < fit.log_likelihood
    assert restricted_likelihood(fit.between) == pytest.approx(fit.log_likelihood, abs=1e-10)


def restricted_likelihood(between):
    x = np.tile(np.eye(2), (5, 1))
    w = np.linalg.inv(V + np.kron(np.eye(5), between))
    xwx = x.T @ w @ x
    r = YI - x @ np.linalg.solve(xwx, x.T @ w @ YI)
    return -0.5 * (
        8 * math.log(2 * math.pi) - np.linalg.slogdet(w)[1] + r @ w @ r + np.linalg.slogdet(xwx)[1] - 2 * math.log(5)
    )


def test_one_outcome_is_pool():
    one = mr.multivariate(YI[::2], np.diagonal(V)[::2], cluster=TRIAL[::2], outcome=["PD"] * 5)
    pooled = mr.pool(YI[::2], np.diagonal(V)[::2], tau2="REML", ci="t")
    assert one.beta[0] == pytest.approx(pooled.beta, rel=1e-9) and one.tau2[0] == pytest.approx(pooled.tau2, rel=1e-9)
    assert (one.ci_low[0], one.ci_high[0]) == pytest.approx((pooled.ci_low, pooled.ci_high), rel=1e-9)


def test_order_of_rows_and_names_of_clusters_do_not_matter():
    order = np.random.default_rng(1).permutation(10)
    names = np.array(list("ecadb"))[TRIAL - 1]
    again = mr.multivariate(
        YI[order], V=V[np.ix_(order, order)], cluster=names[order], outcome=np.array(OUTCOME)[order]
    )
    fit = berkey()
    same = [again.outcomes.index(o) for o in fit.outcomes]
    np.testing.assert_allclose(again.beta[same], fit.beta, rtol=1e-9)
    np.testing.assert_allclose(again.between[np.ix_(same, same)], fit.between, rtol=1e-7)


def test_a_missing_outcome_is_told_by_the_other():
    kept = np.arange(10) != 9
    fit = mr.multivariate(YI[kept], V=V[np.ix_(kept, kept)], cluster=TRIAL[kept], outcome=np.array(OUTCOME)[kept])
    alone = mr.pool(YI[1::2][:4], np.diagonal(V)[1::2][:4], tau2="REML")
    assert fit.df.tolist() == [4.0, 3.0] and fit.k == 9
    assert fit.beta[1] != pytest.approx(alone.beta, rel=1e-4)


def test_a_difference_of_outcomes_is_predicted_with_their_covariance():
    fit = berkey()
    found = fit.predict([1, -1])
    assert found.estimate[0] == pytest.approx(fit.beta[0] - fit.beta[1], rel=1e-12)
    variance = fit.covariance[0, 0] + fit.covariance[1, 1] - 2 * fit.covariance[0, 1]
    spread = fit.between[0, 0] + fit.between[1, 1] - 2 * fit.between[0, 1]
    assert found.se[0] == pytest.approx(math.sqrt(variance), rel=1e-12)
    ratio = (found.pi_high[0] - found.estimate[0]) / (found.ci_high[0] - found.estimate[0])
    assert ratio == pytest.approx(math.sqrt((variance + spread) / variance), rel=1e-12)
    each = fit.predict()
    np.testing.assert_allclose(each.pi_low, fit.pi_low, rtol=1e-12)
    with pytest.raises(mr.DataError, match="3 weights for 2 coefficients: PD, AL"):
        fit.predict([1, 0, 0])


def test_slopes_of_moderators_by_outcome():
    # metafor: mods = ~ outcome + outcome:I(year - 1983) - 1, ML.
    years = np.repeat([1983, 1982, 1979, 1987, 1988], 2) - 1983
    fit = berkey("ML", moderators=years)
    assert fit.coefficients == ("PD", "AL", "PD: moderator 1", "AL: moderator 1")
    assert [round(float(x), 4) for x in fit.beta] == [0.3479, -0.3351, 0.0010, -0.0108]
    assert [round(float(x), 4) for x in fit.se] == [0.0520, 0.0787, 0.0154, 0.0243]
    assert np.isnan(fit.pi_low).all() and fit.df.tolist() == [3.0] * 4


def test_effects_without_spread_lie_on_the_boundary():
    fit = mr.multivariate([0.2, 0.5] * 4, [0.1] * 8, cluster=np.repeat([1, 2, 3, 4], 2), outcome=["a", "b"] * 4)
    assert fit.at_boundary and fit.converged and any(n.code == "between_singular" for n in fit.notes)
    np.testing.assert_allclose(fit.beta, [0.2, 0.5], atol=1e-9)
    assert np.isnan(fit.tau2_se).all()


def test_the_printed_fit_names_the_outcomes():
    text = str(berkey().summary())
    assert "PD    0.3534  0.05885     0.1900 to 0.5168" in text and "AL   −0.3392" in text
    assert "10 effects in 5 clusters" in text and "τ² PD = 0.01173, τ² AL = 0.03265" in text


def test_what_is_refused():
    with pytest.raises(mr.DataError, match="one study and one outcome, a"):
        mr.multivariate([1, 2, 3.0], [1, 1, 1], cluster=[1, 1, 2], outcome=["a", "a", "a"])
    with pytest.raises(mr.DataError, match="No study reports both a and b"):
        mr.multivariate([1, 2, 3.0, 4], [1] * 4, cluster=[1, 2, 3, 4], outcome=["a", "b", "a", "b"])
    with pytest.raises(mr.ConfigError, match="rho = 1 must lie between -1 and 1"):
        mr.multivariate([1, 2.0], [1, 1], cluster=[1, 1], outcome=["a", "b"], rho=1)
    with pytest.raises(mr.ConfigError, match="Allowed: REML, ML, CE"):
        berkey("DL")
    with pytest.raises(mr.DataError, match="a has as many coefficients as studies"):
        mr.multivariate([1, 2.0], [1, 1], cluster=[1, 1], outcome=["a", "b"])
    with pytest.raises(mr.DataError, match="V is not 0 between clusters"):
        mr.multivariate(YI, V=V + 1e-4, cluster=TRIAL, outcome=OUTCOME)


@pytest.mark.parametrize("v", [0.1, 0.3, 1, 3])
def test_no_spread_beyond_chance_is_a_maximum_and_not_a_failure(v):
    fit = mr.multivariate(
        [0.1, 0.3, 0.2, 0.6, 0.2, 0.3, 0.5, 0.1], [v] * 8, cluster=np.repeat([1, 2, 3, 4], 2), outcome=["p", "s"] * 4
    )
    assert fit.converged and fit.at_boundary and fit.tau2.tolist() == [0, 0]


def test_a_moderator_by_its_name_and_what_contradicts_v():
    data = {"y": YI, "s": TRIAL, "o": OUTCOME, "x": np.repeat([3, 2, 1, 4, 5], 2)}
    named = mr.multivariate("y", V=V, cluster="s", outcome="o", moderators="x", data=data)
    np.testing.assert_array_equal(named.beta, berkey(moderators=data["x"]).beta)
    with pytest.raises(mr.ConfigError, match="V says how the sampling errors correlate, and so does rho"):
        berkey(rho=0.5)
    with pytest.raises(mr.DataError, match="V has other sampling variances on its diagonal than vi"):
        mr.multivariate(YI, np.full(10, 0.03), V=V, cluster=TRIAL, outcome=OUTCOME)
    with pytest.raises(mr.DataError, match=r"A moderator is infinite in row 2"):
        berkey(moderators=[1, 2, np.inf, *range(7)])
    with pytest.raises(mr.DataError, match="Weights must be numbers"):
        berkey().predict([np.nan, 1])
    with pytest.raises(mr.DataError, match="outcome is missing"):
        mr.multivariate(YI, V=V, cluster=TRIAL, outcome=None)
