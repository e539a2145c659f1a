"""Printed results are found again, and what does not fit is explained where it can be."""

from __future__ import annotations

import csv

import numpy as np
import pytest

import metarepro as mr
from metarepro.reproduction import judge, match_published
from tests.conftest import ROOT
from tests.reproduction.simulated import simulate

COLUMNS = {
    "SMD": {"m1": "exp_mean", "sd1": "exp_sd", "n1": "exp_n", "m2": "ctl_mean", "sd2": "ctl_sd", "n2": "ctl_n"},
    "RR": {"e1": "exp_events", "n1": "exp_total", "e2": "ctl_events", "n2": "ctl_total"},
}


def table(name):
    return list(csv.DictReader((ROOT / "data" / "raw" / f"{name}.csv").open(encoding="utf-8")))


def target(analysis, measure):
    rows = [r for r in table("published_inputs") if r["analysis_id"] == analysis]
    row = next(r for r in table("published_results") if r["analysis_id"] == analysis)
    names = ("estimate", "ci_low", "ci_high", "tau2", "i2", "q", "model")
    published = {"measure": measure, "k": int(row["k"]), **{n: row[n] for n in names}}
    inputs = {n: [r[c] for r in rows] for n, c in COLUMNS[measure].items()}
    return inputs, published, [r["study_label"] for r in rows]


@pytest.mark.parametrize(
    ("analysis", "measure", "way"),
    [
        ("psilodep_g", "SMD", "SMD (J as 1 - 3/(4N - 9), variance with d), REML, HK"),
        ("psilodep_resp", "RR", "RR (0.5 to all cells of tables with a zero), PM, HK"),
        ("psilodep_rem_v25", "RR", "RR (0.5 to all cells of tables with a zero), PM, HK"),
    ],
)
def test_the_psilocybin_review_comes_out_exact(analysis, measure, way):
    found = judge(*target(analysis, measure))
    assert found.verdict == "exact" and found.reason.startswith(way)
    best = found.match.matches[0]
    assert best.differs == () and best.left_out == ()


def test_of_all_formulas_and_methods_only_that_of_the_review_fits():
    inputs, published, labels = target("psilodep_g", "SMD")
    match = match_published(inputs, published, labels)
    assert match.tried > 5000
    assert {str(m) for m in match.matches} == {
        "SMD (J as 1 - 3/(4N - 9), variance with d), REML, HK",
        "SMD (J as 1 - 3/(4N - 9), variance with d), REML, HK-adhoc",
    }
    assert mr.match_published is match_published


def test_the_newer_figure_differs_in_one_row():
    found = judge(*target("psilodep_rem_v26", "RR"))
    assert found.verdict == "differs but explained"
    assert {(e.study, e.change) for e in found.explanations} == {("Lewis 2025", "6/13 v 1/12 instead of 7/13 v 2/12")}
    assert found.reason == (
        "Lewis 2025, 6/13 v 1/12 instead of 7/13 v 2/12: RR (0.5 to all cells of tables with a zero), PM, HK then gives "
        "the printed numbers."
    )


def test_a_turned_sign_is_named_not_called_exact():
    inputs, published, labels = target("psilodep_g", "SMD")
    turned = {**published, "estimate": "0.9031", "ci_low": "0.5501", "ci_high": "1.2561"}
    for model in (published["model"], ""):
        found = judge(inputs, {**turned, "model": model}, labels)
        assert found.verdict == "differs but explained"
        assert "REML, HK, sign turned gives the printed numbers." in found.reason


