"""Pooling models of an analysis: what each gives, what it leaves out and why, what is refused before a run."""

from __future__ import annotations

import math

import numpy as np
import pytest

import metarepro as mr
from metarepro.analysis import read_config, run_analysis, to_json
from metarepro.analysis.result import from_json
from metarepro.analysis.tables import summary_csv
from metarepro.errors import ConfigError
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import TABLES
from metarepro.figures.wording import footnotes, method_word, summary_label
from tests.analysis.test_comparison_rows import analyse, config_of

# A table without events, one with a zero cell, one without any.
RARE = [
    {"study_id": "aspen", "e1": 0, "n1": 10, "e2": 0, "n2": 10},
    {"study_id": "birch", "e1": 0, "n1": 10, "e2": 2, "n2": 10},
    {"study_id": "cedar", "e1": 3, "n1": 20, "e2": 6, "n2": 20},
]
ONE_ARM = [
    {"study_id": "s1", "outcome": "o", "e": 25, "n": 50},
    {"study_id": "s2", "outcome": "o", "e": 12, "n": 40},
    {"study_id": "s3", "outcome": "o", "e": 30, "n": 30},
]


def rows(tables):
    return [{"outcome": "o", **row} for row in tables]


def refusal(folder, lines):
    """What is said of an analysis with these lines."""
    head = "title: T\noutcomes: {o: {label: O, better: low}}\nanalyses:\n  - id: a\n    title: A\n    outcome: o\n"
    (folder / "config.yaml").write_text(head + "".join(f"    {line}\n" for line in lines), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        read_config(folder / "config.yaml")
    return str(error.value)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        # R metafor 3.8-1, rma.mh: beta, ci.lb, ci.ub, QE; studies that are pooled, df of Q.
        ("OR", (-1.2181574393, -2.6905746246, 0.2542597460, 0.3126543104, 2, 1)),
        ("RR", (-0.9808292530, -2.1943197617, 0.2326612556, 0.3850433105, 2, 1)),
        ("RD", (-0.125, -0.26848455794, 0.01848455794, 0.19918326345, 3, 1)),
    ],
)
def test_mantel_haenszel_is_that_of_metafor(measure, expected):
    result = analyse(measure, rows(RARE), model={"method": "mantel_haenszel"})
    s = result.summary
    np.testing.assert_allclose([s.beta, s.beta_low, s.beta_high, s.q, s.k, s.q_df], expected, rtol=1e-9)
    assert s.model == "Mantel-Haenszel" and math.isnan(s.tau2) and math.isnan(s.pi_low)
    assert (summary_label(s), method_word(result)) == ("Common effect (Mantel-Haenszel)", "M-H")
    assert (
        "by the Mantel-Haenszel method, as a common effect, with normal (Wald) confidence intervals" in result.methods
    )
    assert sum(x.weight for x in result.studies) == pytest.approx(100)
    assert from_json(to_json(result)).summary.method == s.method


def test_a_table_that_says_nothing_of_a_ratio_is_listed_with_its_reason():
    result = analyse("OR", rows(RARE), model={"method": "mantel_haenszel"})
    aspen, birch, _ = result.studies
    assert (aspen.estimable, aspen.weight, aspen.notes) == (False, 0, ("not estimable: no event in either arm",))
    assert birch.notes == ("0.5 added to each cell for its effect only, not for the pooling",)


def test_events_only_in_both_arms_count_in_a_mantel_haenszel_risk_ratio():
    tables = {"e1": [7, 18], "n1": [7, 20], "e2": [10, 15], "n2": [10, 20]}
    result = analyse("RR", rows({"study_id": n, **{k: v[i] for k, v in tables.items()}} for i, n in enumerate("ab")),
                     model={"method": "mantel_haenszel"})  # fmt: skip
    r, s = 7 * 10 / 17 + 18 * 20 / 40, 10 * 7 / 17 + 15 * 20 / 40
    assert result.summary.beta == pytest.approx(math.log(r / s)) and result.summary.k == 2
    assert result.studies[0].weight > 0 and mr.mantel_haenszel(**tables, measure="RR").notes == ()


