"""Leave-one-out, absolute effects, certainty: against single fits and against arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from metarepro.analysis import run_analysis
from metarepro.analysis.certainty_settings import CertaintySettings, ControlRisk
from metarepro.analysis.conclusions import conclude
from metarepro.analysis.result import from_json, to_json
from metarepro.effects import get_measure
from metarepro.effects.absolute import MOVED

POOLED = ["response_24h_or_wide", "score_24h_md_wide", "rate_24h", "suicidality_1to3d_or", "response_24h_rd"]


# The mixed model of proportions is fitted anew for each of its many trials.
@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n == "rate_24h")) for n in POOLED])
def test_leaving_one_out_is_the_analysis_without_it(config, data, results, name):
    by_id = {a.id: a for a in config.analyses}
    analysis, result = by_id[name], results[name]
    assert len(result.leave_one_out) == len({s.study_id for s in result.studies if s.estimable}) >= 3
    for without in result.leave_one_out:
        population = analysis.population
        others = (*population.exclude_studies, without.study_id)
        # Of a cohort another study would take its place, so that overlap is kept out of the comparison.
        smaller = analysis.model_copy(update={"population": population.model_copy(update={"exclude_studies": others})})
        alone = run_analysis(config, smaller, data)
        kept = {s.study_id for s in result.studies if s.estimable} - {without.study_id}
        if {s.study_id for s in alone.studies if s.estimable} != kept:
            continue
        s = alone.summary
        assert s is not None and s.k == without.k and s.participants == without.participants
        for ours, theirs in ((without.estimate, s.estimate), (without.ci_low, s.ci_low), (without.ci_high, s.ci_high)):
            assert math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-12)
        assert math.isclose(without.tau2, s.tau2, rel_tol=1e-7, abs_tol=1e-9)
        null = get_measure(result.measure).null
        assert without.crosses_null is (None if null is None else s.ci_low <= null <= s.ci_high)


def test_two_studies_are_not_left_out(results):
    assert results["response_7d_or"].leave_one_out == () and results["ect_response_rd"].leave_one_out == ()


def test_risks_follow_from_the_counts_and_the_effect(results):
    result = results["response_24h_or"]
    a, s = result.absolute, result.summary
    events = sum(x.inputs["e2"] for x in result.studies if x.estimable)
    people = sum(x.inputs["n2"] for x in result.studies if x.estimable)
    assert a.control_risk == events / people
    odds = s.estimate * events / (people - events)
    assert math.isclose(a.treated_risk, odds / (1 + odds), rel_tol=1e-12)
    assert math.isclose(a.difference, a.treated_risk - a.control_risk, rel_tol=1e-12)
    assert a.treated_low < a.treated_risk < a.treated_high and a.difference_low < 0 < a.difference_high
    assert results["score_24h_md_wide"].absolute is None


def test_a_handbook_example_of_absolute_effects():
    """Cochrane Handbook, section 15.4.4: OR 0.73 at 240 per 1000 gives 187; RR 0.92 at 900 gives 828."""
    assert round(1000 * MOVED["OR"](0.24, 0.73)) == 187
    assert round(1000 * MOVED["RR"](0.9, 0.92)) == 828
    assert MOVED["RR"](0.9, 2.0) == 1.0 and MOVED["RD"](0.1, -0.3) == 0.0 and MOVED["OR"](0.5, math.inf) == 1.0


def test_a_stated_control_risk_takes_the_place_of_the_arms(config, data):
    analysis = next(a for a in config.analyses if a.id == "response_24h_or")
    stated = analysis.model_copy(update={"control_risk": ControlRisk(risk=0.2, source="A registry.")})
    a = run_analysis(config, stated, data).absolute
    assert a.control_risk == 0.2 and str(a.source) == "A registry."


def test_certainty_is_what_people_judged_and_the_data_stand_beside(config, data, results):
    blank = results["suicidality_24h_or"].certainty
    assert blank.overall == "" and {d.judgement for d in blank.domains} == {""}
    facts = {d.domain: str(d.fact or "") for d in blank.domains}
    assert facts["imprecision"] == "The interval excludes no difference; 221 people."
    assert facts["publication_bias"] == "3 trials: too few to see missing trials by a funnel plot."
    assert facts["indirectness"] == ""
    settings = CertaintySettings(overall="low", reason="small trials", assessor="AB",
                                 imprecision={"judgement": "serious", "reason": "few events"})  # fmt: skip
    analysis = next(a for a in config.analyses if a.id == "suicidality_24h_or")
    result = run_analysis(config, analysis.model_copy(update={"certainty": settings}), data)
    assert (result.certainty.overall, result.certainty.assessor) == ("low", "AB")
    assert {d.domain: d.judgement for d in result.certainty.domains}["imprecision"] == "serious"
    again = from_json(to_json(result))
    assert (again.certainty, again.absolute, again.conclusion) == (result.certainty, result.absolute, result.conclusion)


@pytest.mark.parametrize("missing", ["reason", "assessor"])
def test_a_judgement_without_reason_or_initials_is_refused(missing):
    given = {"overall": "low", "reason": "small trials", "assessor": "AB"}
    del given[missing]
    with pytest.raises(ValueError, match=f"overall: low has no {missing}"):
        CertaintySettings(**given)


def test_shares_of_bias_are_of_the_weight(results):
    shares = results["dropout_or"].bias_by_weight
    assert math.isclose(sum(shares.values()), 100.0) and set(shares) == {"high", "not_assessed"}


def test_an_interval_without_an_end_is_not_to_be_quoted(results):
    result = results["response_24h_or_wide"]
    endless = replace(result.summary, ci_high=math.inf)
    said = conclude(get_measure("OR"), "pool", endless, result.studies, (), (), "")
    assert [n.code for n in said.do_not_quote] == ["interval_without_end"] and said.checks == 0
