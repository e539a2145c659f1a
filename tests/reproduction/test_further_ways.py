"""Ways of computing beyond formulas and estimators: a tau2 that subgroups share, a binomial-normal model."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import metarepro as mr
from metarepro.reproduction import judge, match_published, read_inputs
from metarepro.reproduction.printed import StudyInputs, as_printed
from metarepro.reproduction.specifications import all_specifications
from metarepro.reproduction.ways import lacks_declared
from metarepro.reproduction.words import columns_in_words, method_in_words
from tests.conftest import ROOT

SUBGROUPS = json.loads((ROOT / "tests/data/further_models_reference.json").read_text())["subgroup"]
SHARED = "random effects; the subgroups share one variance between studies"
# rma.glmm's peer: lme4 with many nodes, tests/data/glmm_reference.R.
COURSE = next(
    f for f in json.loads((ROOT / "tests/data/glmm_reference.json").read_text())["fits"] if f["name"] == "course"
)


def groups_of(case: dict) -> list[StudyInputs]:
    """Subgroups in the order of the reference, each with the others beside it."""
    y, half = np.array(case["yi"]), 1.959963984540054 * np.sqrt(case["vi"])
    levels = [g["level"] for g in case["fits"][0]["separate_tau2"]["groups"]]
    rows = [np.flatnonzero(np.array(case["group"]) == level) for level in levels]
    texts = [
        {name: [repr(float(x)) for x in values[chosen]] for name, values in zip(
            ("estimate", "ci_low", "ci_high"), (y, y - half, y + half), strict=True)}
        for chosen in rows
    ]  # fmt: skip
    alone = [read_inputs(t) for t in texts]
    return [replace(g, beside=tuple(o for o in alone if o is not g)) for g in alone]


@pytest.mark.parametrize("case", SUBGROUPS, ids=lambda c: c["id"])
def test_a_shared_tau2_is_that_of_metafor(case):
    compared = 0
    printed = as_printed({"measure": "GEN", "estimate": "0.1"})
    for fit in case["fits"]:
        expected = fit["common_tau2_z"]
        for group, inputs in enumerate(groups_of(case)):
            for found in all_specifications(inputs, printed):
                if found.way.weights != "shared" or found.way.turned or found.way.tau2 != fit["method"]:
                    continue
                numbers = [found.tau2[0], found.estimate[0], found.ci_low[0], found.ci_high[0]]
                theirs = [expected["tau2"], *(expected[n][group] for n in ("means", "means_ci_lb", "means_ci_ub"))]
                np.testing.assert_allclose(numbers, theirs, rtol=1e-6, atol=1e-9)
                compared += 1
    assert compared >= 6


def test_a_shared_tau2_counts_as_the_way_of_a_report_that_tells_it():
    inputs = groups_of(SUBGROUPS[0])[0]
    theirs = next(f for f in SUBGROUPS[0]["fits"] if f["method"] == "DL")["common_tau2_z"]
    printed = {"measure": "GEN", "estimate": f"{theirs['means'][0]:.5f}", "ci_low": f"{theirs['means_ci_lb'][0]:.5f}",
               "ci_high": f"{theirs['means_ci_ub'][0]:.5f}"}  # fmt: skip
    told = judge(inputs, {**printed, "model": SHARED})
    assert told.verdict == "exact" and "DL shared by subgroups, z gives the printed numbers" in told.reason
    (way,) = {m.way for m in told.match.matches if not m.left_out}
    assert columns_in_words(way) == ("SE from the interval", "DL shared", "z")
    assert lacks_declared(way, SHARED) == 0 and lacks_declared(way, "random effects") == 1
    assert judge(inputs, {**printed, "model": "random effects"}).verdict != "exact"
    assert judge(replace(inputs, beside=()), {**printed, "model": SHARED}).verdict != "exact"


def test_without_a_study_in_a_subgroup_nothing_is_shared():
    none = {"e1": [0, 0], "n1": [10, 12], "e2": [0, 0], "n2": [11, 12]}
    some = {"e1": [3, 4, 9, 0], "n1": [10, 12, 20, 9], "e2": [1, 2, 4, 0], "n2": [11, 12, 20, 9]}
    inputs = replace(read_inputs(some), beside=(read_inputs(none),))
    ways = {p.way for p in all_specifications(inputs, as_printed({"measure": "OR", "estimate": "2"}))}
    shared = {w.formula.options for w in ways if w.weights == "shared"}
    dropped = (("drop_double_zero", True),)
    assert shared and dropped not in shared and dropped in {w.formula.options for w in ways if w.weights == "IV"}


def test_a_binomial_normal_model_is_found_and_must_be_told():
    counts = {"e": [str(x) for x in COURSE["e"]], "n": [str(x) for x in COURSE["n"]]}
    ends = np.array([0, -1.959963984540054, 1.959963984540054]) * COURSE["se"] + COURSE["beta"]
    printed = dict(zip(("estimate", "ci_low", "ci_high"), (f"{1 / (1 + np.exp(-x)):.4f}" for x in ends), strict=True))
    found = match_published(counts, {"measure": "PR", **printed, "tau2": f"{COURSE['tau2']:.4f}"})
    (best,) = [m for m in found.matches if m.way.weights == "GLMM"]
    assert method_in_words(best.way) == "binomial-normal model, z" and not best.differs
    assert judge(counts, {"measure": "PR", **printed, "model": "GLMM, random"}).verdict == "exact"
    assert lacks_declared(best.way, "generalised linear mixed model") == 0 and lacks_declared(best.way, "logit, DL") > 0


RARE = {
    "e1": [0, 1, 2, 10, 1, 1, 1, 1, 0, 3, 1, 6, 0, 5, 0, 1, 1, 1], "n1": [116, 44, 208, 130, 151, 98, 174, 74, 97, 113, 66, 187, 118, 252, 345, 64, 55, 60],
    "e2": [3, 3, 9, 7, 4, 3, 2, 2, 1, 11, 10, 4, 2, 13, 4, 2, 1, 2], "n2": [117, 35, 195, 136, 157, 139, 177, 69, 103, 122, 64, 190, 105, 262, 362, 69, 54, 60],
}  # fmt: skip


@pytest.mark.parametrize(("model", "says"), [("UM.FS", "UM.FS"), ("CM.EL", "CM.EL"), ("CM.AL", "CM.AL")])
def test_a_model_of_the_counts_of_two_arms_is_found_where_the_report_tells_of_one(model, says):
    fit = mr.glmm("OR", **{n: np.array(x) for n, x in RARE.items()}, model=model, ci="z")
    ends = np.exp([fit.beta, fit.ci_low, fit.ci_high])
    printed = dict(zip(("estimate", "ci_low", "ci_high"), (f"{x:.4f}" for x in ends), strict=True)) | {"measure": "OR"}
    counts = {n: [str(x) for x in column] for n, column in RARE.items()}
    found = match_published(counts, {**printed, "model": "generalised linear mixed model"}, leave_out=0)
    (best,) = [m for m in found.matches if m.way.weights == "GLMM"]
    assert method_in_words(best.way) == f"GLMM {says}, z" and columns_in_words(best.way)[:2] == (
        "counts themselves",
        f"GLMM {says}",
    )
    assert judge(counts, {**printed, "model": "GLMM (exact)"}).verdict == "exact"
    silent = match_published(counts, {**printed, "model": "random effects"}, leave_out=0)
    assert not [w for w in silent.whole if w.way.weights == "GLMM"]
