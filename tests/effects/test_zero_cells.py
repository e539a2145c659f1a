"""Rules for zero cells by their names: what RevMan prints, what metafor computes, what is left out."""

from __future__ import annotations

import numpy as np
import pytest

import metarepro as mr
from metarepro.errors import ConfigError

# Cochrane review CD007572, analyses 1.6, 1.7 and 1.11, as RevMan Web exports them; and RR of events only in both arms.
PRINTED = [
    ("RR", (64, 66, 41, 41), (0.974285, 0.9197, 1.03211)),
    ("RR", (57, 66, 41, 41), (0.868549, 0.783672, 0.962619)),
    ("RD", (0, 71, 2, 71), (-0.028169, -0.074604, 0.018266)),
    ("RR", (7, 7, 10, 10), (1.0, 0.802078, 1.246761)),
]


def effects(measure, table, **options):
    """Effect sizes of tables (events, total, events, total)."""
    return mr.effect_sizes(measure, **dict(zip(("e1", "n1", "e2", "n2"), np.transpose(table), strict=True)), **options)


@pytest.mark.parametrize(("measure", "table", "printed"), PRINTED)
def test_single_studies_are_those_that_revman_prints(measure, table, printed):
    es = effects(measure, [table], zero_cells="revman")
    half = 1.959963985 * np.sqrt(es.vi[0])
    shown = [es.to_display(x) for x in (es.yi[0], es.yi[0] - half, es.yi[0] + half)]
    np.testing.assert_allclose(shown, printed, atol=6e-7)


def test_the_pooled_risk_difference_of_revman_uses_the_risks_as_counted():
    es = effects("RD", [(1, 23, 0, 22), (0, 36, 0, 38), (3, 50, 0, 50)], zero_cells="revman")
    np.testing.assert_allclose(es.yi, [1 / 23, 0, 3 / 50], rtol=1e-15)
    fit = mr.pool(es, tau2="CE", ci="z")
    np.testing.assert_allclose([fit.beta, fit.ci_low, fit.ci_high], [0.02224, -0.01736, 0.06183], atol=5e-6)
    assert es.notes == ("0.5 added to all cells, for the variance only, of rows 0, 1, 2.",)


def test_revman_leaves_out_double_zeros_of_ratios_and_events_only_of_or():
    tables = [(0, 10, 0, 12), (10, 10, 12, 12), (3, 10, 5, 12), (0, 9, 2, 9)]
    for measure, kept in (("OR", [False, False, True, True]), ("RR", [False, True, True, True]), ("RD", [True] * 4)):
        es = effects(measure, tables, zero_cells="revman")
        assert np.isfinite(es.yi).tolist() == kept
    assert "Double-zero studies dropped: rows 0, 1." in effects("OR", tables, zero_cells="revman").notes


def test_the_rule_of_metafor_is_the_default_and_the_constant_stays_free():
    tables = [(0, 10, 3, 12), (10, 10, 12, 12), (4, 10, 5, 12)]
    for measure in ("OR", "RR", "RD", "YUQ"):
        np.testing.assert_array_equal(effects(measure, tables).yi, effects(measure, tables, zero_cells="metafor").yi)
    assert effects("OR", tables, zero_cells="metafor", correction=0.25).yi[0] == pytest.approx(
        np.log(0.25 / 10.25) - np.log(3.25 / 9.25)
    )


def test_without_a_correction_studies_that_have_no_effect_then_are_left_out_by_name():
    es = effects("RR", [(0, 10, 3, 12), (10, 10, 9, 12), (0, 10, 0, 12), (4, 10, 5, 12)], zero_cells="none")
    assert np.isfinite(es.yi).tolist() == [False, True, False, True]
    assert es.yi[1] == pytest.approx(np.log(12 / 9)) and es.vi[1] == pytest.approx(1 / 9 - 1 / 12)
    assert es.notes == ("Left out, because a cell is 0 and nothing is added: rows 0, 2.",)


def test_peto_adds_no_constant_and_a_table_without_events_has_no_effect():
    es = effects("PETO", [(0, 10, 0, 10), (0, 10, 2, 10), (3, 20, 6, 20)], correction_to="only_zero")
    # O - E = 0 - 1, V = 10 * 10 * 2 * 18 / (20^2 * 19).
    assert es.yi[1] == pytest.approx(-1 / (3600 / 7600)) and es.vi[1] == pytest.approx(7600 / 3600)
    assert np.isnan(es.yi[0]) and es.notes == ("Double-zero studies dropped: row 0.",)
    fit, direct = mr.pool(es, tau2="CE", ci="z"), mr.peto([0, 0, 3], [10, 10, 20], [0, 2, 6], [10, 10, 20])
    np.testing.assert_allclose([fit.beta, fit.ci_low, fit.ci_high], [direct.beta, direct.ci_low, direct.ci_high])
    np.testing.assert_allclose(np.exp([fit.beta, fit.ci_low, fit.ci_high]), [0.331, 0.090, 1.219], atol=5e-4)
    assert round(fit.q, 2) == 0.61 and fit.q_df == 1


def test_the_zero_cell_of_a_peto_analysis_of_revman():
    es = effects("PETO", [(5, 17, 0, 24), (4, 50, 9, 52), (0, 30, 3, 29)])
    np.testing.assert_allclose(es.to_display(es.yi), [14.581281, 0.436589, 0.121585], atol=5e-7)
    shown = mr.pool(es, tau2="CE", ci="z").display()
    np.testing.assert_allclose([shown.estimate, shown.ci_low, shown.ci_high], [0.8126, 0.3284, 2.0108], atol=5e-5)


@pytest.mark.parametrize(
    ("measure", "options", "message"),
    [
        ("RD", {"zero_cells": "stata"}, "zero_cells = 'stata' is not known. Allowed: metafor, revman, none."),
        ("YUQ", {"zero_cells": "revman"},
         "zero_cells = 'revman' is a rule for OR, RR, RD, PETO, not YUQ. Fix: metafor."),
        ("RD", {"zero_cells": "revman", "correction_to": "all"},
         "zero_cells = 'revman' decides about correction_to. Fix: leave that out."),
    ],
)  # fmt: skip
def test_rules_that_make_no_sense_are_refused(measure, options, message):
    with pytest.raises(ConfigError) as error:
        effects(measure, [(0, 10, 3, 12)], **options)
    assert str(error.value) == message


def test_a_risk_difference_by_the_rule_of_revman_is_matched():
    tables = {"e1": [0, 0, 3], "n1": [10, 10, 20], "e2": [0, 2, 6], "n2": [10, 10, 20]}
    published = {"measure": "RD", "estimate": "-0.0801", "ci_low": "-0.2077", "ci_high": "0.0474"}
    found = mr.match_published(tables, published)
    assert str(found.matches[0]) == (
        "RD (0.5 as RevMan: RD (and RR of events only) as counted, 0.5 in the variance), CE, z"
    )
