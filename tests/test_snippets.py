"""What a user of metafor types first, as the docstrings say it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import metarepro as mr
from tests.conftest import REFERENCE

ROOT = Path(__file__).parent.parent
BCG = next(c for c in REFERENCE["cases"] if c["id"] == "dat.bcg/RR")
TABLE = pd.DataFrame(
    {
        "author": ["Aronson", "Ferguson", "Rosenthal 1960", "Hart", "Frimodt-Moller", "Stein", "Vandiviere", "TPT Madras",
                   "Coetzee", "Rosenthal 1961", "Comstock 1974", "Comstock 1969", "Comstock 1976"],
        "tpos": [4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27],
        "tneg": [119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886],
        "cpos": [11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29],
        "cneg": [128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825],
        "ablat": [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33],
        "alloc": ["random", "random", "random", "random", "alternate", "alternate", "random", "random", "random",
                  "systematic", "systematic", "random", "systematic"],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def es() -> mr.EffectSizes:
    # dat <- escalc("RR", ai=tpos, bi=tneg, ci=cpos, di=cneg, data=dat.bcg, slab=author)
    return mr.effect_sizes("RR", a="tpos", b="tneg", c="cpos", d="cneg", data=TABLE, labels="author")


def test_escalc_and_rma(es):
    np.testing.assert_allclose(es.yi, BCG["yi"], rtol=1e-10)
    fit = mr.pool(es)  # rma(yi, vi, data=dat, test="knha")
    assert fit.to_frame().loc["pooled effect", "tau2"] == pytest.approx(0.3132432581, rel=1e-8)
    assert str(fit.summary()).startswith("Risk ratio, 13 studies")
    assert es.to_frame().index[0] == "Aronson"


def test_common_effect_and_dersimonian_laird(es):
    assert mr.pool(es, tau2="CE", ci="z").beta == pytest.approx(-0.430285163654, rel=1e-10)
    assert mr.pool(es, tau2="DL", ci="z").tau2 == pytest.approx(0.308760262862, rel=1e-10)


def test_predict(es):
    fit = mr.pool(es)
    shown = fit.display()  # predict(res, transf=exp)
    assert 0 < shown.pi_low < shown.ci_low < shown.estimate < shown.ci_high < shown.pi_high
    assert fit.predict().pi_low == fit.pi_low


def test_regression_from_a_frame(es):
    fit = mr.pool(es, data=TABLE, moderators="ablat + C(alloc)")  # rma(yi, vi, mods = ~ ablat + factor(alloc))
    assert fit.names == ("Intercept", "ablat", "C(alloc)[T.random]", "C(alloc)[T.systematic]")
    assert fit.predict({"ablat": [20, 50], "alloc": ["random", "random"]}).estimate.shape == (2,)
    assert "Moderators: F = " in str(fit.summary())
    assert list(fit.to_frame().index) == list(fit.names)


def test_subgroups(es):
    found = mr.pool_subgroups(es.yi, es.vi, TABLE["alloc"].tolist())
    assert found.levels == ("random", "alternate", "systematic") and found.test.df == 2


def test_confint(es):
    found = mr.heterogeneity_interval(es.yi, es.vi)  # confint(res)
    assert found.tau2.low == pytest.approx(0.1197, abs=5e-5) and found.tau2.high == pytest.approx(1.1115, abs=5e-5)


def test_counts_without_effect_sizes():
    counts = {
        "e1": TABLE["tpos"],
        "n1": TABLE["tpos"] + TABLE["tneg"],
        "e2": TABLE["cpos"],
        "n2": TABLE["cpos"] + TABLE["cneg"],
    }
    assert np.exp(mr.mantel_haenszel(**counts).beta) == pytest.approx(0.6229, abs=5e-5)  # rma.mh(measure="OR")
    assert np.exp(mr.mantel_haenszel(**counts, measure="RR").beta) == pytest.approx(0.6353, abs=5e-5)
    assert np.exp(mr.peto(**counts).beta) == pytest.approx(0.6222, abs=5e-5)  # rma.peto()


def test_glmm():
    fit = mr.glmm("PLO", e=TABLE["tpos"], n=TABLE["tpos"] + TABLE["tneg"])  # rma.glmm(measure="PLO")
    assert 0 < fit.display().estimate < 0.05 and fit.to_frame().shape[0] == 1


def test_leave_one_out_and_cumulative(es):
    left = mr.pool(es.yi, es.vi, mask=~np.eye(13, dtype=bool))  # leave1out(res)
    assert left.to_frame()["k"].tolist() == [12] * 13
    grown = mr.pool(es.yi, es.vi, mask=np.tril(np.ones((13, 13), dtype=bool)))  # cumul(res)
    assert grown.beta[-1] == pytest.approx(mr.pool(es).beta, rel=1e-12)


def test_permutation(es):
    found = mr.permutation_test(es.yi, es.vi, TABLE[["ablat"]].to_numpy(), draws=200)  # permutest(res)
    assert (np.asarray(found.p_value) > 0).all() and (np.asarray(found.p_value) <= 1).all()


@pytest.mark.parametrize("model", ["pool", "mantel_haenszel", "peto", "glmm"])
def test_forest_of_every_kind_of_fit_to_a_file(es, model, tmp_path):
    counts = {
        "e1": TABLE["tpos"],
        "n1": TABLE["tpos"] + TABLE["tneg"],
        "e2": TABLE["cpos"],
        "n2": TABLE["cpos"] + TABLE["cneg"],
    }
    if model == "pool":
        fit = mr.pool(es)
    elif model == "glmm":
        fit = mr.glmm("PLO", e=counts["e1"], n=counts["n1"])
    else:
        fit = getattr(mr, model)(**counts)
    picture = mr.figures.forest(fit)  # forest(res)
    mr.figures.save(picture, tmp_path / "forest.pdf")
    mr.figures.save(picture, tmp_path / "forest.svg")
    text = (tmp_path / "forest.svg").read_text(encoding="utf-8")
    assert (tmp_path / "forest.pdf").stat().st_size > 5000
    shown = fit.display().estimate
    assert f"{100 * shown:.1f}" in text if model == "glmm" else f"{shown:.2f}" in text


def said(figure, folder) -> str:
    mr.figures.save(figure, folder / "read.svg")
    return (folder / "read.svg").read_text(encoding="utf-8")


def test_the_pooled_row_says_how_it_was_pooled(es, tmp_path):
    counts = mr.mantel_haenszel(es)
    assert "Mantel-Haenszel" in said(mr.figures.forest(counts), tmp_path)
    assert "M-H, Common, 95% CI" in said(mr.figures.forest(counts, style="cochrane"), tmp_path)
    assert "wider of" in said(mr.figures.forest(mr.pool(es, ci="HK-ci")), tmp_path)
    given = said(mr.figures.forest(mr.pool(es, tau2=0.3)), tmp_path)
    assert "as given" in given and "(\u2013 to \u2013)" not in given


def test_a_forest_plot_of_a_regression_shows_what_it_gives_each_study(es, tmp_path):
    regression = mr.pool(es, data=TABLE, moderators="ablat")
    text = said(mr.figures.forest(regression), tmp_path)
    fitted = np.exp(regression.predict().estimate)
    assert "Fitted by the model" in text and all(f"{x:.2f}" in text for x in fitted)
    assert "Nothing is pooled" in text and "meta-regression on ablat" in text
    bubble = said(mr.figures.bubble(regression, "ablat"), tmp_path)
    assert "Vandiviere" in bubble and "Risk ratio by ablat" in bubble


def test_funnel_and_bubble_to_a_file(es, tmp_path):
    mr.figures.save(mr.figures.funnel(mr.pool(es)), tmp_path / "funnel.svg")
    regression = mr.pool(es, data=TABLE, moderators="ablat")
    mr.figures.save(mr.figures.bubble(regression, "ablat", measure="RR"), tmp_path / "bubble.svg")
    assert (tmp_path / "funnel.svg").exists() and (tmp_path / "bubble.svg").exists()


def test_words_of_a_figure_that_are_no_values_are_refused(es):
    fit = mr.pool(es)
    with pytest.raises(
        mr.DataError, match=r"groups is the text 'alloc'\. Fix: give the values themselves, such as data\['alloc'\]"
    ):
        mr.figures.forest(fit, groups="alloc")
    with pytest.raises(
        mr.ConfigError, match=r"columns of a fit need their values\. Fix: columns={'Dose': data\['dose'\]"
    ):
        mr.figures.forest(fit, columns=["ablat"])


def test_a_frame_may_be_the_inputs_of_a_figure(es, tmp_path):
    counts = TABLE.assign(e1=TABLE.tpos, n1=TABLE.tpos + TABLE.tneg, e2=TABLE.cpos, n2=TABLE.cpos + TABLE.cneg)
    fit = mr.pool(es.yi, es.vi, measure="RR", labels=TABLE.author)
    assert "4/123" in said(mr.figures.forest(fit, inputs=counts), tmp_path)


def test_predictions_as_a_frame_on_the_scale_of_readers(es):
    found = mr.pool(es, data=TABLE, moderators="ablat").predict([10, 50])
    np.testing.assert_allclose(found.to_frame("RR").estimate, np.exp(found.estimate))
    assert list(found.to_frame().columns) == ["estimate", "se", "ci_low", "ci_high", "pi_low", "pi_high"]
