"""The default analyses on the real trials: which rows they use, which they do not, and that numbers add up."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math

import jsonschema
import pytest

import metarepro as mr
from metarepro.analysis import from_json, run_analysis, to_json
from metarepro.analysis.provenance import provenance
from metarepro.analysis.result import read_results
from metarepro.analysis.schema import results_schema
from metarepro.analysis.tables import effects_csv, summary_csv
from metarepro.records import to_json_text
from tests.conftest import ROOT


def used(result):
    return {s.study_id: s for s in result.studies}


def reasons(result):
    return {x.study_id: x.reason for x in result.left_out}


def test_every_analysis_of_the_plan_is_there(results):
    assert {"rate_4h", "rate_24h", "rate_72h", "rate_7d", "rate_course"} <= set(results)
    assert {f"{o}_24h_{m}" for o in ("response", "remission") for m in ("or", "rr", "rd")} <= set(results)
    assert {"score_24h_smd", "score_24h_md", "smd_published_40min", "crossover_48h_md", "stard_cumulative"} <= set(
        results
    )
    assert {"suicidality_1to3d_or", "ptsd_score_24h_md", "ect_response_rd"} <= set(results)


def test_response_at_24_hours_uses_these_trials(results):
    r = results["response_24h_or"]
    counts = {k: tuple(int(s.inputs[c]) for c in ("e1", "n1", "e2", "n2")) for k, s in used(r).items()}
    primary = {"murrough2013a": (30, 47, 7, 25), "sos2013": (10, 27, 1, 27), "grunebaum2018": (12, 40, 6, 40)}
    assert counts == primary and r.primary
    wide = results["response_24h_or_wide"]
    counts = {k: tuple(int(s.inputs[c]) for c in ("e1", "n1", "e2", "n2")) for k, s in used(wide).items()}
    assert counts == {**primary, "lapidus2014": (8, 18, 1, 18), "lii2023": (12, 20, 10, 20)} and not wide.primary
    assert reasons(r)["lapidus2014"] == "given intranasal"
    assert reasons(r)["lii2023"] == "given under general anaesthesia"
    assert reasons(r)["zarate2006"] == "denominator not read; the number randomised is not filled in for it"
    assert [g.group for g in r.subgroups] == ["midazolam", "saline"]


def test_pooled_numbers_are_those_of_the_library_on_the_same_counts(results):
    r = results["response_24h_or_wide"]
    es = mr.effect_sizes("OR", **{c: [s.inputs[c] for s in r.studies] for c in ("e1", "n1", "e2", "n2")})
    vi = es.vi.copy()
    for i, study in enumerate(r.studies):
        if study.study_id in ("sos2013", "lapidus2014"):
            # Crossover trials enter as pairs.
            x = study.inputs
            pair = mr.effect_sizes("MPORM", e1=[x["e1"]], e2=[x["e2"]], n=[x["n1"]], r=[0.2])
            assert pair.yi[0] == pytest.approx(es.yi[i], rel=1e-12)
            vi[i] = pair.vi[0]
            assert "crossover, pairs of the same patients with a correlation of 0.2" in study.notes
    fit = mr.pool(es.yi, vi, tau2="REML", pi="HTS")
    s = r.summary
    assert (s.beta, s.se, s.tau2, s.q) == (fit.beta, fit.se, fit.tau2, fit.q)
    assert s.estimate == pytest.approx(math.exp(fit.beta)) and s.pi_high == pytest.approx(math.exp(fit.pi_high))
    assert sum(x.weight for x in r.studies) == pytest.approx(100)


def test_preselected_responders_are_in_no_rate(results):
    for name in ("rate_4h", "rate_24h", "rate_72h", "rate_7d", "rate_course"):
        assert "aanhetrot2010" not in used(results[name])
    assert "preselected" in reasons(results["rate_24h"])["aanhetrot2010"]


def test_no_two_studies_of_a_cohort_are_pooled_unless_asked(results, data, config):
    for analysis in config.analyses:
        if analysis.overlap == "one_per_cohort" and analysis.combine == "pool":
            cohorts = [data.studies[s.study_id].cohort for s in results[analysis.id].studies]
            assert len(cohorts) == len(set(cohorts)), analysis.id


def test_no_result_uses_a_row_that_is_not_poolable(results, data):
    rows = (*data.dichotomous, *data.continuous, *data.contrasts)
    usable = {provenance(r) for r in rows if r.poolable and r.chosen}
    assert usable and len(usable) < len(rows)
    for result in results.values():
        if result.combine != "compound":
            for study in result.studies:
                assert set(study.provenance) <= usable, (result.id, study.label)


def test_the_first_period_of_a_crossover_is_preferred_for_comparisons(results):
    evans = used(results["response_72h_or"])["evans2025"]
    assert (evans.inputs["e1"], evans.inputs["n1"], evans.inputs["e2"], evans.inputs["n2"]) == (5, 15, 0, 13)
    assert "crossover, first period" in evans.notes
    assert any("0.5 added" in n for n in evans.notes)


def test_crossover_trials_enter_mean_differences_by_their_own_contrast(results):
    r = used(results["score_24h_md_wide"])
    assert r["dwyer2021"].inputs == {"estimate": -8.69, "se": 3.77}
    assert r["lapidus2014"].inputs == {"estimate": -7.6, "se": 1.73}
    assert (r["murrough2013a"].estimate, r["murrough2013a"].ci_low, r["murrough2013a"].ci_high) == (
        -7.95,
        -12.71,
        -3.20,
    )
    # Means of all periods enter as pairs: the variance of the mean difference within patients.
    other = r["pmc10810879"]
    sd1, sd2 = other.inputs["sd1"], other.inputs["sd2"]
    assert other.vi == pytest.approx((sd1**2 + sd2**2 - 2 * 0.2 * sd1 * sd2) / 24)
    assert set(used(results["score_24h_md"])) == {"murrough2013a", "pmc10810879"}


def test_the_crossover_grid_is_that_of_the_referee(results):
    # Independent trials, correlation 0: 3.60 (1.25 to 10.39) and -6.70 (-8.73 to -4.67).
    by = {x.id: x.summary for x in results["response_24h_or_wide"].sensitivity}
    assert [round(x, 2) for x in (by["paired_0"].estimate, by["paired_0"].ci_low, by["paired_0"].ci_high)] == [
        3.60, 1.25, 10.39,
    ]  # fmt: skip
    by = {x.id: x.summary for x in results["score_24h_md_wide"].sensitivity}
    assert [round(x, 2) for x in (by["paired_0"].estimate, by["paired_0"].ci_low, by["paired_0"].ci_high)] == [
        -6.70, -8.73, -4.67,
    ]  # fmt: skip


def test_those_not_rated_count_as_without_the_event_where_their_number_is_known(config, data):
    analysis = next(a for a in config.analyses if a.id == "esk_response_28d_rr")
    result = run_analysis(config, analysis.model_copy(update={"missing": "no_event"}), data)
    popova = used(result)["popova2019"]
    assert (popova.inputs["e1"], popova.inputs["n1"], popova.inputs["n2"]) == (70, 114, 109)
    assert "22 not rated, counted as without the event" in popova.notes
    assert "Patients who were randomised or treated and not rated count as without the event." in result.methods


def test_patient_level_crossover_effect(results):
    s = results["crossover_48h_md"].summary
    assert (s.k, s.estimate, s.se) == (1, -6.75, 1.948)


def test_one_study_is_shown_without_a_pooled_estimate(results):
    assert results["remission_24h_or"].summary is None
    s = results["remission_24h_or_wide"].summary
    assert s.k == 1 and math.isnan(s.tau2) and math.isnan(s.pi_low)
    assert "One study only" in s.notes[0]


def test_stard_compounds_four_printed_rates(results):
    r = results["stard_cumulative"]
    assert [s.estimate for s in r.studies] == [0.368, 0.306, 0.137, 0.13]
    product = 1 - (1 - 0.368) * (1 - 0.306) * (1 - 0.137) * (1 - 0.130)
    assert r.summary.estimate == pytest.approx(product, rel=1e-14)
    assert {x.label: x.estimate for x in r.references} == {
        "Rush 2006 (STAR*D)": 0.67,
        "Pigott 2023 (STAR*D reanalysis)": 0.35,
    }
    assert any("No number of patients was read for step3" in n for n in r.summary.notes)


def test_studies_show_the_proportion_they_counted_with_wilsons_interval(results):
    chen = used(results["rate_4h"])["chen2020"]
    assert chen.estimate == pytest.approx(4 / 6) and chen.ci_method == "Wilson"
    assert (round(chen.ci_low, 3), round(chen.ci_high, 3)) == (0.300, 0.903)


def test_sensitivity_says_which_studies_went(results):
    by = {x.id: x for x in results["response_24h_or_wide"].sensitivity}
    assert [x.label for x in by["no_anaesthesia"].left_out] == ["Lii 2023"]
    assert by["no_anaesthesia"].left_out[0].reason == "given under general anaesthesia"
    assert {x.study_id for x in by["primary_only"].left_out} == {"murrough2013a", "sos2013", "grunebaum2018"}
    assert by["with_anaesthesia"].same_studies
    added = {x.id: x for x in results["response_24h_or"].sensitivity}["with_anaesthesia"]
    assert added.added == ("Lii 2023",) and added.summary.k == 4
    assert by["dl_wald"].same_studies and by["dl_wald"].summary.tau2_method == "DL"
    assert {x.id for x in results["rate_72h"].sensitivity} >= {"primary_only", "randomised_only", "mdd_only"}


def test_a_published_effect_alone_keeps_its_printed_interval(results):
    feder = results["ptsd_score_24h_md"]
    assert (feder.summary.ci_low, feder.summary.ci_high) == (-22.8, -2.5)
    assert feder.studies[0].ci_method == "as printed" and "its interval as printed" in feder.methods
    evans = results["crossover_48h_md"].summary
    assert (evans.ci_low, evans.ci_high) == (-10.78, -2.72)
    # In a pooled analysis the study row is as printed, the pooled interval is computed.
    assert used(results["score_24h_md_wide"])["dwyer2021"].ci_low == -16.72


def test_cautions_of_the_data_reach_the_study(results):
    lii = used(results["remission_7d_or"])["lii2023"]
    assert any("which cannot be" in n for n in lii.notes)
    assert any("Not a result to quote" in n for n in results["remission_7d_or"].notes)
    assert any("two infusions" in n for n in used(results["suicidality_1to3d_or"])["abbar2022"].notes)


def test_responses_kept_from_day_one_are_no_response_rate_at_day_seven(results):
    assert "zarate2006" not in used(results["rate_7d"])
    assert "kept" in reasons(results["rate_7d"])["zarate2006"]


def test_several_scales_of_one_arm_are_never_added_up(config, data):
    analysis = config.analyses[0].model_copy(
        update={
            "id": "scales", "measure": "SMD", "outcome": ("suicidal_ideation",), "multi_arm": "combine",
            "schedule": None, "control": config.analyses[5].control, "time": None, "scale": (),
            "population": config.analyses[0].population.model_copy(update={"studies": ("price2014",)}),
        }
    )  # fmt: skip
    with pytest.raises(mr.DataError, match=r"E031 Price 2014 has several rows that fit analysis 'scales' equally well"):
        run_analysis(config, analysis, data)


def test_step_rates_of_two_studies_are_not_compounded(config, data):
    stard = next(a for a in config.analyses if a.combine == "compound")
    rows = [r.model_copy(update={"study_id": "pigott2023"}) for r in data.contrasts if r.experimental_arm == "step1"]
    arms = {**data.arms, ("pigott2023", "step1"): data.arms["rush2006", "step1"]}
    more = dataclasses.replace(data, contrasts=(*data.contrasts, *rows), arms=arms)
    with pytest.raises(mr.ConfigError, match="E032 analysis 'stard_cumulative' would compound step rates of several"):
        run_analysis(config, stard, more)


def test_contrasts_without_a_control_are_no_comparison(config, data):
    analysis = next(a for a in config.analyses if a.id == "smd_published_48h")
    rows = tuple(
        r.model_copy(update={"poolable": True, "se": 0.2}) if r.control_arm == "own_baseline" else r
        for r in data.contrasts
    )
    result = run_analysis(config, analysis, dataclasses.replace(data, contrasts=rows))
    assert set(used(result)) == {"diazgranados2010"}


def test_no_event_anywhere_gives_no_estimate(config, data):
    analysis = next(a for a in config.analyses if a.id == "response_24h_or")
    rows = tuple(r.model_copy(update={"events": 0}) if r.total else r for r in data.dichotomous)
    result = run_analysis(config, analysis, dataclasses.replace(data, dichotomous=rows))
    assert result.summary is None and all(not s.estimable for s in result.studies)
    assert "No study can be estimated: none has an event, or all have events only." in result.notes


def test_two_rows_for_one_arm_are_not_added_up(config, data):
    analysis = next(a for a in config.analyses if a.id == "response_24h_or")
    row = next(r for r in data.dichotomous if r.study_id == "sos2013" and r.timepoint_h == 24)
    twice = dataclasses.replace(data, dichotomous=(*data.dichotomous, row.model_copy(update={"source_id": "xu2016"})))
    with pytest.raises(mr.DataError, match=r"E031 Sos 2013 has several rows(.|\n)*conflict id and choose one"):
        run_analysis(config, analysis, twice)


def test_standard_error_from_p_is_marked(config, data):
    analysis = next(a for a in config.analyses if a.id == "ptsd_score_24h_md")
    rows = tuple(r.model_copy(update={"ci_low": None, "ci_high": None}) for r in data.contrasts)
    changed = analysis.model_copy(update={"se_from_p": True})
    feder = used(run_analysis(config, changed, dataclasses.replace(data, contrasts=rows)))["feder2014"]
    assert feder.se == pytest.approx(12.7 / 2.3263478740408408)
    assert "standard error from p = 0.02, taken as a normal test" in feder.notes


def test_every_study_of_every_analysis_leads_to_a_source(results, data):
    for result in results.values():
        for study in result.studies:
            assert study.provenance
            for p in study.provenance:
                assert p.source_id in data.sources


def test_results_survive_their_json(results):
    for result in results.values():
        again = from_json(to_json(result))
        assert to_json(again) == to_json(result)
        if result.summary:
            assert again.summary.beta == result.summary.beta
    assert "NaN" not in to_json(results["remission_24h_or_wide"])


def test_csv_of_effects_and_summaries(results):
    r = results["response_24h_or_wide"]
    rows = list(csv.DictReader(io.StringIO(effects_csv(r))))
    assert len(rows) == len(r.studies) + len(r.left_out)
    assert float(rows[0]["yi"]) == r.studies[0].yi
    assert {x["status"] for x in rows} == {"used", "not used"} and rows[-1]["reason"]
    summary = list(csv.DictReader(io.StringIO(summary_csv(results.values()))))
    main = {x["analysis"]: x for x in summary if x["part"] == "main"}
    assert set(main) == set(results)
    assert float(main["rate_24h"]["estimate"]) == results["rate_24h"].summary.estimate


def test_direction_of_scores_and_responses(results):
    # Ketamine helps where it is below 0 on a score and above 1 on a ratio of responses; both analyses agree.
    assert results["score_24h_md"].better == "low" and results["score_24h_md"].summary.estimate < 0
    assert results["response_24h_or"].better == "high" and results["response_24h_or"].summary.estimate > 1


def test_results_files_are_what_their_schema_says(results):
    schema = json.loads((ROOT / "workflow/schemas/results.schema.json").read_text(encoding="utf-8"))
    assert schema == results_schema(), "renew it: python -m metarepro.analysis.schema"
    reference = (ROOT / "reference/results.json").read_text(encoding="utf-8")
    content = json.loads(reference)
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    assert json.loads(to_json_text(read_results(reference))) == content
    content["analyses"][0]["summary"]["beta"] = "0.5"
    with pytest.raises(jsonschema.ValidationError, match=r"'0\.5' is not of type"):
        jsonschema.validate(content, schema)


def test_remarks_of_results_are_codes_with_values(results):
    codes = {n.code for r in results.values() for s in r.studies for n in s.notes}
    assert {"study_corrected", "stated"} <= codes
    pooled = {n.code for r in results.values() if r.summary for n in r.summary.notes}
    assert {"one_study", "two_studies", "wald_taken", "compounded"} <= pooled
    plain = [json.loads(to_json(r)) for r in results.values()]
    note = next(n for r in plain for s in r["studies"] for n in s["notes"] if n["code"] == "study_corrected")
    assert note["values"]["amount"] == 0.5 and note["text"].startswith("0.5 added to")
