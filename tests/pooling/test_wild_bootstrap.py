"""The cluster wild bootstrap: against refits one by one, its exact patterns, its limits."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import metarepro as mr

CLUSTER = np.array([0, 0, 1, 1, 1, 2, 3, 3, 4, 5, 5])
YI = np.array([0.31, 0.12, 0.55, 0.40, 0.71, -0.05, 0.22, 0.35, 0.61, 0.18, 0.90])
VI = np.array([0.04, 0.05, 0.03, 0.06, 0.05, 0.04, 0.07, 0.05, 0.03, 0.04, 0.06])
X = np.column_stack([np.ones(11), [1, 2, 1, 3, 2, 2, 4, 1, 3, 5, 2], [0, 0, 1, 1, 1, 0, 1, 1, 0, 0, 1]])


def by_refits(total, x, columns):
    """Share of the patterns whose Wald statistic (CR0) is as large, refitted one by one with the same weights."""
    w = np.linalg.inv(total)
    others = [i for i in range(x.shape[1]) if i not in columns]
    null = np.zeros(x.shape[1])
    if others:
        z = x[:, others]
        null[others] = np.linalg.solve(z.T @ w @ z, z.T @ w @ YI)
    bread = np.linalg.inv(x.T @ w @ x)

    def wald(y):
        beta = bread @ x.T @ w @ y
        r = y - x @ beta
        scores = [x[c == CLUSTER].T @ (w @ np.where(c == CLUSTER, r, 0))[c == CLUSTER] for c in range(6)]
        v = bread @ sum(np.outer(s, s) for s in scores) @ bread
        b = beta[list(columns)]
        return b @ np.linalg.solve(v[np.ix_(columns, columns)], b)

    residual = YI - x @ null
    found = [wald(x @ null + np.array(signs)[CLUSTER] * residual) for signs in product([1, -1], repeat=6)]
    return found[0], np.mean(np.array(found) >= found[0] * (1 - 1e-9))


@pytest.mark.parametrize("columns", [[1], [2], [1, 2]])
def test_all_patterns_are_those_of_refits_one_by_one(columns):
    fit = mr.multilevel(YI, VI, cluster=CLUSTER, rho=0.4, moderators=X[:, 1:])
    total = 0.4 * np.sqrt(np.outer(VI, VI)) + np.diag(0.6 * VI) + fit.sigma2[0] + np.diag(np.full(11, fit.sigma2[1]))
    total = np.where(CLUSTER[:, None] == CLUSTER[None, :], total, 0)
    statistic, p = by_refits(total, X, columns)
    found = mr.wild_bootstrap(fit.robust(kind="CR0"), columns)
    assert found.exact and found.draws == 64
    assert found.statistic == pytest.approx(statistic, rel=1e-9) and found.p_value == pytest.approx(p, abs=1e-12)


def test_the_mean_is_tested_where_there_is_nothing_else():
    fit = mr.pool(YI, VI, tau2="REML")
    statistic, p = by_refits(np.diag(VI + fit.tau2), X[:, :1], [0])
    found = mr.wild_bootstrap(fit.robust(CLUSTER, kind="CR0"))
    assert (found.statistic, found.p_value) == pytest.approx((statistic, p), rel=1e-9)
    robust = fit.robust(CLUSTER, kind="CR1")
    again = mr.wild_bootstrap(robust)
    assert again.statistic == pytest.approx(robust.statistic**2, rel=1e-9) and again.p_value == found.p_value


def test_random_patterns_come_near_to_all_of_them():
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(12), 3)
    y = rng.normal(0.15, 0.3, 36) + rng.normal(0, 0.2, 12)[cluster]
    fit = mr.multilevel(y, np.full(36, 0.05), cluster=cluster, rho=0.5).robust()
    every = mr.wild_bootstrap(fit, draws=4095)
    some = mr.wild_bootstrap(fit, draws=4000)
    assert every.exact and every.draws == 4096 and not some.exact and some.draws == 4000
    assert 0.001 < every.p_value < 0.9 and abs(some.p_value - every.p_value) < 4 * (0.25 / 4000) ** 0.5
    assert some == mr.wild_bootstrap(fit, draws=4000) != mr.wild_bootstrap(fit, draws=4000, seed=2)


def test_the_least_p_value_is_two_patterns():
    fit = mr.pool([0.5] * 5 + [0.6], [0.01] * 6).robust(cluster=list("abcdef"))
    assert mr.wild_bootstrap(fit).p_value == 2 / 64


def test_what_is_refused():
    fit = mr.pool(YI, VI).robust(CLUSTER)
    for columns in ([3], [], [True], 5):
        with pytest.raises(mr.ConfigError, match="must be one or more numbers from 0 to 0"):
            mr.wild_bootstrap(fit, columns)
    for options in ({"draws": 0}, {"draws": 1.5}, {"seed": -1}, {"seed": "a"}):
        with pytest.raises(mr.ConfigError, match="must be a whole number"):
            mr.wild_bootstrap(fit, **options)
    with pytest.raises(mr.ConfigError, match=r"Fix: wild_bootstrap\(fit\.robust\(cluster=\.\.\.\)\)"):
        mr.wild_bootstrap(mr.pool(YI, VI))
    with pytest.raises(mr.DataError, match="residuals of the clusters are all 0"):
        mr.wild_bootstrap(mr.pool([0.5] * 4, [0.1] * 4).robust(cluster=[1, 2, 3, 4]))
    assert mr.wild_bootstrap(fit, 0) == mr.wild_bootstrap(fit, [0, 0]) == mr.wild_bootstrap(fit)


def test_robust_errors_of_several_outcomes_do_not_need_the_right_correlation():
    outcome = np.array(["a", "b"] * 6)
    cluster = np.repeat(np.arange(6), 2)
    y = np.append(YI, 0.44)
    v = np.append(VI, 0.05)
    fit = mr.multivariate(y, v, cluster=cluster, outcome=outcome, rho=0.5)
    robust = fit.robust()
    assert robust.coefficients == ("a", "b") and robust.clusters == 6 and (robust.df < 6).all()
    np.testing.assert_array_equal(robust.beta, fit.beta)
    w = np.linalg.inv(np.kron(np.eye(6), np.ones((2, 2))) * 0.5 * np.sqrt(np.outer(v, v)) + np.diag(0.5 * v)
                      + np.kron(np.eye(6), fit.between))  # fmt: skip
    x = np.tile(np.eye(2), (6, 1))
    bread, r = np.linalg.inv(x.T @ w @ x), y - x @ fit.beta
    scores = [(x.T @ w)[:, cluster == c] @ r[cluster == c] for c in range(6)]
    expected = bread @ sum(np.outer(s, s) for s in scores) @ bread
    np.testing.assert_allclose(fit.robust(kind="CR0").covariance, expected, rtol=1e-9)
