"""One comparison in one row: every measure, what is converted, what is left out and why, own columns, moderators."""

from __future__ import annotations

import math
import random
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr
from metarepro.analysis import run_analysis, to_json
from metarepro.analysis.config import Config
from metarepro.effects.registry import MEASURES
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import TABLES
from metarepro.figures.forest_plots.columns import sums_of

# Numbers of three studies by raw column; every measure is made of some of them.
COLUMNS = {
    "e1": (12, 5, 30), "n1": (40, 31, 80), "e2": (20, 9, 41), "n2": (42, 30, 79), "t1": (110.5, 60, 300),
    "t2": (98, 66.25, 310), "a": (9, 14, 20), "b": (6, 3, 8), "c": (2, 7, 4), "d": (20, 31, 15), "tp": (40, 22, 61),
    "fp": (5, 8, 7), "fn": (9, 4, 11), "tn": (70, 45, 90), "m1": (18.5, 21, 17.25), "sd1": (7, 6.5, 8),
    "m2": (22, 23.5, 21), "sd2": (7.5, 7, 6), "e": (11, 3, 25), "t": (52, 20.5, 140), "m": (12, 15.5, 9), "sd": (3, 4, 2.5),
    "n": (44, 35, 90), "r": (0.3, 0.55, 0.42),
}  # fmt: skip
# Printed effects with their standard errors, on the working scale.
PRINTED = {"GEN": (0.4, -0.1, 0.25), "HR": (0.7, 0.95, 0.62)}


def dataset(comparisons, studies=None):
    """A dataset of dictionaries of cells, one a row."""
    made = dict.fromkeys(TABLES, ())
    ids = list(dict.fromkeys(row["study_id"] for row in comparisons))
    texts = studies or [{"study_id": name} for name in ids]
    for name, rows in (("studies", texts), ("comparisons", comparisons)):
        model = TABLES[name]
        made[name] = tuple(
            model.of_texts({k: str(v) for k, v in row.items()}, f"{name}.csv", i) for i, row in enumerate(rows, 2)
        )
    return Dataset.of_tables(made)


def config_of(measure, **changes):
    base = {"id": "a", "title": "A", "outcome": "o", "measure": measure}
    raw = {
        "title": "T", "outcomes": {"o": {"label": "O", "better": changes.pop("better", "low")}},
        "analyses": [{**base, **changes}],
    }  # fmt: skip
    return Config.model_validate(raw)


def analyse(measure, comparisons, studies=None, **changes):
    config = config_of(measure, **changes)
    return run_analysis(config, config.analyses[0], dataset(comparisons, studies))


@pytest.mark.parametrize("code", [m for m, info in MEASURES.items() if info.display != "none"])
def test_every_measure_comes_out_as_from_the_library(code):
    info = MEASURES[code]
    if code in PRINTED:
        cells = [{"estimate": x, "se": 0.2, "measure": code} for x in PRINTED[code]]
        es = mr.effect_sizes(code, **{info.columns[0]: PRINTED[code]}, se=[0.2] * 3)
    else:
        columns = {name: COLUMNS[name] for name in info.columns}
        cells = [{name: values[i] for name, values in columns.items()} for i in range(3)]
        es = mr.effect_sizes(code, **columns)
    result = analyse(code, [{"study_id": f"s{i}", "outcome": "o", **row} for i, row in enumerate(cells)],
                     model={"method": "inverse_variance"})  # fmt: skip
    assert [s.yi for s in result.studies] == pytest.approx(list(es.yi), rel=1e-12)
    assert [s.vi for s in result.studies] == pytest.approx(list(es.vi), rel=1e-12)
    fit = mr.pool(es)
    assert result.summary.beta == pytest.approx(fit.beta, rel=1e-12)
    assert result.summary.beta_high == pytest.approx(fit.ci_high, rel=1e-12)


