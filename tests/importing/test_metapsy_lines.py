"""Every kind of line of the Metapsy format gets in, or is listed with its place; the numbers are those of the lines."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis.run import run_analysis
from metarepro.cli import main
from metarepro.importing.metapsy import read_metapsy
from metarepro.importing.project import write_imported
from metarepro.project.reading import read_project

NAMES = (
    "study", "condition_arm1", "condition_arm2", "multi_arm1", "multi_arm2", "outcome_type", "instrument", "time",
    "time_weeks", "n_arm1", "mean_arm1", "sd_arm1", "n_arm2", "mean_arm2", "sd_arm2", "n_change_arm1",
    "mean_change_arm1", "sd_change_arm1", "n_change_arm2", "mean_change_arm2", "sd_change_arm2", "event_arm1",
    "totaln_arm1", "event_arm2", "totaln_arm2", "precalc_g", "precalc_g_se", "precalc_log_rr", "precalc_log_rr_se",
    "year", ".g", ".g_se", ".log_rr", ".log_rr_se",
)  # fmt: skip
MEANS = {"n_arm1": "30", "mean_arm1": "10", "sd_arm1": "5", "n_arm2": "31", "mean_arm2": "14", "sd_arm2": "6"}
G, G_SE = -0.7139495382, 0.2643430  # of MEANS, as metapsyTools computes it


def line(study="Ash 2001", one="cbt", two="wl", **cells):
    own = {} if {"outcome_type"} & set(cells) else MEANS
    given = {"study": study, "condition_arm1": one, "condition_arm2": two, "outcome_type": "msd", "year": "2001",
             "instrument": "phq-9", "time": "post", "time_weeks": "8", **own}  # fmt: skip
    return {**given, **{f".{n[1:]}" if n.startswith("_") else n: str(x) for n, x in cells.items()}}


def made(tmp_path, *lines, more=()):
    text = io.StringIO()
    writer = csv.DictWriter(text, [*NAMES, *more], restval="NA")
    writer.writeheader()
    writer.writerows(lines)
    (tmp_path / "data.csv").write_text(text.getvalue(), encoding="utf-8")
    project = read_metapsy(tmp_path / "data.csv", "data.csv")
    write_imported(project, tmp_path / "p")
    return project, read_project(tmp_path / "p")


def pooled(project, name):
    analysis = next(a for a in project.config.analyses if a.id == name)
    return run_analysis(project.config, analysis, project.data).summary


def g_of(*rows, **more):
    """Pooled g of rows of n, mean, SD of both arms, and of printed effects."""
    columns = dict(zip(("n1", "m1", "sd1", "n2", "m2", "sd2"), np.array(rows, dtype=float).T, strict=True))
    es = mr.effect_sizes("SMD", **columns, vtype="LSd", j="approximate")
    yi = [*es.yi, *(y for y, _ in more.get("printed", ()))]
    vi = [*es.vi, *(se**2 for _, se in more.get("printed", ()))]
    return mr.pool(yi, vi, tau2="REML", ci="HK")


def same(summary, fit):
    assert summary.k == fit.k
    assert summary.estimate == pytest.approx(float(fit.beta[0] if np.ndim(fit.beta) else fit.beta), rel=1e-9)
    assert summary.ci_low == pytest.approx(float(fit.ci_low[0] if np.ndim(fit.ci_low) else fit.ci_low), rel=1e-9)


ASH, ELM = (30, 10, 5, 31, 14, 6), (25, 9, 5, 26, 12, 6)
ELM_LINE = line("Elm 2002", n_arm1=25, mean_arm1=9, n_arm2=26, mean_arm2=12)


@pytest.mark.parametrize("kind", ["other statistic", "other stat", "precalc_g_from_va", "msd"])
def test_a_line_of_an_effect_only_is_a_contrast_beside_the_means(tmp_path, kind):
    effect = line("Fir 2003", outcome_type=kind, mean_arm1="0.4", precalc_g=-0.5, precalc_g_se=0.2)
    project, checked = made(tmp_path, line(), ELM_LINE, effect)
    (row,) = project.tables["contrasts"]
    assert (row["measure"], row["estimate"], row["se"], row["locator"]) == ("SMD", "-0.5", "0.2", "line 4")
    same(pooled(checked, "symptoms_smd"), g_of(ASH, ELM, printed=[(-0.5, 0.2)]))


def test_effects_of_events_keep_their_outcome_and_direction(tmp_path):
    project, checked = made(
        tmp_path,
        line(outcome_type="attempts", event_arm1=3, totaln_arm1=40, event_arm2=6, totaln_arm2=41),
        line("Elm 2002", outcome_type="ideation", _g=-0.5, _g_se=0.2),
        line("Fir 2003", outcome_type="ideation", precalc_g=-0.3, precalc_g_se=0.1, _g=-0.3, _g_se=0.1),
        line("Oak 2004", outcome_type="attempts", precalc_log_rr=-0.6931471805599453, precalc_log_rr_se=0.5),
    )
    assert {o: x.better for o, x in checked.config.outcomes.items()} == {"attempts": "low", "ideation": "low"}
    same(pooled(checked, "ideation_smd"), mr.pool([-0.5, -0.3], [0.04, 0.01], ci="HK"))
    attempts = [r for r in project.tables["contrasts"] if r["outcome"] == "attempts"]
    assert [(r["measure"], float(r["estimate"])) for r in attempts] == [("RR", pytest.approx(0.5))]
    assert pooled(checked, "attempts_rr").k == 2
    assert not any("Please check" in n for n in project.notes)


def test_the_sign_of_a_printed_effect_is_turned_to_that_of_the_means(tmp_path):
    """As in databases where a positive g says that the treatment is better: the effect without means must not turn."""
    project, checked = made(
        tmp_path,
        line(_g=-G, _g_se=0.26),
        ELM_LINE,
        line("Fir 2003", outcome_type="other statistic", precalc_g=-0.33, precalc_g_se=0.2, _g=0.33, _g_se=0.2),
        line("Oak 2004", outcome_type="other statistic", _g=0.2, _g_se=0.2),
    )
    assert [r["estimate"] for r in project.tables["contrasts"]] == ["-0.33", "-0.2"]
    assert ".g and .g_se follow from the numbers beside them in 1 of 1 lines with the sign reversed." in project.notes
    assert (
        "Printed effects without numbers were taken with the sign turned, so that they point as the means do: line 5."
        in project.notes
    )
    same(pooled(checked, "symptoms_smd"), g_of(ASH, ELM, printed=[(-0.33, 0.2), (-0.2, 0.2)]))


def test_printed_effects_that_do_not_follow_are_listed_with_both_numbers(tmp_path):
    wrong = line("Elm 2002", _g=-0.5, _g_se=0.2643)
    project, _ = made(tmp_path, line(_g=-0.71395, _g_se=0.26434), wrong, line("Fir 2003", _g=0.714, _g_se=0.264))
    assert project.notes[1] == (
        ".g and .g_se follow from the numbers beside them in 1 of 3 lines, and in 1 more with the sign reversed "
        "(line 4); not in line 3: line 3 prints -0.5 (0.2643), its numbers give -0.7139 (0.2643)."
    )
    rows = list(csv.DictReader(io.StringIO((tmp_path / "p" / "printed-effects.csv").read_text())))
    assert [(r["line"], r["printed"], r["difference"]) for r in rows] == [
        ("3", "-0.5", "other numbers"), ("4", "0.714", "other sign than most"),
    ]  # fmt: skip


def test_a_scale_whose_effects_have_the_other_sign_points_the_other_way(tmp_path):
    """Of a known scale low is good; .g of the other scale has the sign reversed, so on that one high is good."""
    up = {"mean_arm1": 14, "mean_arm2": 10, "sd_arm1": 6, "sd_arm2": 5, "n_arm1": 31, "n_arm2": 30}
    project, checked = made(
        tmp_path,
        line(_g=G, _g_se=0.264), line("Elm 2002", _g=G, _g_se=0.264),
        line("Fir 2003", instrument="Flourishing", **up, _g=G, _g_se=0.264),
    )  # fmt: skip
    analysis = checked.config.analyses[0]
    assert (analysis.higher_is_better, analysis.higher_is_worse) == (("FLOURISHING",), ())
    assert checked.config.outcomes["symptoms"].better == "low"
    assert pooled(checked, "symptoms_smd").estimate == pytest.approx(G, abs=1e-6)
    assert (
        "Symptoms: on FLOURISHING high is good, by the sign of .g (higher_is_better in config.yaml)." in project.notes
    )


@pytest.mark.parametrize("word", ["NR", "n.r.", "-", "n/a", "not reported"])
def test_words_for_not_reported_are_missing_numbers(tmp_path, word):
    left = line("Fir 2003", sd_arm1=word)
    project, _ = made(tmp_path, line(time_weeks=word), ELM_LINE, left)
    assert project.notes[:2] == (
        "Lines: 3 read, 2 taken, 1 left out.",
        "Left out: no complete numbers, and no effect with its standard error: line 4 (left-out.csv).",
    )
    assert f"{word!r} in columns of numbers is taken as missing: lines 2, 4." in project.notes
    assert (tmp_path / "p" / "left-out.csv").read_text() == (
        "line,study,outcome_type,left_out,reason\n"
        '4,Fir 2003,msd,yes,"no complete numbers, and no effect with its standard error: sd_arm1 missing"\n'
    )


def test_a_missing_instrument_is_unspecified(tmp_path):
    project, checked = made(tmp_path, line(), line("Elm 2002", instrument="NA"), line("Fir 2003", instrument=""))
    assert [r["scale"] for r in project.tables["continuous"][::2]] == ["PHQ-9", "unspecified", "unspecified"]
    assert "The instrument is missing, and called 'unspecified': lines 3, 4." in project.notes
    assert pooled(checked, "symptoms_smd").k == 3


def test_impossible_numbers_leave_out_their_line_with_its_place(tmp_path, capsys):
    counts = {"outcome_type": "response", "event_arm1": 12, "totaln_arm1": 30, "event_arm2": 7, "totaln_arm2": 30}
    project, _ = made(
        tmp_path, line(), ELM_LINE, line("Fir 2003", sd_arm2=0), line("Oak 2004", n_arm1=0),
        line(**counts), line("Elm 2002", **counts | {"event_arm1": 31}),
    )  # fmt: skip
    reasons = [r["reason"] for r in csv.DictReader(io.StringIO(project.files["left-out.csv"]))]
    assert reasons == [
        "impossible numbers: data.csv:4:54: sd_arm2 '0' is no standard deviation",
        "impossible numbers: data.csv:5:40: n_arm1 '0' is no number of patients that have a standard deviation",
        "impossible numbers: data.csv:7:81: event_arm1 '31' is no number of patients with the event, from 0 to 30",
    ]
    assert main(["check", str(tmp_path / "p")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Nothing wrong in what was taken: 2 analyses, tables in data/raw.\n")
    assert (
        f"Parts of the imported file were not taken: {tmp_path}/p/left-out.csv lists them with the reasons.\n" in shown
    )


def test_check_says_nothing_wrong_of_a_file_that_was_taken_whole(tmp_path, capsys):
    made(tmp_path, line(), ELM_LINE)
    assert main(["check", str(tmp_path / "p")]) == 0
    assert capsys.readouterr().out.startswith("Nothing wrong: 1 analysis, tables in data/raw.\n")


def test_the_same_condition_in_both_arms_is_left_out(tmp_path):
    project, checked = made(tmp_path, line(), ELM_LINE, line("Fir 2003", two="CBT"))
    assert project.notes[1] == "Left out: both arms have the same condition: line 4 (left-out.csv)."
    assert "fir_2003" not in checked.data.studies


def test_three_arms_are_taken_as_one_and_two_instruments_in_the_order_of_their_lines(tmp_path):
    project, checked = made(
        tmp_path,
        line(), line(one="pst", mean_arm1=11), line(instrument="hdrs-17", mean_arm1=8), ELM_LINE,
        line("Fir 2003", instrument="hdrs-17"),
    )  # fmt: skip
    (analysis,) = checked.config.analyses
    assert (analysis.multi_arm, analysis.scale) == ("combine", ("PHQ-9", "HDRS-17"))
    # Two arms of 30: mean 10.5, SD of both (Cochrane Handbook 6.5.2.10).
    sd = ((29 * 25 + 29 * 25 + 30 * 30 / 60 * 1) / 59) ** 0.5
    same(pooled(checked, "symptoms_smd"), g_of((60, 10.5, sd, 31, 14, 6), ELM, ASH))
    assert any(
        n.startswith("Symptoms: of several instruments of a study that of the most lines") for n in project.notes
    )
    assert any(n.startswith("Several arms on one side of a study are taken as one") for n in project.notes)


def test_arms_that_differ_behind_forty_letters_are_two(tmp_path):
    long = "cognitive processing therapy"
    project, _ = made(
        tmp_path,
        line(one=long, multi_arm1="with written account"),
        line(one=long, multi_arm1="with written accounts by telephone", mean_arm1=12),
        ELM_LINE,
    )
    ids = [a["arm_id"] for a in project.tables["arms"] if a["study_id"] == "ash_2001"]
    assert len(set(ids)) == len(ids) == 3
    assert not any("Other numbers" in n or "other numbers" in n for n in project.notes)


def test_conditions_in_other_letters_or_capitals_stay_two_or_one(tmp_path):
    _, checked = made(tmp_path, line(one="治療", two="対照"), line("Elm 2002", one="WL", two="TAU"), line("Fir 2003"))
    agents = {(a.study_id, a.role): a.agent for a in checked.data.arms.values()}
    assert agents["ash_2001", "experimental"] != agents["ash_2001", "control"]
    assert agents["elm_2002", "experimental"] == "wl" and agents["fir_2003", "control"] == "wl_control"
    assert pooled(checked, "symptoms_smd").k == 3


def test_arms_compared_in_a_circle_have_one_control(tmp_path):
    _, checked = made(tmp_path, line(two="pst"), line(one="pst", two="wl"), line(one="wl", two="cbt"))
    (analysis,) = checked.config.analyses
    assert (analysis.experimental.agent, analysis.control.agent) == (("cbt_both", "pst_both"), ("wl_both",))
    assert pooled(checked, "symptoms_smd").k == 1


def test_sizes_of_cluster_trials_need_not_be_whole(tmp_path):
    _, checked = made(
        tmp_path, line(n_arm1="22.7", n_arm2="23.4"), ELM_LINE,
        line(outcome_type="response", event_arm1="8.4", totaln_arm1="22.7", event_arm2="4.1", totaln_arm2="23.4"),
    )  # fmt: skip
    same(pooled(checked, "symptoms_smd"), g_of((22.7, 10, 5, 23.4, 14, 6), ELM))
    assert pooled(checked, "response_rr").estimate == pytest.approx(8.4 / 22.7 / (4.1 / 23.4))


def test_change_scores_have_an_analysis_of_their_own(tmp_path):
    change = {"n_change_arm1": 20, "mean_change_arm1": -8, "sd_change_arm1": 5, "n_change_arm2": 21,
              "mean_change_arm2": -3, "sd_change_arm2": 6}  # fmt: skip
    _, checked = made(
        tmp_path, line(), ELM_LINE, line("Fir 2003", outcome_type="change", **change),
        line("Oak 2004", outcome_type="change", **{**change, "mean_change_arm1": -6}),
    )  # fmt: skip
    same(pooled(checked, "symptoms_smd"), g_of(ASH, ELM))
    same(pooled(checked, "symptoms_change_smd"), g_of((20, -8, 5, 21, -3, 6), (20, -6, 5, 21, -3, 6)))


def test_follow_ups_stand_beside_the_end_of_treatment(tmp_path):
    """Without weeks, too: otherwise they would be other numbers for the same visit."""
    weeks = {"time_weeks": "NA"}
    _, checked = made(
        tmp_path, line(**weeks), line(time="FU1", mean_arm1=9, **weeks), line(time="FU2", mean_arm1=8, **weeks),
        ELM_LINE,
    )  # fmt: skip
    assert [a.id for a in checked.config.analyses] == ["symptoms_smd", "symptoms_fu1_smd", "symptoms_fu2_smd"]
    same(pooled(checked, "symptoms_smd"), g_of(ASH, ELM))


def test_what_no_word_says_is_asked(tmp_path):
    counts = {"event_arm1": 12, "totaln_arm1": 30, "event_arm2": 7, "totaln_arm2": 30}
    project, checked = made(tmp_path, *(line(s, outcome_type="caseness", **counts) for s in ("Ash", "Elm")))
    assert (
        "Please check: is more of caseness bad for the patient? It was guessed (better: low). To say otherwise, write "
        "better: high under outcomes in config.yaml." in project.notes
    )
    assert "better: low}  # a guess: high if more of it is good\n" in (tmp_path / "p" / "config.yaml").read_text()
    assert checked.config.outcomes["caseness"].better == "low"


@pytest.mark.parametrize(
    ("word", "better"),
    [("response", "high"), ("remission", "high"), ("reliable improvement", "high"), ("deterioration", "low"),
     ("dropout", "low"), ("suicide attempts", "low"), ("relapse", "low")],
)  # fmt: skip
def test_known_words_say_which_end_is_good(tmp_path, word, better):
    counts = {"event_arm1": 12, "totaln_arm1": 30, "event_arm2": 7, "totaln_arm2": 30}
    project, checked = made(tmp_path, line(outcome_type=word, **counts))
    assert next(iter(checked.config.outcomes.values())).better == better
    assert not any("Please check" in n for n in project.notes)


def test_names_of_instruments_that_check_would_stop_at(tmp_path):
    project, checked = made(
        tmp_path, line(instrument="madrs-s"), line("Elm 2002", instrument="MADRS S"),
        line("Fir 2003", instrument="MADSR"), line("Oak 2004", instrument="madrs"),
    )  # fmt: skip
    assert list(dict.fromkeys(r["scale"] for r in project.tables["continuous"])) == [
        "MADRS-S", "MADSR (AS WRITTEN)", "MADRS",
    ]  # fmt: skip
    assert any("correct it in the file: MADSR (MADRS)." in n for n in project.notes)
    assert pooled(checked, "symptoms_smd").k == 4


def test_risk_of_bias_comes_along_in_its_words_or_as_it_is_written(tmp_path):
    words = {"d1": "low risk", "d2": "some concerns", "ROB": "High risk"}
    project, _ = made(
        tmp_path, {**line(), **words}, {**ELM_LINE, **words, "ROB": "3"}, more=("d1", "d2", "ROB"),
    )  # fmt: skip
    assert [(r["study_id"], r["d1"], r["d2"], r.get("overall", "")) for r in project.tables["risk_of_bias"]] == [
        ("ash_2001", "low", "some", "high"), ("elm_2002", "low", "some", ""),
    ]  # fmt: skip
    assert [s["rob_as_written"] for s in project.tables["studies"]] == ["High risk", "3"]


def test_years_as_text_and_arms_the_other_way_round(tmp_path):
    back = {"n_arm1": 31, "mean_arm1": 14, "sd_arm1": 6, "n_arm2": 30, "mean_arm2": 10, "sd_arm2": 5}
    project, checked = made(
        tmp_path, line(year="2004, 2006 (follow-ups)"), ELM_LINE,
        line(one="wl", two="cbt", instrument="bdi", **back), line("Fir 2003", instrument="bdi"),
    )  # fmt: skip
    assert project.tables["studies"][0]["year"] == "2004"
    assert [a["role"] for a in project.tables["arms"][:2]] == ["experimental", "control"]
    assert "The arms stand the other way round than in an earlier line, and were turned: line 4." in project.notes
    assert [(r["arm_id"], r["mean"]) for r in project.tables["continuous"] if r["scale"] == "BDI"][:2] == [
        ("cbt", "10"), ("wl", "14"),
    ]  # fmt: skip
    assert pooled(checked, "symptoms_smd").k == 3


def test_of_several_printed_effects_of_a_study_one_counts(tmp_path):
    effect = {"outcome_type": "other statistic", "precalc_g_se": 0.2}
    project, checked = made(
        tmp_path, line(precalc_g=-0.5, **effect), line(one="pst", precalc_g=-0.4, **effect),
        line("Elm 2002", precalc_g=-0.2, **effect),
    )  # fmt: skip
    same(pooled(checked, "symptoms_smd"), mr.pool([-0.5, -0.2], [0.04, 0.04], ci="HK"))
    assert project.notes[1] == (
        "In the tables, but not used: a further effect of its study, outcome and time, of which one counts: line 3 "
        "(left-out.csv)."
    )