def test_rates_are_pooled_by_mantel_haenszel():
    tables = [{"study_id": "a", "e1": 4, "t1": 100, "e2": 8, "t2": 90},
              {"study_id": "b", "e1": 9, "t1": 250, "e2": 11, "t2": 260}]  # fmt: skip
    s = analyse("IRR", rows(tables), model={"method": "mantel_haenszel"}).summary
    np.testing.assert_allclose([s.beta, s.beta_low, s.beta_high], [-0.3928634890, -1.0950165311, 0.3092895531])


@pytest.mark.parametrize("measure", ["OR", "PETO"])
def test_peto_is_that_of_metafor(measure):
    result = analyse(measure, rows(RARE), model={"method": "peto"})
    s = result.summary
    # R metafor 3.8-1, rma.peto.
    np.testing.assert_allclose(
        [s.beta, s.beta_low, s.beta_high, s.q], [-1.1051454139, -2.4082755836, 0.1979847559, 0.6063120926], rtol=1e-9
    )
    # O - E = -1, V = 10 * 10 * 2 * 18 / (20^2 * 19): no constant, for either measure.
    assert result.studies[1].yi == pytest.approx(-19 / 9) and result.studies[1].notes == ()
    assert not result.studies[0].estimable and "no constant was added to any count" in result.methods


def test_the_measure_peto_adds_no_constant():
    result = analyse("PETO", rows(RARE), model={"tau2": "CE", "ci": "z"})
    s = result.summary
    np.testing.assert_allclose([s.estimate, s.ci_low, s.ci_high, s.q], [0.331, 0.090, 1.219, 0.61], atol=4e-3)
    assert s.k == 2 and result.studies[0].notes == ("not estimable: no event in either arm",)
    assert "added" not in result.methods


def test_the_random_effects_of_revman():
    names = ("e1", "n1", "e2", "n2")
    tables = [(10, 60, 30, 62), (20, 80, 24, 78), (2, 40, 15, 41)]
    made = rows({"study_id": f"s{i}", **dict(zip(names, t, strict=True))} for i, t in enumerate(tables))
    result = analyse("RR", made, model={"tau2": "DL-MH", "ci": "z"})
    s = result.summary
    np.testing.assert_allclose([s.estimate, s.ci_low, s.ci_high, s.tau2], [0.4000, 0.1645, 0.9729, 0.4407], atol=5e-5)
    assert round(s.q, 3) == 8.484 and summary_label(s).startswith("Random effects (DL-MH, ")
    assert "the DerSimonian-Laird τ², Q taken about the Mantel-Haenszel estimate (as RevMan does)" in result.methods


def test_risk_differences_by_the_rule_of_revman():
    result = analyse("RD", rows(RARE), model={"tau2": "CE", "ci": "z", "zero_cells": "revman"})
    assert [x.estimate for x in result.studies] == pytest.approx([0, -0.2, -0.15])
    s = result.summary
    np.testing.assert_allclose([s.estimate, s.ci_low, s.ci_high], [-0.0801, -0.2077, 0.0474], atol=5e-5)
    assert result.studies[1].notes == ("0.5 added to each cell for the pooling, in the variance only",)
    assert (
        "0.5 was added to all cells of tables with a zero cell (2), in the variance only, as RevMan does; the risk "
        "differences are as counted." in result.methods
    )


def test_without_a_constant_studies_are_left_out_with_the_reason():
    result = analyse("OR", rows(RARE), model={"zero_cells": "none"})
    assert [x.notes for x in result.studies[:2]] == [
        ("not estimable: no event in either arm",), ("not estimable: a cell is 0 and nothing is added",)
    ]  # fmt: skip
    assert "Nothing was added to zero cells; a study that has no effect then is left out." in result.methods