def test_printed_effects_enter_by_whatever_the_row_has():
    rows = [
        {"study_id": "se", "estimate": 0.5, "se": 0.1},
        {"study_id": "interval", "estimate": 0.6, "ci_low": 0.2, "ci_high": 1.0},
        {"study_id": "interval90", "estimate": 0.6, "ci_low": 0.2, "ci_high": 1.0, "ci_level": 90},
        {"study_id": "variance", "estimate": 0.4, "variance": 0.04},
        {"study_id": "t", "estimate": 0.9, "t_value": 3},
        {"study_id": "p", "estimate": 0.6, "p_value": "0.05"},
        {"study_id": "bound", "estimate": 0.6, "p_value": "<0.05"},
        {"study_id": "nothing", "estimate": 0.6},
        {"study_id": "one_end", "estimate": 0.6, "ci_low": 0.1},
    ]
    result = analyse("GEN", [{"outcome": "o", "measure": "GEN", **row} for row in rows])
    z95, z90 = 1.959963984540054, 1.6448536269514722
    expected = {
        "se": 0.1, "interval": 0.8 / (2 * z95), "interval90": 0.8 / (2 * z90), "variance": 0.2, "t": 0.3, "p": 0.6 / z95,
    }  # fmt: skip
    assert {s.study_id: s.se for s in result.studies} == pytest.approx(expected, rel=1e-12)
    why = "no standard error, interval or exact p-value printed"
    assert {x.study_id: x.reason for x in result.left_out} == dict.fromkeys(("bound", "nothing", "one_end"), why)


def test_counts_and_printed_ratios_of_one_measure_stand_in_one_analysis_and_others_are_told():
    rows = [
        {"study_id": "counts", "e1": 10, "n1": 50, "e2": 20, "n2": 50},
        {"study_id": "cells", "a": 10, "b": 40, "c": 20, "d": 30},
        {"study_id": "printed", "measure": "RR", "estimate": 0.5, "ci_low": 0.25, "ci_high": 1.0},
        {"study_id": "other", "measure": "OR", "estimate": 0.4, "ci_low": 0.2, "ci_high": 0.8},
        {"study_id": "lacking", "e1": 10, "n1": 50, "e2": 20},
        {"study_id": "means", "m1": 3, "sd1": 1, "n1": 20, "m2": 4, "sd2": 1, "n2": 20},
    ]
    result = analyse("RR", [{"outcome": "o", **row} for row in rows])
    kinds = {s.study_id: (s.kind, round(s.estimate, 12)) for s in result.studies}
    assert kinds == {"counts": ("counts", 0.5), "cells": ("counts", 0.5), "printed": ("contrast", 0.5)}
    assert {x.study_id: x.reason for x in result.left_out} == {
        "other": "printed as OR only",
        "lacking": "n2 not given",
        "means": "e1 and e2 not given",
    }


def test_standard_errors_and_medians_become_means_with_the_method_named():
    rows = [
        {"study_id": "se", "m1": 10, "se1": 1, "n1": 25, "m2": 12, "sd2": 5, "n2": 25},
        {"study_id": "median", "median1": 10, "q1_1": 7, "q3_1": 13, "n1": 40, "m2": 12, "sd2": 5, "n2": 25},
    ]
    result = analyse("MD", [{"outcome": "o", **row} for row in rows])
    by_id = {s.study_id: s for s in result.studies}
    assert by_id["se"].inputs["sd1"] == pytest.approx(5)
    assert by_id["se"].notes == ("SD of arm 1 from its standard error 1 (n = 25)",)
    # Symmetric quartiles: the mean is the median; SD by Wan 2014.
    assert by_id["median"].inputs["m1"] == pytest.approx(10)
    z = 2 * mr_quantile((0.75 * 40 - 0.125) / (40 + 0.25))
    assert by_id["median"].inputs["sd1"] == pytest.approx(6 / z, rel=1e-9)
    (note,) = by_id["median"].notes
    assert note.startswith("mean and SD of arm 1 estimated: ") and "Wan" in note


def mr_quantile(p: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(p))


SCALES = [
    ("ash", "MADRS", 18, 7, 40, 22, 7, 40), ("elm", "MADRS", 17, 7, 50, 21, 7, 50), ("fir", "WHO-5", 62, 15, 40, 54, 15, 40),
    ("oak", "GAF", 70, 12, 40, 60, 12, 41),
]  # fmt: skip


def scale_rows(scales=SCALES):
    names = ("study_id", "scale", "m1", "sd1", "n1", "m2", "sd2", "n2")
    return [{"outcome": "o", **dict(zip(names, row, strict=True))} for row in scales]


def test_scales_on_which_high_is_good_are_turned_and_told():
    result = analyse("SMD", scale_rows(), model={"ci": "HK"})
    s = result.summary
    assert [round(x, 3) for x in (s.estimate, s.ci_low, s.ci_high)] == [-0.617, -0.828, -0.406]
    notes = {x.study_id: list(x.notes) for x in result.studies}
    assert notes["fir"] == ["turned, as a high WHO-5 is good"] and notes["ash"] == []
    # The other direction of the outcome turns the others.
    assert analyse("SMD", scale_rows(), better="high").summary.estimate == pytest.approx(-s.estimate, rel=1e-12)
    assert analyse("SMD", scale_rows(), turn_scales=False).summary.i2 > 90


