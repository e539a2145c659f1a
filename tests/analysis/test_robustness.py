"""How far an analysis depends on single studies, missing ones and choices: against the library, and named states."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis.certainty_settings import MinimalDifference
from metarepro.analysis.run import run_analysis
from metarepro.analysis.tables import multiverse_csv, robustness_csv
from metarepro.project.reading import read_project
from metarepro.report.robustness_view import robustness_views
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def project():
    return read_project(ROOT)


@pytest.fixture(scope="module")
def results(project):
    wanted = ("response_24h_or", "response_24h_or_wide", "score_24h_md_wide", "rate_24h", "response_7d_or")
    return {a.id: run_analysis(project.config, a, project.data) for a in project.config.analyses if a.id in wanted}


def effects(result):
    used = [s for s in result.studies if s.estimable]
    return np.array([s.yi for s in used]), np.array([s.vi for s in used])


def test_influence_is_that_of_the_library(results):
    found = results["response_24h_or_wide"]
    frame = mr.influence(*effects(found))
    by_label = {s.study_id: i for i, s in enumerate(s for s in found.studies if s.estimable)}
    for row in found.robustness.influence:
        theirs = frame.iloc[by_label[row.study_id]]
        assert (row.rstudent, row.cook, row.tau2_deleted) == pytest.approx(
            (theirs["rstudent"], theirs["cook"], theirs["tau2_deleted"]), rel=1e-9
        )


def test_trials_without_effect_and_bias_undo_the_result(results):
    found = results["score_24h_md_wide"]
    y, v = effects(found)
    assert found.robustness.null_trials == mr.fail_safe_n(y, v, kind="general").n > 5
    shifted = mr.pool(y + found.robustness.tipping_bias, v)
    assert shifted.ci_high == pytest.approx(0, abs=1e-9)
    crossing = results["response_24h_or"]
    assert crossing.conclusion.crosses_null and crossing.robustness.null_trials == crossing.robustness.tipping_bias == 0


def test_corrections_that_a_measure_does_not_bear_are_named():
    project = read_project(ROOT / "examples/psilocybin")
    smd = next(a for a in project.config.analyses if a.measure == "SMD")
    found = run_analysis(project.config, smd, project.data).robustness
    assert {w.question for w in found.what_if} == {
        "without_lowest", "without_highest", "trim_and_fill", "large_studies", "selection",
    }  # fmt: skip
    assert [n.code for n in found.notes] == ["no_correction_of_dependent_errors"]
    assert {t.code for t in found.asymmetry if t.fits} == {"pustejovsky_rodgers", "size"}


def test_the_extremes_are_those_of_leave_one_out(results):
    found = results["response_24h_or_wide"]
    low, high = found.robustness.what_if
    estimates = [w.estimate for w in found.leave_one_out]
    assert (low.estimate, high.estimate) == (min(estimates), max(estimates))
    assert (low.question, high.question) == ("without_lowest", "without_highest")


def test_few_studies_and_rates_are_named_states(results):
    few, rate = results["response_24h_or_wide"].robustness, results["rate_24h"].robustness
    assert [n.code for n in few.notes] == ["no_test_of_few"] and few.asymmetry == ()
    assert {n.code for n in rate.notes} == {"robustness_by_inverse_variance", "no_correction_of_rates"}
    assert math.isnan(rate.null_trials) and {t.code for t in rate.asymmetry if t.fits} == {"size"}


def test_two_studies_have_no_robustness(results):
    assert results["response_7d_or"].summary.k <= 2 and results["response_7d_or"].robustness is None


def test_the_multiverse_holds_the_main_analysis_and_its_variants(results):
    found = results["response_24h_or"]
    m, main = found.multiverse, found.summary
    here = m.universes[m.main]
    assert (here.estimate, here.ci_low, here.ci_high) == pytest.approx(
        (main.estimate, main.ci_low, main.ci_high), rel=1e-9
    )
    assert all(i == 0 for i in here.levels)
    for x in found.sensitivity:
        if x.summary is None or x.summary.k <= 2:
            continue
        near = [u for u in m.universes if u.estimate == pytest.approx(x.summary.estimate, rel=1e-9)]
        assert any(u.ci_low == pytest.approx(x.summary.ci_low, rel=1e-9) for u in near), x.id
    assert len(m.universes) + sum(m.left_out.values()) == m.combinations and m.seed is None


def test_shares_count_the_universes(results):
    m = results["response_24h_or"].multiverse
    assert m.same_direction == np.mean([u.estimate > 1 for u in m.universes])
    assert m.excluding_null == np.mean([u.ci_low > 1 for u in m.universes])
    assert [f.share for f in m.factors] == sorted((f.share for f in m.factors), reverse=True)
    assert [u.estimate for u in m.universes] == sorted(u.estimate for u in m.universes)


def test_settings_choose_which_analyses_and_how_many(project):
    wide = next(a for a in project.config.analyses if a.id == "response_24h_or_wide")
    assert run_analysis(project.config, wide, project.data).multiverse is None
    settings = type(project.config.multiverse)(of="all", most=20, seed=5)
    config = project.config.model_copy(update={"multiverse": settings})
    found = run_analysis(config, wide, project.data).multiverse
    assert len(found.universes) <= 20 < found.combinations and found.seed == 5 and found.main >= 0
    none = project.config.model_copy(update={"multiverse": type(settings)(of="none")})
    primary = next(a for a in project.config.analyses if a.id == "response_24h_or")
    assert run_analysis(none, primary, project.data).multiverse is None


def test_tables_hold_a_row_a_study_and_a_row_a_universe(results):
    found = results["response_24h_or"]
    rows = list(csv.DictReader(io.StringIO(robustness_csv(found))))
    assert [r["study_id"] for r in rows] == [x.study_id for x in found.robustness.influence]
    assert float(rows[0]["estimate_without"]) == found.leave_one_out[0].estimate
    universes = list(csv.DictReader(io.StringIO(multiverse_csv(found))))
    assert len(universes) == len(found.multiverse.universes)
    assert [r["main"] for r in universes].count("True") == 1
    assert robustness_csv(results["response_7d_or"]).splitlines()[1:] == []


def test_the_chance_to_reach_the_smallest_difference_that_patients_notice(project, results):
    assert math.isnan(results["score_24h_md_wide"].robustness.reaches_minimal)  # the settings name none
    least = MinimalDifference(value=2.0, reason="an example", assessor="XX")
    depression = project.config.outcomes["depression"].model_copy(update={"minimal_difference": least})
    config = project.config.model_copy(update={"outcomes": {**project.config.outcomes, "depression": depression}})
    md = next(a for a in config.analyses if a.id == "score_24h_md_wide")
    result = run_analysis(config, md, project.data)
    fit = mr.pool(*effects(result), tau2=md.model.tau2, ci=md.model.interval)
    found = result.robustness
    # Fewer points are better here.
    assert found.minimal_difference == 2.0
    assert found.reaches_minimal == pytest.approx(mr.chance_beyond(fit, -2.0, "below"), rel=1e-9)
    (view,) = robustness_views([result])
    chance = f"{100 * found.reaches_minimal:.0f}%"
    assert view["facts"][-1] == (
        "The true effect of a further trial would reach the smallest difference that patients would notice (2 points) "
        f"with a chance of {chance}."
    )
    ratio = next(a for a in config.analyses if a.id == "response_24h_or_wide")
    assert math.isnan(run_analysis(config, ratio, project.data).robustness.reaches_minimal)