def test_mantel_haenszel_and_revman():
    # BCG (Colditz 1994): the fixed-effect Mantel-Haenszel risk ratio as every textbook prints it.
    e1 = [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27]
    n1 = [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716, 50634, 2498, 16913]
    e2 = [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29]
    n2 = [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665, 27338, 2341, 17854]
    inputs = {"e1": e1, "n1": n1, "e2": e2, "n2": n2}
    fixed = mr.mantel_haenszel(e1, n1, e2, n2, measure="RR")
    printed = [f"{np.exp(x):.3f}" for x in (fixed.beta, fixed.ci_low, fixed.ci_high)]
    published = {"measure": "RR", **dict(zip(("estimate", "ci_low", "ci_high"), printed, strict=True))}
    found = judge(inputs, {**published, "model": "fixed effect, Mantel-Haenszel"})
    assert "Mantel-Haenszel" in str(found.match.matches[0]) and found.match.matches[0].differs == ()
    # Colditz et al. 1994 (doi:10.1001/jama.1994.03510330076038) print 0.49 (0.34 to 0.70) by DerSimonian-Laird; the
    # documentation of metafor prints log RR -0.7145 (-1.0669 to -0.3622) by REML.
    for numbers, way in ((("0.49", "0.34", "0.70"), "DL, z"), (("0.4894", "0.3441", "0.6962"), "REML, z")):
        told = dict(zip(("estimate", "ci_low", "ci_high"), numbers, strict=True))
        match = match_published(inputs, {"measure": "RR", **told})
        assert way in {m.method for m in match.matches if not m.left_out}


@pytest.mark.slow
def test_simulated_results_are_exact_and_planted_errors_are_named():
    rng = np.random.default_rng(20)
    named = errors = hidden = 0
    for _ in range(60):
        s = simulate(rng, 0.25)
        found = judge(s.inputs, s.published, s.labels)
        if not s.error:
            assert found.verdict in ("exact", "rounding"), (found.reason, s)
            continue
        errors += 1
        assert found.verdict != "exact", (found.reason, s)
        if found.verdict == "rounding":
            hidden += 1  # so small a change that the rounding of the inputs could have made it
            continue
        slips = {(e.study, e.change.partition(" (")[0]) for e in found.explanations}
        slips |= {(m.left_out[0], "left out") for m in found.match.matches if len(m.left_out) == 1}
        named += (s.study, s.error) in slips
    assert errors >= 10 and hidden <= 2 and named == errors - hidden


def test_rounded_inputs_are_given_their_room():
    inputs = {"m1": ["10.1", "12.3", "9.8"], "sd1": ["4.1", "5.2", "4.4"], "n1": [20, 25, 30],
              "m2": ["13.2", "14.1", "11.9"], "sd2": ["4.3", "5.0", "4.7"], "n2": [21, 24, 28]}  # fmt: skip
    exact = {n: np.array([float(x) for x in v]) for n, v in inputs.items()}
    exact["m1"] = exact["m1"] + np.array([0.04, -0.03, 0.04])
    es = mr.effect_sizes("MD", **exact)
    fit = mr.pool(es.yi, es.vi, tau2="DL", ci="z")
    published = {"measure": "MD", "model": "DerSimonian-Laird"}
    published |= {
        n: f"{getattr(fit, a):.3f}" for n, a in (("estimate", "beta"), ("ci_low", "ci_low"), ("ci_high", "ci_high"))
    }
    assert judge(inputs, published).verdict == "rounding"
    far = {**published, "estimate": f"{fit.beta + 0.2:.3f}"}
    assert judge(inputs, far).verdict in ("within tolerance", "differs", "differs but explained")


def test_what_is_missing_or_impossible_is_said():
    inputs, published, labels = target("psilodep_resp", "RR")
    assert judge(None, published).reason == "The report does not print the numbers of its studies."
    short = judge({n: v[:-1] for n, v in inputs.items()}, published, labels[:-1])
    assert (short.verdict, short.reason) == (
        "not checkable", "The report pools 5 studies, and numbers of 4 are at hand.",
    )  # fmt: skip
    for change, message in (
        ({"ci_low": "2.90"}, r"The printed interval 2.90 to 3.97 does not hold its estimate 2.77"),
        ({"estimate": ""}, "A printed result needs an estimate"),
        ({"estimat": "2"}, "has no field estimat"),
        ({"measure": "SMD"}, "SMD cannot be made of counts"),
    ):
        with pytest.raises(mr.DataError, match=message):
            judge(inputs, {**published, **change}, labels)
    with pytest.raises(mr.DataError, match="column e1 holds something that is not a number"):
        judge({**inputs, "e1": ["x", *inputs["e1"][1:]]}, published, labels)
    with pytest.raises(mr.DataError, match="one of these sets is needed"):
        judge({"e1": [1], "n1": [2]}, published)