def test_an_unknown_scale_among_scales_of_opposite_direction_is_refused_until_told():
    rows = scale_rows([*SCALES, ("yew", "Own Scale", 3, 1, 30, 2, 1, 30)])
    with pytest.raises(mr.DataError, match=r"E052 .* which end of scale 'Own Scale' is good is not known") as error:
        analyse("SMD", rows)
    assert "Fix: `higher_is_better: [Own Scale]` or `higher_is_worse: [Own Scale]`" in str(error.value)
    told = {s.study_id: s for s in analyse("SMD", rows, higher_is_better=["Own Scale"]).studies}
    assert told["yew"].yi < 0


SEVERAL = [
    {"study_id": "one", "outcome": "o", "scale": "HAM-D17", "timepoint_h": "4 wk", "estimate": 0.2, "se": 0.1},
    {"study_id": "one", "outcome": "o", "scale": "MADRS", "timepoint_h": "672", "estimate": 0.6, "se": 0.2},
    {"study_id": "two", "outcome": "o", "scale": "MADRS", "timepoint_h": "28 d", "estimate": 0.5, "se": 0.1},
]  # fmt: skip


def test_of_several_rows_that_fit_none_is_taken_for_standing_first():
    rows = [{**row, "measure": "SMD"} for row in SEVERAL]
    for order in (rows, rows[::-1]):
        with pytest.raises(mr.DataError, match="E031 one has several rows that fit analysis 'a' equally well"):
            analyse("SMD", order)
        chosen = analyse("SMD", order, scale=["MADRS", "HAM-D17"])
        assert {s.study_id: s.yi for s in chosen.studies} == {"one": 0.6, "two": 0.5}
        assert {s.timepoint_h for s in chosen.studies} == {672.0}


@pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
def test_effects_of_a_study_are_averaged_with_the_stated_correlation(rho):
    rows = [{**row, "measure": "SMD"} for row in SEVERAL]
    result = analyse("SMD", rows, several="combine", rho=rho)
    one = next(s for s in result.studies if s.study_id == "one")
    assert one.yi == pytest.approx(0.4)
    assert one.vi == pytest.approx((0.01 + 0.04 + 2 * rho * 0.1 * 0.2) / 4)
    assert f"average of 2 effects of the study, with correlation {rho:g}" in one.notes
    assert len(one.provenance) == 2


def test_all_effects_of_a_study_enter_one_model():
    rows = [{**row, "measure": "SMD"} for row in SEVERAL]
    result = analyse("SMD", rows, several="model", rho=0.6)
    yi, vi = ([getattr(s, name) for s in result.studies] for name in ("yi", "vi"))
    clusters = [s.cluster_id for s in result.studies]
    robust = mr.multilevel(yi, vi, cluster=clusters, rho=0.6).robust()
    s = result.summary
    assert s.k == len(set(clusters)) < len(clusters)
    assert (s.beta, s.beta_low, s.df) == pytest.approx((robust.beta, robust.ci_low, robust.df))
    assert [c.name for c in s.heterogeneity.components] == ["between studies", "within studies"]
    assert len({x.label for x in result.studies}) == len(clusters)
    assert [x.id for x in result.sensitivity if x.id.startswith("rho_")] == ["rho_0.2", "rho_0.4", "rho_0.8", "rho_0.9"]
    assert "sampling errors that correlate by 0.6 within a study" in result.methods
    assert result.bayes is None and result.summary.notes[0].code == "effects_in_clusters"
    # Patients of an arm at two times are not added up.
    assert sums_of(list(result.studies), SimpleNamespace(kind="", columns=())) == ({}, {})


@pytest.mark.parametrize("options", [{"model": {"method": "bayes"}}, {"moderators": "year"}])
def test_a_model_of_dependent_effects_says_what_it_does_not_do(options):
    with pytest.raises(ValueError, match="several: model"):
        config_of("SMD", several="model", **options)


