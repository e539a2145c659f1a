"""`model: {like: ...}` sets what is not given; what is given wins."""

from __future__ import annotations

import pytest

from metarepro.analysis.config import Analysis

USUAL = {"id": "a", "title": "A", "outcome": "response", "experimental": {"agent": "drug"},
         "control": {"agent": "placebo"}}  # fmt: skip


def model(measure, **settings):
    return Analysis(**USUAL, measure=measure, model=settings).model


def test_revman_of_counts_means_and_rates():
    counts, means = model("RR", like="revman"), model("SMD", like="revman")
    assert (counts.tau2, counts.interval, counts.zero_cells, counts.subgroup_tau2) == (
        "DL-MH",
        "z",
        "revman",
        "separate",
    )
    assert (means.tau2, means.smd_variance, means.smd_correction, means.zero_cells) == (
        "DL",
        "RevMan",
        "approximate",
        None,
    )
    assert model("IRR", like="revman").tau2 == "DL"


def test_what_is_given_wins():
    kept = model("RR", like="revman", tau2="REML", ci="HK", zero_cells="none")
    assert (kept.tau2, kept.interval, kept.zero_cells) == ("REML", "HK", "none")


@pytest.mark.parametrize(("like", "pi"), [("metafor", "z"), ("meta", "t")])
def test_metafor_and_meta(like, pi):
    found = model("OR", like=like)
    assert (found.tau2, found.interval, found.pi, found.zero_cells) == ("REML", "z", pi, None)


def test_nothing_changes_without_it():
    assert model("RR") == model("RR", like=None) and model("RR").like is None
