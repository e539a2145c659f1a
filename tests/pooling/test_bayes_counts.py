"""Counts by Bayes: against integration by another rule, against conjugate priors, against the normal model."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.text import Text
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import binom, norm

import metarepro as mr


def test_one_study_agrees_with_integration_by_another_rule():
    e, n, scale, sd = 2, 11, 0.7, 1.5
    fit = mr.bayes_counts("PLO", e=[e], n=[n], prior_tau=mr.priors.half_normal(scale), prior_mu=(0.2, sd))
    # mu is normal, so that theta given tau is normal about its prior mean with both variances; trapezoids over theta,
    # one long Gauss-Legendre rule over tau.
    theta = np.linspace(-30, 30, 6001)
    x, w = np.polynomial.legendre.leggauss(200)
    tau, w = 4.5 * scale * (1 + x), 4.5 * scale * w
    spread = np.hypot(sd, tau)[:, None]
    joint = binom.pmf(e, n, expit(theta)) * norm.pdf(theta, 0.2, spread) * 2 * norm.pdf(tau, 0, scale)[:, None]
    joint = joint * w[:, None] * (theta[1] - theta[0])
    assert fit.converged and fit.log_marginal == pytest.approx(math.log(joint.sum()), abs=1e-8)
    mean = (joint * (0.2 + sd**2 / spread**2 * (theta - 0.2))).sum() / joint.sum()
    assert fit.mu.mean == pytest.approx(mean, abs=1e-7)


def test_no_event_at_all_has_a_finite_answer():
    fit = mr.bayes_counts("PLO", e=[0, 0], n=[12, 20])
    assert fit.converged and fit.beta < -2 and math.isfinite(fit.ci_low)
    # The same by another rule: trapezoids over mean and effect, one long Gauss-Legendre rule over tau.
    mu, z = np.linspace(-14, 9, 231), np.linspace(-9, 9, 361)
    x, w = np.polynomial.legendre.leggauss(60)
    tau, w = 4 * (1 + x), 4 * w
    inner = expit(-(mu[:, None, None] + tau[:, None] * z))
    likelihood = np.prod([(inner**n * norm.pdf(z)).sum(-1) * (z[1] - z[0]) for n in (12, 20)], axis=0)
    joint = likelihood * norm.pdf(mu, 0, 1.7)[:, None] * 2 * norm.pdf(tau) * w
    mean = (joint.sum(1) @ mu) / joint.sum()
    assert fit.mu.mean == pytest.approx(mean, abs=1e-6)
    assert fit.se == pytest.approx(math.sqrt((joint.sum(1) @ (mu - mean) ** 2) / joint.sum()), abs=1e-6)
    assert fit.log_marginal == pytest.approx(math.log(joint.sum() * (mu[1] - mu[0])), abs=1e-6)


def test_without_heterogeneity_it_is_the_binomial_likelihood_with_a_normal_prior():
    e, n = np.array([3, 5, 2]), np.array([20, 31, 17])
    fit = mr.bayes_counts("PLO", e=e, n=n, prior_tau=mr.priors.half_normal(1e-6), prior_mu=(0, 1.5))

    def density(mu):
        return binom.pmf(e, n, expit(mu)).prod() * norm.pdf(mu, 0, 1.5)

    total = quad(density, -10, 6, epsabs=1e-16, epsrel=1e-12)[0]
    below = quad(density, -10, -1.5, epsabs=1e-16, epsrel=1e-12)[0]
    assert fit.log_marginal == pytest.approx(math.log(total), abs=1e-7)
    assert fit.probability_below(-1.5) == pytest.approx(below / total, abs=1e-7)


@pytest.mark.slow
def test_many_events_give_what_the_normal_model_gives():
    rng = np.random.default_rng(5)
    n = np.full(6, 4000)
    e1 = rng.binomial(n, 1 / (1 + np.exp(-rng.normal(-0.3, 0.3, 6))))
    e2 = rng.binomial(n, 0.35)
    exact = mr.bayes_counts("OR", e1=e1, n1=n, e2=e2, n2=n, prior_mu=(0, 2))
    normal = mr.bayes(mr.effect_sizes("OR", e1=e1, n1=n, e2=e2, n2=n), prior_mu=(0, 2))
    assert exact.converged
    for part in ("mu", "tau", "predictive"):
        a, b = getattr(exact, part), getattr(normal, part)
        assert (a.median, a.ci_low, a.ci_high) == pytest.approx((b.median, b.ci_low, b.ci_high), abs=3e-3)


def test_exchanging_the_arms_turns_the_posterior():
    table = {"e1": [1, 0, 3], "n1": [20, 15, 22], "e2": [4, 2, 3], "n2": [21, 14, 25]}
    turned = {"e1": table["e2"], "n1": table["n2"], "e2": table["e1"], "n2": table["n1"]}
    a, b = mr.bayes_counts("OR", **table), mr.bayes_counts("OR", **turned)
    assert a.mu.median == pytest.approx(-b.mu.median, abs=1e-7)
    assert a.ci_low == pytest.approx(-b.ci_high, abs=1e-7) and a.tau.median == pytest.approx(b.tau.median, abs=1e-7)
    assert a.log_marginal == pytest.approx(b.log_marginal, abs=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize(
    "prior", [mr.priors.half_normal(2), mr.priors.uniform(5), mr.priors.exponential(1)], ids=lambda p: p.family
)
def test_wide_priors_of_tau_and_zero_cells_are_integrated(prior):
    fit = mr.bayes_counts("PLO", e=[0, 20], n=[12, 20], prior_tau=prior)
    mu, z = np.linspace(-14, 14, 281), np.linspace(-9, 9, 721)
    x, w = np.polynomial.legendre.leggauss(100)
    end = min(prior.upper, 40.0)
    # Nodes crowd towards 0, so that a steep prior is met as well.
    tau, w = end * ((1 + x) / 2) ** 2, end * (1 + x) / 2 * w
    inner = mu[:, None, None] + tau[:, None] * z
    parts = [expit(-inner) ** 12, expit(inner) ** 20]
    likelihood = np.prod([(part * norm.pdf(z)).sum(-1) * (z[1] - z[0]) for part in parts], axis=0)
    joint = likelihood * norm.pdf(mu, 0, 1.7)[:, None] * np.exp(prior.log_density(np.log(tau))) * w
    assert fit.converged
    assert fit.log_marginal == pytest.approx(math.log(joint.sum() * (mu[1] - mu[0])), abs=1e-6)
    assert fit.tau.mean == pytest.approx((joint.sum(0) @ tau) / joint.sum(), abs=1e-6)


def test_the_forest_plot_shows_the_share_of_each_study():
    fit = mr.bayes_counts("OR", e1=[1, 0, 3], n1=[20, 15, 22], e2=[4, 0, 3], n2=[21, 14, 25], labels=["A", "B", "C"])
    assert fit.weights.sum() == pytest.approx(100) and fit.weights[1] > fit.weights[0] > 0
    words = [text.get_text() for text in mr.figures.forest(fit).findobj(Text)]
    assert "B" not in words and f"{fit.weights[0]:.1f}" in words and f"{fit.weights[1]:.1f}" in words


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: mr.bayes_counts("RR", e1=[1], n1=[5], e2=[1], n2=[6]), "measure = 'RR' is not known for counts by Bayes. Allowed: PLO, OR."),
        (lambda: mr.bayes_counts("OR", e1=[0], n1=[5], e2=[0], n2=[6]), "There is no study with complete counts that say anything."),
        (lambda: mr.bayes_counts("PLO", e=[1], n=[5], prior_tau=mr.priors.half_cauchy(0.5)), "The prior of tau, half-cauchy, leaves weight beyond 40, where counts say nothing of tau. Fix: give one with a shorter tail, such as priors.half_normal(0.5), or with an end, such as priors.uniform(5)."),
        (lambda: mr.bayes_counts("OR", e1=[1, 1.5], n1=[5, 5], e2=[1, 1], n2=[6, 6]), "Bayes for counts counts patients one by one, and a count is no whole number in row 1 (counted from 0)."),
        (lambda: mr.bayes_counts("PLO", e=[1]), "PLO needs e, n; missing: n."),
        (lambda: mr.bayes_counts("PLO", e=[1], n=[5], prior_mu=(0, -1)), "prior_mu = (0, -1) must be a mean and a standard deviation above 0, or None for flat."),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_its_mend(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message