def test_subgroups_are_pooled_by_the_model_of_the_analysis():
    more = [{"study_id": "dale", "e1": 9, "n1": 31, "e2": 8, "n2": 29},
            {"study_id": "elm", "e1": 7, "n1": 25, "e2": 11, "n2": 26}]  # fmt: skip
    studies = [{"study_id": x["study_id"], "own": "a" if i < 3 else "b"} for i, x in enumerate([*RARE, *more])]
    result = analyse("OR", rows([*RARE, *more]), studies, subgroups="own", model={"method": "mantel_haenszel"})
    columns = {n: [x[n] for x in more] for n in ("e1", "n1", "e2", "n2")}
    second = mr.mantel_haenszel(**columns, measure="OR")
    a, b = (g.summary for g in result.subgroups)
    assert (b.beta, b.se, b.model) == (pytest.approx(second.beta), pytest.approx(second.se), "Mantel-Haenszel")
    assert result.subgroup_test.statistic == pytest.approx((a.beta - b.beta) ** 2 / (a.se**2 + b.se**2))


def test_printed_effects_are_left_out_with_the_reason():
    tables = {
        "studies": [{"study_id": n} for n in ("cedar", "dale", "elm")],
        "arms": [{"study_id": n, "arm_id": arm, "role": role, "agent": arm} for n in ("cedar", "dale", "elm")
                 for arm, role in (("drug", "experimental"), ("placebo", "control"))],
        "dichotomous": [{"study_id": n, "arm_id": arm, "outcome": "o", "events": e, "total": 20}
                        for n, pair in (("cedar", (3, 6)), ("dale", (5, 9)))
                        for arm, e in zip(("drug", "placebo"), pair, strict=True)],
        "contrasts": [{"study_id": "elm", "outcome": "o", "experimental_arm": "drug", "control_arm": "placebo",
                       "measure": "OR", "estimate": 0.5, "ci_low": 0.2, "ci_high": 1.25, "ci_level": 95}],
    }  # fmt: skip
    made = dict.fromkeys(TABLES, ())
    for name, cells in tables.items():
        made[name] = tuple(
            TABLES[name].of_texts({k: str(v) for k, v in row.items()}, f"{name}.csv", i)
            for i, row in enumerate(cells, 2)
        )
    config = config_of("OR", rows=["arms", "contrasts"], model={"method": "mantel_haenszel"})
    result = run_analysis(config, config.analyses[0], Dataset.of_tables(made))
    assert [x.study_id for x in result.studies] == ["cedar", "dale"]
    assert [(x.study_id, x.reason) for x in result.left_out] == [
        ("elm", "printed effect without counts, where Mantel-Haenszel needs the table of each study")
    ]
    usual = config_of("OR", rows=["arms", "contrasts"])
    assert run_analysis(usual, usual.analyses[0], Dataset.of_tables(made)).summary.k == 3