BCG = [
    (1948, 4, 123, 11, 139, 44, "random"), (1949, 6, 306, 29, 303, 55, "random"), (1960, 3, 231, 11, 220, 42, "random"),
    (1977, 62, 13598, 248, 12867, 52, "random"), (1973, 33, 5069, 47, 5808, 13, "alternate"),
    (1953, 180, 1541, 372, 1451, 44, "alternate"), (1973, 8, 2545, 10, 629, 19, "random"),
    (1980, 505, 88391, 499, 88391, 13, "random"), (1968, 29, 7499, 45, 7277, 27, "random"),
    (1961, 17, 1716, 65, 1665, 42, "systematic"), (1974, 186, 50634, 141, 27338, 18, "systematic"),
    (1969, 5, 2498, 3, 2341, 33, "systematic"), (1976, 27, 16913, 29, 17854, 33, "systematic"),
]  # fmt: skip


def bcg():
    rows, studies = [], []
    for i, (year, e1, n1, e2, n2, ablat, alloc) in enumerate(BCG):
        rows.append({"study_id": f"s{i}", "outcome": "o", "e1": e1, "n1": n1, "e2": e2, "n2": n2})
        studies.append({"study_id": f"s{i}", "year": year, "ablat": ablat, "alloc": alloc})
    return rows, studies


def test_own_columns_are_subgroups_moderators_and_filters():
    rows, studies = bcg()
    result = analyse("RR", rows, studies, subgroups="alloc", moderators="ablat + year", model={"ci": "HK"})
    assert {g.group: g.summary.k for g in result.subgroups} == {"random": 7, "alternate": 2, "systematic": 4}
    # metafor: rma(yi, vi, mods = ~ ablat + year, test = "knha")
    ablat = next(c for c in result.regression.coefficients if c.name == "ablat")
    assert (ablat.estimate, ablat.se, ablat.p_value) == pytest.approx((-0.0280113, 0.0113457, 0.0331672), rel=1e-5)
    assert result.regression.r2 == pytest.approx(64.63, abs=0.01)
    assert result.regression.bubbles == ("ablat", "year")
    assert 0.01 < ablat.permutation_p < 0.05
    only = analyse(
        "RR", rows, studies, population={"where": {"alloc": "random", "ablat": [13, 27, 42, 44, 52, 55, 19]}}
    )
    assert only.summary.k == 7
    reasons = {x.reason for x in only.left_out}
    assert reasons == {"alloc: alternate, not random", "alloc: systematic, not random"}


def test_predictions_of_a_regression_are_those_of_the_library():
    rows, studies = bcg()
    result = analyse("RR", rows, studies, moderators="ablat")
    es = mr.effect_sizes("RR", **{n: [r[n] for r in rows] for n in ("e1", "n1", "e2", "n2")})
    fit = mr.meta_regression(es, None, "ablat", {"ablat": [s["ablat"] for s in studies]}, ci="HK")
    at = fit.predict({"ablat": [13, 33, 55]})
    shown = [(p.estimate, p.ci_low, p.ci_high) for p in result.regression.predictions]
    expected = [tuple(math.exp(x[i]) for x in (at.estimate, at.ci_low, at.ci_high)) for i in range(3)]
    assert np.allclose(shown, expected, rtol=1e-12)
    assert [p.at for p in result.regression.predictions] == ["ablat 13", "ablat 33", "ablat 55"]


def test_a_regression_that_cannot_be_fitted_says_why_and_stops_nothing():
    rows, studies = bcg()
    same = [{**s, "ablat": 33} for s in studies]
    result = analyse("RR", rows, same, moderators="ablat")
    assert result.summary.k == 13 and result.regression.coefficients == ()
    assert "rank" in result.regression.failed


def test_studies_without_a_moderator_are_left_out_of_the_regression_only():
    rows, studies = bcg()
    studies[3]["ablat"] = ""
    result = analyse("RR", rows, studies, moderators="ablat")
    assert (result.summary.k, result.regression.k) == (13, 12)
    (note,) = [n for n in result.regression.notes if n.code == "studies_without_moderators"]
    assert note == "Left out of the regression, as the effect or a moderator is missing: s3."


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["RR", "OR", "RD"]))
def test_nothing_depends_on_the_order_of_rows_studies_and_columns(shuffler: random.Random, measure: str):
    rows, studies = bcg()
    changes = {"subgroups": "alloc", "moderators": "ablat"}
    expected = to_json(analyse(measure, rows, studies, **changes))
    for made in (rows, studies):
        shuffler.shuffle(made)
    moved = [dict(shuffler.sample(list(row.items()), len(row))) for row in rows]
    found = to_json(analyse(measure, moved, studies, **changes))
    assert without_places(found) == without_places(expected)


