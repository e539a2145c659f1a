"""Methods are codes; words are made of them, and every table of estimators and intervals is tried."""

from __future__ import annotations

import numpy as np
import pytest

import metarepro as mr
from metarepro.pooling.inference import CI_METHODS
from metarepro.pooling.tau2 import ESTIMATORS
from metarepro.reproduction import explain_mismatch, judge, match_published, read_inputs
from metarepro.reproduction.printed import SHOWN, as_printed
from metarepro.reproduction.specifications import all_specifications
from metarepro.reproduction.ways import CI, SMD_OPTIONS, TAU2, Formula, Way, lacks_declared
from metarepro.reproduction.words import columns_in_words, method_in_words

COUNTS = {"e1": [12, 0, 9, 14], "n1": [31, 20, 40, 33], "e2": [5, 2, 6, 7], "n2": [30, 22, 38, 31]}
MEANS = {
    "m1": ["10.1", "12.3", "9.8"], "sd1": ["4.1", "5.2", "4.4"], "n1": [20, 25, 30],
    "m2": ["13.2", "14.1", "11.9"], "sd2": ["4.3", "5.0", "4.7"], "n2": [21, 24, 28],
}  # fmt: skip


def test_estimators_and_intervals_are_those_of_the_kernel():
    assert set(CI_METHODS) - set(CI) == {"HK-ci"}
    assert set(ESTIMATORS) - set(TAU2) == {"DL2", "CA2", "HSk", "GENQ"}
    printed = as_printed({"measure": "RD", "estimate": "0.1"})
    ways = {p.way for p in all_specifications(read_inputs(COUNTS), printed)}
    tried = {(w.tau2, w.ci) for w in ways if w.weights == "IV"}
    assert tried == {(t, c) for t in TAU2 for c in CI} - {("CE", c) for c in CI if c.startswith("HK")}
    assert {(w.tau2, w.corrected) for w in ways if w.weights == "MH"} == {
        ("CE", ""), ("CE", "tables"), ("CE", "variance"), ("DL", ""), ("DL", "tables")
    }  # fmt: skip


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_every_inverse_variance_way_is_a_fit_of_pool(measure):
    inputs = read_inputs(COUNTS)
    printed = as_printed({"measure": measure, "estimate": "1"})
    compared = 0
    for found in all_specifications(inputs, printed):
        way = found.way
        if way.weights != "IV" or way.turned:
            continue
        es = mr.effect_sizes(way.formula.measure, **inputs.columns, **dict(way.formula.options))
        fit = mr.pool(es.yi, es.vi, tau2=way.tau2, ci=way.ci)
        expected = es.to_display([fit.beta, fit.ci_low, fit.ci_high])
        np.testing.assert_allclose([found.estimate[0], found.ci_low[0], found.ci_high[0]], expected, rtol=1e-12)
        np.testing.assert_allclose([found.tau2[0], found.q[0], found.i2[0]], [fit.tau2, fit.q, fit.i2_q], atol=1e-12)
        compared += 1
    assert compared > 100


def test_one_way_is_what_it_is_among_all():
    inputs = read_inputs(MEANS)
    printed = as_printed({"measure": "SMD", "estimate": "0.5"})
    for found in all_specifications(inputs, printed):
        (alone,) = all_specifications(inputs, printed, only=found.way)
        for name in ("estimate", "ci_low", "ci_high", "tau2", "q"):
            np.testing.assert_allclose(getattr(alone, name), getattr(found, name), rtol=1e-13)


def test_words_are_made_of_codes():
    smd = Formula("means", "SMD", SMD_OPTIONS[0])
    way = Way(smd, "IV", "REML", "HK", turned=True)
    assert method_in_words(way) == "REML, HK, sign turned"
    assert columns_in_words(way) == ("exact J, variance with g, sign turned", "REML", "HK")
    revman = Way(Formula("counts", "RR"), "MH", "DL", "z")
    assert method_in_words(revman) == "Mantel-Haenszel, random (RevMan)"
    assert columns_in_words(revman)[1:] == ("DL around Mantel-Haenszel", "z")
    assert not lacks_declared(revman, "M-H, random") and lacks_declared(revman, "M-H, fixed") == 1
    assert lacks_declared(way, "REML, Hartung-Knapp") == 1  # the sign


def test_a_crossover_trial_entered_twice_is_tried():
    inputs = read_inputs(MEANS, paired=[True, False, False])
    twice = {n: np.append(v, v[0]) for n, v in inputs.columns.items()}
    es = mr.effect_sizes("MD", **twice)
    fit = mr.pool(es.yi, es.vi, tau2="DL", ci="z")
    printed = {"measure": "MD", "model": "DL"}
    printed |= {n: f"{v:.4f}" for n, v in zip(SHOWN, (fit.beta, fit.ci_low, fit.ci_high), strict=True)}
    found = explain_mismatch(inputs, as_printed(printed))
    assert ("study 1", "entered twice") in {(e.study, e.change) for e in found}


def test_a_hazard_ratio_of_the_other_arm_is_seen():
    inputs = {"estimate": ["0.50", "0.60"], "ci_low": ["0.30", "0.40"], "ci_high": ["0.83", "0.90"]}
    fit = mr.pool(
        np.log([0.5, 0.6]), [(np.log(0.83 / 0.3) / 3.919928) ** 2, (np.log(0.9 / 0.4) / 3.919928) ** 2], "CE", "z"
    )
    turned = [f"{np.exp(-x):.2f}" for x in (fit.beta, fit.ci_high, fit.ci_low)]
    published = {"measure": "HR", **dict(zip(SHOWN, turned, strict=True))}
    assert any(m.way.turned for m in match_published(inputs, published).matches)
    assert judge(inputs, published).verdict == "differs but explained"
