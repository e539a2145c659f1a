"""Every printed result of the shipped tables: verdicts, study by study, and beside our own rows."""

from __future__ import annotations

import csv
import io

import pytest

from metarepro.analysis import read_config
from metarepro.evidence import read_dataset
from metarepro.reproduction import reproduce, reproduction_csv, reproductions_from_json, reproductions_to_json
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def found():
    config = read_config(ROOT / "config.yaml")
    data = read_dataset(ROOT / "data/raw", "data/raw", config.dialects)
    return {r.id: r for r in reproduce(config, data)}


def test_every_row_has_a_verdict_and_a_reason(found):
    with (ROOT / "data/raw/published_results.csv").open(encoding="utf-8") as file:
        assert list(found) == [row["analysis_id"] for row in csv.DictReader(file)]
    assert all(r.verdict and r.reason for r in found.values())
    assert not [r.id for r in found.values() if r.failed]


@pytest.mark.parametrize("name", ["psilodep_g", "psilodep_resp", "psilodep_rem_v25"])
def test_the_open_review_comes_out_exactly(found, name):
    assert found[name].verdict == "exact" and found[name].printed == found[name].rounded


def test_what_changed_in_the_open_review_is_named(found):
    changed = found["psilodep_rem_v26"]
    assert changed.verdict == "differs but explained"
    assert changed.explanations == (
        "Lewis 2025, 6/13 v 1/12 instead of 7/13 v 2/12: RR (0.5 to all cells of tables with a zero), PM, HK",
    )
    assert {s.prediction for s in found["psilodep_g"].specifications if s.agrees} == {
        "t, k - 1 df, Wald standard error"
    }
    studies = {s.label: s.verdict for s in found["psilodep_g"].studies}
    assert len(studies) == 12 and set(studies.values()) == {"exact", "rounding"}


def test_what_several_slips_would_explain_is_not_explained(found):
    several = found["pagliaro1992_sclero"]
    assert several.verdict == "differs, several slips possible" and len(several.explanations) == 3
    assert several.reason.endswith("so do 2 other changes of one study, and nothing shows which it was.")


CLASSICS = {
    "hackshaw1997_women": "1.24 (1.13 to 1.36)",
    "hart1999_warfarin": "0.38 (0.28 to 0.52)",
    "li2007_fixed": "0.99 (0.94 to 1.04)",
    "li2007_random": "0.66 (0.53 to 0.82)",
    "hine1989_hospital": "0.029 (0.004 to 0.055)",
    "lee2004_nausea": "0.72 (0.59 to 0.89)",
    "pagliaro1992_beta": "0.54 (0.39 to 0.74)",
    "hahn2001_iv": "0.61 (0.47 to 0.81)",
    "michael2013_brain": "0.07 (0.00 to 0.14)",
    "laopaiboon2015_failure": "1.09 (0.64 to 1.85)",
    "nissen2007_mi": "1.43 (1.03 to 1.98)",
    "nissen2007_cvdeath": "1.64 (0.98 to 2.74)",
    "prochaska2012_rd": "0.0027 (-0.0010 to 0.0063)",
    "prochaska2012_rr": "1.40 (0.82 to 2.39)",
    "prochaska2012_or": "1.41 (0.82 to 2.42)",
    "prochaska2012_peto": "1.58 (0.90 to 2.76)",
    "hengartner2019_suicide": "2.83 (1.13 to 9.67)",
    "hengartner2019_attempt": "2.38 (1.63 to 3.61)",
    "kaminski2020_suicide": "1.98 (0.71 to 5.50)",
    "feng2019_prev": "28.70 (22.39 to 35.46)",
    "cooney2013_post": "-0.62 (-0.81 to -0.42)",
    "baskerville2012_all": "0.56 (0.43 to 0.68)",
}


@pytest.mark.parametrize("name", CLASSICS)
def test_classic_meta_analyses_come_out_at_print_precision(found, name):
    r = found[name]
    assert r.verdict == "exact"
    assert f"{r.rounded.estimate} ({r.rounded.ci_low} to {r.rounded.ci_high})" == CLASSICS[name]


def test_beside_our_own_rows(found):
    newport = found["newport2015_response_24"]
    assert (newport.verdict, newport.basis) == ("not checkable", "none")
    assert newport.resynthesis is None
    alone = found["dean2021_kvm_drop"]
    assert (alone.verdict, alone.basis, alone.k_inputs) == ("exact", "own rows", 1)
    share = found["han2016_response_24"]
    assert share.rounded.estimate == "52.6" and share.recomputed.estimate == pytest.approx(0.526, abs=5e-4)
    assert share.difference == pytest.approx(share.recomputed.estimate - 0.522)


def test_json_and_csv(found):
    text = reproductions_to_json(tuple(found.values()))
    assert reproductions_to_json(reproductions_from_json(text)) == text
    rows = list(csv.DictReader(io.StringIO(reproduction_csv(found.values()))))
    assert [r["id"] for r in rows] == list(found)
    by_id = {r["id"]: r for r in rows}
    assert by_id["psilodep_g"]["estimate_printed"] == "-0.9031" and by_id["psilodep_g"]["studies_exact"] == "11"
