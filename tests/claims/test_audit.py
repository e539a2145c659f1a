"""The audit of the shipped claims: verdicts, numbers, links; and that data decide."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from metarepro.analysis import read_config, run_analysis
from metarepro.claims import audit_claims, claims_csv, claims_from_json, claims_to_json
from metarepro.claims.checks import check_audit
from metarepro.errors import ConfigError, DataError
from metarepro.evidence import read_dataset
from tests.conftest import ROOT

CONFIG = read_config(ROOT / "config.yaml")
DATA = read_dataset(ROOT / "data/raw", "data/raw", CONFIG.dialects)
RESULTS = {a.id: run_analysis(CONFIG, a, DATA) for a in CONFIG.analyses}


def audit(data=DATA, results=RESULTS):
    return {c.id: c for c in audit_claims(CONFIG, data, results, {})}


CLAIMS = audit()


def test_every_claim_has_a_verdict_a_sentence_and_something_to_look_at():
    assert len(CLAIMS) == 41
    for c in CLAIMS.values():
        assert c.in_short, c.id
        assert c.evidence or c.sources or c.claim, c.id
        for e in c.evidence:
            assert e.value, (c.id, e.quantity)
            assert e.references or e.quantity.startswith(("attainable", "cited")), (c.id, e.quantity)
            assert all(r.place or r.kind != "row" for r in e.references)
    assert sum(c.by == "rule" for c in CLAIMS.values()) == 24


@pytest.mark.parametrize(
    ("claim", "verdict", "says"),
    [
        ("page1-02", "partly supported", ["36.8%, 30.6%, 13.7%, 13.0%", "67.1%", "product", "35.0%"]),
        ("page1-12", "misattributed", ["Of the 8 works cited, 1 is a trial of ketamine"]),
        ("page1-15", "misattributed", ["9 of 10 patients who had been preselected"]),
        ("page1-16", "partly supported", ["43.5% (10 of 23)", "90.0% (9 of 10)", "two uncontrolled series", "51.6%"]),
        ("page1-17", "partly supported", ["7 of 42 patients (16.7%)", "26.9% (7 of 26)"]),
        ("page2-15", "misattributed", ["63.8% (30 of 47)", "1 infusion", "28.0% (7 of 25)", "70.8% (17 of 24)"]),
        ("page2-17", "misattributed", ["appeared in Am J Psychiatry 175(2):150-158"]),
    ],
)
def test_what_the_pages_got_wrong_is_shown_with_its_numbers(claim, verdict, says):
    found = CLAIMS[claim]
    assert (found.verdict, found.by) == (verdict, "rule")
    for text in says:
        assert text in found.in_short


def test_a_claim_that_holds_in_some_specifications_only_names_them():
    onset = CLAIMS["page1-11"]
    assert onset.verdict == "supported only under named specifications"
    assert onset.holds == len(onset.held_in) == 2 and onset.specifications == 9
    assert "as configured" in onset.failed_in and "Common effect" in onset.held_in
    for name in onset.held_in:
        variant = next(s for s in RESULTS["smd_published_40min"].sensitivity if s.label == name)
        assert variant.summary.ci_high < 0


def with_row(table, key, **changes):
    """The tables with one row changed."""
    rows = tuple(
        r.model_copy(update=changes) if all(getattr(r, n) == v for n, v in key.items()) else r
        for r in getattr(DATA, table)
    )
    assert rows != getattr(DATA, table)
    return replace(DATA, **{table: rows})


def test_a_changed_row_changes_the_verdict():
    key = {"study_id": "murrough2013a", "arm_id": "ketamine", "outcome": "response", "timepoint_h": 24}
    assert audit(with_row("dichotomous", key, events=20))["page2-15"].verdict == "contradicted"
    key = {"study_id": "ibrahim2012", "arm_id": "ketamine_all", "outcome": "not_relapsed", "timepoint_h": 672}
    assert audit(with_row("dichotomous", key, events=25))["page1-17"].verdict == "supported"
    sources = {
        **DATA.sources,
        "wilkinson2018": DATA.sources["wilkinson2018"].model_copy(update={"journal": "JAMA Psychiatry"}),
    }
    assert audit(replace(DATA, sources=sources))["page2-17"].verdict == "supported"


def test_json_and_csv():
    found = tuple(CLAIMS.values())
    text = claims_to_json(found)
    assert claims_from_json(text) == found
    assert sum(json.loads(text)["counts"].values()) == 41
    lines = claims_csv(found).splitlines()
    assert lines[0].startswith("id,page,claim,kind,claimed,verdict,by,in_short,") and len(lines) == 42


def with_claim(tmp_path: Path, rule: str, finding: str = "") -> None:
    claims = tuple(
        c.model_copy(update={"rule": rule, "finding": finding}) if c.claim_id == "page2-17" else c
        for c in DATA.others["claims"]
    )
    check_audit(CONFIG, replace(DATA, others={**DATA.others, "claims": claims}), ROOT / "config.yaml", "config.yaml")


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("pooled(rate_24) > 0 -> supported", "E044 rule: there is no analysis 'rate_24'; did you mean 'rate_24h'?"),
        ("poled(rate_24h) > 0 -> supported", "E044 rule: there is no quantity 'poled'; did you mean 'pooled'?"),
        ("pooled(rate_24h, ci) > 0 -> supported", "E044 rule: a pooled result has no 'ci'; did you mean 'ci_low'?"),
        (
            "rate(zarate2006, ketamine, response, 25) > 0 -> supported",
            "E044 rule: no row: response of zarate2006 / ketamine",
        ),
        ("study(zarate2007, design) is parallel -> supported", "E044 rule: there is no study 'zarate2007'"),
        (
            "source(wilkinson2018, jurnal) is x -> supported",
            "E044 rule: sources has no column 'jurnal'; did you mean 'journal'?",
        ),
        ("cited(novel) = 1 -> supported", "E044 rule: no source is of kind 'novel'"),
        ("printed(newport) > 1 -> supported", "E044 rule: there is no printed result 'newport'"),
        ("pooled(rate_24h) > 0", "E043 rule cannot be read at character 21: the end is not expected here"),
    ],
)
def test_a_wrong_rule_is_refused_before_a_run(tmp_path, rule, message):
    with pytest.raises(DataError) as error:
        with_claim(tmp_path, rule)
    assert message in str(error.value)
    assert "data/raw/claims.csv:" in str(error.value) and 'claim_id = "page2-17"' in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{result: psilodep_g,", "{result: psilodep_h,", "E106 there is no printed result 'psilodep_h'"),
        ("analysis: rate_72h}", "analysis: response_24h_or}", "E103 analysis 'response_24h_or' gives another measure"),
        ("analysis: rate_72h}", "analysis: rate_72}", "E106 there is no analysis 'rate_72'"),
        ("{result: psilodep_resp,", "{result: psilodep_g,", "E105 the printed result 'psilodep_g' has two targets"),
        ("must: differs but explained", "must: perfect", "E102"),
        ("changes: {outcome: remission}}", "changes: {outcom: remission}}", "E101"),
    ],
)
def test_a_wrong_target_is_refused_before_a_run(tmp_path, old, new, message):
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "config.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        check_audit(read_config(path), DATA, path, "config.yaml")
    assert message in str(error.value)
    assert str(error.value).startswith("config.yaml:")