def test_a_sensitivity_analysis_may_change_the_model():
    changes = [{"id": "mh", "label": "Mantel-Haenszel", "model": {"method": "mantel_haenszel"}},
               {"id": "same", "label": "The same", "model": {"method": "inverse_variance"}},
               {"id": "dl", "label": "DL", "model": {"tau2": "DL", "ci": "z"}}]  # fmt: skip
    said = analyse("RD", rows(RARE), sensitivity=changes[2:], model={"method": "mantel_haenszel"}).sensitivity[0]
    assert (said.summary, said.note) == (None, "Mantel-Haenszel has no tau2, ci")
    result = analyse("RD", rows(RARE), sensitivity=changes[:2])
    (only,) = result.sensitivity
    assert only.summary.beta == pytest.approx(-0.125) and only.summary.model == "Mantel-Haenszel"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("measure: SMD", "model: {method: mantel_haenszel}"),
         "config.yaml:7:5: E103 analyses.0.measure: method: mantel_haenszel pools OR, RR, RD, IRR, IRD, not SMD\n"
         "    Fix: method: inverse_variance, or measure: OR or RR or RD or IRR or IRD."),
        (("measure: RR", "model: {method: peto}"),
         "config.yaml:7:5: E103 analyses.0.measure: method: peto pools PETO, OR, not RR\n"
         "    Fix: method: inverse_variance, or measure: PETO or OR."),
        (("measure: RR", "model: {method: GLMM}"),
         "config.yaml:7:5: E103 analyses.0.measure: method: glmm pools PLO, OR, IRR, IRLN, not RR\n"
         "    Fix: method: inverse_variance, or measure: PLO or OR or IRR or IRLN."),
        (("measure: MD", "model: {tau2: DL-MH}"),
         "config.yaml:7:5: E103 analyses.0.measure: tau2: DL-MH is defined for OR, RR, RD, not MD\n    Fix: tau2: DL."),
        (("measure: YUQ", "model: {zero_cells: revman}"),
         "config.yaml:7:5: E103 analyses.0.measure: zero_cells: revman is a rule for OR, RR, RD, PETO, not YUQ\n"
         "    Fix: zero_cells: metafor."),
        (("measure: OR", "model: {zero_cells: none, correction_to: all}"),
         "config.yaml:8:31: E103 analyses.0.model.correction_to: zero_cells: none decides about correction_to\n"
         "    Fix: delete correction_to, or zero_cells."),
        (("measure: OR", "moderators: year", "model: {method: peto}"),
         "config.yaml:8:5: E103 analyses.0.moderators: Peto's method has no meta-regression\n"
         "    Fix: method: inverse_variance with tau2: REML."),
        (("measure: OR", "rows: contrasts", "model: {method: mantel_haenszel}"),
         "config.yaml:8:5: E103 analyses.0.rows: Mantel-Haenszel needs counts, which printed effects lack\n"
         "    Fix: rows: arms or comparisons."),
    ],
)  # fmt: skip
def test_what_is_not_defined_is_refused_with_a_mend(tmp_path, lines, message):
    assert message in refusal(tmp_path, lines)


def test_glmm_is_spelt_either_way():
    for word in ("glmm", "GLMM", "auto"):
        result = analyse("PLO", ONE_ARM, model={"method": word})
        assert result.summary.model == "binomial-normal" and result.summary.tau2_method == "ML"


def test_one_arm_measures_have_no_p_value():
    for measure in ("PLO", "PR", "PLN", "PAS"):
        result = analyse(measure, ONE_ARM)
        s = result.summary
        assert math.isnan(s.p_value) and math.isnan(s.statistic) and math.isfinite(s.se)
        assert "No p-value: a measure of one group has no value of no effect." in s.notes
        head, line = (x.split(",") for x in summary_csv([result]).splitlines()[:2])
        assert line[head.index("p_value")] == ""
        assert not any("p-value" in note for note in footnotes(result))
        assert '"p_value": null' in to_json(result).replace('"p_value":null', '"p_value": null')
    assert math.isfinite(analyse("OR", rows(RARE)).summary.p_value)


def test_a_subgroup_of_one_study_shows_its_own_proportion():
    studies = [{"study_id": "s1", "own": "a"}, {"study_id": "s2", "own": "a"}, {"study_id": "s3", "own": "b"}]
    for method in ("glmm", "inverse_variance"):
        result = analyse("PLO", ONE_ARM, studies, subgroups="own", model={"method": method})
        single, own = result.subgroups[1].summary, result.studies[2]
        assert (single.estimate, single.ci_low, single.ci_high) == (own.estimate, own.ci_low, own.ci_high)
        # Wilson's interval of 30 of 30: from 1/(1 + z^2/30).
        assert single.estimate == 1 and single.ci_low == pytest.approx(1 / (1 + 1.959963985**2 / 30))
        assert single.ci_method == "Wilson"
        # By inverse variance the subgroups share tau2, and a regression on logits is the test.
        assert math.isfinite(result.subgroup_test.df_residual)
        assert method == "inverse_variance" or result.subgroup_test.notes[-1] == (
            "The test takes the logit of b from its one study, with the variance 1/e + 1/(n - e), 0.5 added to both "
            "counts in b."
        )
