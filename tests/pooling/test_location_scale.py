"""Moderators of how much true effects differ: reference numbers, and what must not change anything."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import metarepro as mr
from tests.conftest import ROOT

CASES = json.loads((ROOT / "tests/data/further_models_reference.json").read_text(encoding="utf-8"))["location-scale"]


def formula(text, data):
    if text == "~1":
        return None
    return re.sub(r"\w+", lambda m: f"C({m[0]})" if isinstance(data[m[0]][0], str) else m[0], text[1:])


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"])
def test_fits_agree_with_independent_likelihoods(case):
    data = case["data"]
    for entry in case["fits"]:
        scale = formula(entry["scale"], data)
        if scale is None:
            continue
        fit = mr.location_scale(
            "yi", "vi", scale=scale, moderators=formula(entry["location"], data), method=entry["method"], data=data
        )
        what = (case["id"], entry["location"], entry["scale"], entry["method"])
        if "loglik" not in entry:
            # No interior maximum: the likelihood rises towards tau2 = 0 of some studies.
            assert fit.at_boundary, what
            continue
        assert fit.log_likelihood >= entry["loglik"] - 1e-8, what
        if "note" in entry:
            # Flat: the parameters are not determined to these digits.
            continue
        assert abs(fit.log_likelihood - entry["loglik"]) < 1e-8, what
        assert np.allclose(fit.alpha, entry["alpha"], rtol=1e-6, atol=1e-7), what
        assert np.allclose(fit.beta, entry["beta"], rtol=1e-7), what
        assert np.allclose(fit.se, entry["se_beta"], rtol=1e-7), what
        if entry.get("se_alpha"):
            assert np.allclose(fit.alpha_se, entry["se_alpha"], rtol=1e-5), what
        assert abs(fit.log_likelihood_constant - entry["loglik_constant_tau2"]) < 1e-8, what
        assert abs(fit.lrt - entry["LRT_scale"]) < 1e-7 and fit.lrt_df == entry["LRT_df"], what


def test_a_scale_that_is_constant_in_groups_is_each_group_alone():
    # With a mean of its own for each group, ML of a group is that of the group alone.
    rng = np.random.default_rng(4)
    vi = rng.uniform(0.02, 0.1, 24)
    group = np.repeat([0, 1], 12)
    yi = rng.normal(0, np.where(group == 1, 0.7, 0.3)) + rng.normal(0, np.sqrt(vi))
    fit = mr.location_scale(yi, vi, scale=group, moderators=group, method="ML")
    for g in (0, 1):
        alone = mr.pool(yi[group == g], vi[group == g], tau2="ML")
        assert fit.tau2_by_study[group == g] == pytest.approx(alone.tau2, rel=1e-6)


def test_a_group_without_heterogeneity_is_a_named_state():
    fit = mr.location_scale([0.3, 0.3, 0.3, 0.3, 1.2, -0.9, 0.1, 0.8], [0.05] * 8, scale=[0, 0, 0, 0, 1, 1, 1, 1])
    assert fit.at_boundary and np.isnan(fit.alpha_se).all()
    assert "scale_without_end" in [n.code for n in fit.notes]
    assert fit.tau2_by_study[0] < 1e-6 < fit.tau2_by_study[-1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": [1, 2, 3]}, "moderators has 3 rows for 4 effects."),
        ({"scale": [[1, 0], [0, 1], [1, 1], [2, 1]]}, "4 studies are no more than the 4 coefficients."),
        ({"scale": [1, 2, 3, 4], "method": "DL"}, "method = 'DL' is not known. Allowed: REML, ML."),
    ],
)
def test_bad_input_is_refused_with_its_mend(options, message):
    with pytest.raises(ValueError) as caught:
        mr.location_scale([0.1, 0.4, 0.2, 0.3], [0.1, 0.2, 0.1, 0.1], **options)
    assert str(caught.value) == message
