"""Bayes beside results of few studies, as a method of its own, and models of the counts chosen by setting."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis import run_analysis
from metarepro.analysis.config import Sensitivity, changed
from metarepro.errors import ConfigError


def variant(config, data, name, **model):
    """An analysis of the default configuration with another model."""
    analysis = next(a for a in config.analyses if a.id == name)
    change = Sensitivity(id="other", label="Other", model=model)
    return run_analysis(config, changed(analysis, change), data)


def test_bayes_stands_beside_two_to_five_studies_and_nowhere_else(results):
    with_bayes = {name for name, r in results.items() if r.bayes is not None}
    for name, r in results.items():
        k = sum(s.estimable for s in r.studies)
        scaled = r.measure in ("OR", "RR", "SMD") and r.combine == "pool"
        assert (name in with_bayes) == (scaled and 2 <= k <= 5), name
    assert {"response_24h_or", "suicidality_24h_or", "score_24h_smd"} <= with_bayes


def test_it_is_what_the_library_gives_for_the_same_effects(results):
    r = results["response_24h_or"]
    used = [s for s in r.studies if s.estimable]
    fit = mr.bayes([s.yi for s in used], [s.vi for s in used], mr.priors.half_normal(0.5))
    main = r.bayes.main
    assert (main.prior, main.estimate) == ("half-normal(0.5)", pytest.approx(math.exp(fit.beta), rel=1e-12))
    assert main.ci_high == pytest.approx(math.exp(fit.ci_high), rel=1e-12)
    assert main.above_null == pytest.approx(1 - fit.probability_below(0.0), rel=1e-12)
    priors = [x.prior for x in r.bayes.others]
    assert priors == ["half-normal(0.25)", "half-normal(1)", "half-Cauchy(0.5)", "log-normal(-2.56, 1.74) of tau2"]
    # A wider prior of tau widens the interval of the mean.
    widths = [math.log(x.ci_high / x.ci_low) for x in r.bayes.others[:2]]
    assert widths[0] < math.log(main.ci_high / main.ci_low) < widths[1]


def test_psilocybin_check_values():
    # Psilocybin for depression, 12 trials: half-normal(0.5), mu ~ N(0, 1).
    from pathlib import Path

    from metarepro.analysis import read_config
    from metarepro.evidence import read_dataset
    from tests.conftest import ROOT

    folder: Path = ROOT / "examples/psilocybin"
    config, data = read_config(folder / "config.yaml"), read_dataset(folder / "data/raw")
    analysis = next(a for a in config.analyses if a.id == "depression_g")
    studies = [s for s in run_analysis(config, analysis, data).studies if s.estimable]
    fit = mr.bayes([s.yi for s in studies], [s.vi for s in studies], mr.priors.half_normal(0.5), (0, 1))
    found = (fit.tau.median, fit.tau.mean, fit.tau.mode, fit.mu.mean, fit.mu.sd)
    assert found == pytest.approx((0.2991, 0.3127, 0.2899, -0.8763, 0.1427), abs=6e-4)


def test_bayes_as_a_method_names_its_prior(config, data):
    r = variant(config, data, "response_24h_or", method="bayes", tau_prior=0.25)
    assert r.summary.method.model == "Bayes" and r.summary.tau2_method == "half-normal"
    assert "half-normal(0.25) prior of τ" in r.methods
    used = [s for s in r.studies if s.estimable]
    fit = mr.bayes([s.yi for s in used], [s.vi for s in used], mr.priors.half_normal(0.25))
    assert r.summary.estimate == pytest.approx(math.exp(fit.beta), rel=1e-12)
    assert [w.study_id for w in r.leave_one_out] == [s.study_id for s in used]


@pytest.mark.parametrize("model", ["CM.EL", "CM.AL", "UM.FS", "UM.RS", "BB"])
def test_counts_of_two_arms_by_a_model_of_the_counts(config, data, model):
    r = variant(config, data, "response_24h_or", method="glmm", glmm_model=model)
    used = [s for s in r.studies if s.estimable]
    columns = {name: [s.inputs[name] for s in used] for name in ("e1", "n1", "e2", "n2")}
    fit = mr.glmm("OR", **columns, model=model)
    assert r.summary.estimate == pytest.approx(math.exp(fit.beta), rel=1e-12)
    assert r.summary.method.model == model and f"; {model})" in r.methods
    assert np.sum([s.weight for s in r.studies]) == pytest.approx(100)


@pytest.mark.parametrize(
    ("name", "model", "message"),
    [
        ("score_24h_md_wide", {"method": "bayes"}, "method: bayes needs a prior of tau on the scale of MD"),
        ("response_24h_or", {"method": "glmm", "glmm_ci": "PL"}, "glmm_ci: PL is for proportions (PLO)"),
        ("response_24h_rd", {"method": "glmm"}, "method: glmm pools PLO, OR, IRR, IRLN, not RD"),
    ],
)
def test_what_cannot_be_is_refused_with_its_mend(config, data, name, model, message):
    with pytest.raises((ConfigError, ValueError), match="E103") as caught:
        variant(config, data, name, **model)
    assert message in str(caught.value)