def without_places(text: str) -> str:
    """A result without the lines of the rows in their files."""
    import re

    return re.sub(r'"line": \d+', "", text)


def test_the_source_of_a_number_says_which_numbers_they_are():
    rows = [
        {"study_id": "a", "outcome": "o", "e1": 12, "n1": 40, "e2": 20, "n2": 42, "locator": "Table 2"},
        {"study_id": "b", "outcome": "o", "measure": "OR", "estimate": 0.5, "ci_low": 0.2, "ci_high": 1.25},
    ]
    found = [s.provenance[0] for s in analyse("OR", rows).studies]
    assert [p.says for p in found] == ["e1 12, n1 40, e2 20, n2 42", "OR 0.5 (0.2 to 1.25)"]
    assert (found[0].key, found[0].locator) == ("a / experimental v control / o", "Table 2")


INTERVAL = {"outcome": "o", "measure": "SMD", "ci_low": 0.1, "ci_high": 0.9, "estimate": 0.5}


def test_a_printed_interval_stands_with_its_own_effect_only():
    level = {"ci": "z"}
    plain, marked = (
        {"study_id": n, "scale": "MADRS", **INTERVAL, **more} for n, more in (("a", {}), ("b", {"ci_level": 95}))
    )
    for s in analyse("SMD", [plain, marked], model=level).studies:
        # Without a level an interval is one of 95 %.
        assert (s.ci_low, s.ci_high, s.ci_method) == (0.1, 0.9, "as printed")
    # Turned, it is turned as a whole.
    turned = analyse("SMD", [plain, {**marked, "scale": "WHO-5"}], model=level).studies[1]
    assert (turned.estimate, turned.ci_low, turned.ci_high) == (-0.5, -0.9, -0.1)
    # An average has an interval of its own, and no single scale.
    rows = [plain, {**plain, "scale": "HAM-D17", "ci_low": -0.3, "ci_high": 0.7, "estimate": 0.2}]
    (mean,) = analyse("SMD", rows, several="combine", rho=1 - 1e-12, model=level).studies
    assert mean.estimate == pytest.approx(0.35) and mean.ci_method == "normal"
    assert (mean.ci_low, mean.ci_high) == pytest.approx((0.35 - 0.45, 0.35 + 0.45), abs=1e-6)
    assert mean.scale == "HAM-D17, MADRS"
    # Counts beside a printed effect are shown as counted.
    both = {"study_id": "c", "outcome": "o", "measure": "OR", "estimate": 9.0, "ci_low": 8.0, "ci_high": 10.0}
    counted = analyse("OR", [{**both, "e1": 12, "n1": 40, "e2": 20, "n2": 42}]).studies[0]
    assert counted.ci_method == "normal" and counted.ci_low < counted.estimate < counted.ci_high < 2


def test_an_average_is_of_the_effects_that_there_are():
    rows = [
        {"study_id": "a", "outcome": "o", "timepoint_h": t, "e1": e, "n1": 20, "e2": 5, "n2": 20}
        for t, e in (("1 wk", 0), ("2 wk", 3))
    ]
    (s,) = analyse("OR", rows, several="combine", model={"zero_cells": "none"}).studies
    assert s.estimable and s.estimate == pytest.approx((3 * 15) / (17 * 5))
    assert s.timepoint_h is None


@pytest.mark.parametrize("more", [{"t_value": 0}, {"estimate": 0, "t_value": 2}, {"estimate": 0, "p_value": "0.5"}])
def test_an_error_that_a_test_cannot_tell_leaves_the_row_out(more):
    rows = [{"study_id": "a", "estimate": 0.5, "se": 0.1}, {"study_id": "b", "estimate": 0.4, **more}]
    result = analyse("GEN", [{"outcome": "o", "measure": "GEN", **r} for r in rows])
    assert [x.study_id for x in result.left_out] == ["b"]


def test_a_regression_beside_a_model_of_counts_can_be_drawn():
    from metarepro.figures.regression_figures import regression_figures

    rows = [{"study_id": f"s{i}", "outcome": "o", "e": e, "n": 40, "dose": d} for i, (e, d) in
            enumerate([(10, 1), (14, 2), (21, 3), (18, 4), (25, 5)])]  # fmt: skip
    result = analyse("PLO", rows, moderators="dose")
    assert result.summary.model == "binomial-normal" and result.regression.bubbles == ("dose",)
    (found,) = regression_figures([result])
    assert found[2]() is not None
