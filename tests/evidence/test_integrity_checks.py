"""All checks over the default tables, which hold known anomalies, and over tables that are spoiled one cell at a time."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace

import pytest

from metarepro.evidence import read_dataset
from metarepro.evidence.integrity import WARNINGS, Finding, check_integrity
from metarepro.evidence.integrity.count_checks import quoted_percentages
from metarepro.evidence.integrity.granularity import grim, grimmer
from metarepro.evidence.integrity.printed import text_of
from metarepro.evidence.integrity.structure import duplicated_cohorts, near_identical_rows, totals_growing
from metarepro.evidence.tables import PublishedResult
from metarepro.template import TEMPLATE
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def findings(data):
    return check_integrity(data)


def of(findings, study: str, code: str) -> list[Finding]:
    return [f for f in findings if f.study_id == study and f.code == code]


def changed(data, table: str, at, **values):
    """The tables with some cells of one row replaced; `at` says which row."""
    rows = list(getattr(data, table))
    number = next(i for i, row in enumerate(rows) if at(row))
    rows[number] = rows[number].model_copy(update=values)
    return replace(data, **{table: tuple(rows)})


def new(data, spoiled) -> list[Finding]:
    before = {(f.code, f.line, f.column) for f in check_integrity(data)}
    return [f for f in check_integrity(spoiled) if (f.code, f.line, f.column) not in before]


def where(**values):
    """Tells the row that has these values."""
    return lambda row: all(getattr(row, name) == value for name, value in values.items())


LII_24H = where(study_id="lii2023", arm_id="ketamine", timepoint_h=24, statistic="endpoint")


# -- the default tables -----------------------------------------------------------------------------------------


def test_lii_2023_has_more_remissions_than_responses(findings):
    found = of(findings, "lii2023", "W022")
    assert [(f.value, re.findall(r"only (\d+) responses", f.message)) for f in found] == [("11", ["10"]), ("11", ["7"])]
    assert all(f.severity == "warning" and f.table == "dichotomous" and f.column == "events" for f in found)


def test_lii_2023_has_other_totals_than_its_scores_and_unlike_arms(findings):
    assert "20 v 19" in of(findings, "lii2023", "W030")[0].message
    assert "z = 1.96" in of(findings, "lii2023", "W021")[0].message


def test_lijffijt_2022_has_70_percent_of_11(findings):
    (found,) = of(findings, "lijffijt2022", "W010")
    assert found.value == "70% of 11" and "7/11 = 63.6 %, 8/11 = 72.7 %" in found.message


def test_43_percent_is_none_of_the_26_of_phelps_2009(findings):
    (found,) = [f for f in findings if f.table == "claims"]
    assert "11/26 = 42.3 %, 12/26 = 46.2 %" in found.message and "It fits 10 of 23" in found.message


def test_abbar_2022_exchanges_the_sizes_of_its_arms(findings):
    found = of(findings, "abbar2022", "W024")
    assert [f.value for f in found] == ["83", "73"]
    assert "46 of 83 is 55.4 %, but 63.0 % is printed. 46 patients are 63.0 % of 73." in found[0].message
    assert "25 of 73 is 34.2 %, but 31.6 % is printed. 25 patients are 31.6 % of 79." in found[1].message


def test_correia_melo_2020_has_a_misprinted_mean_in_a_row_that_is_not_used(data, findings):
    (found,) = of(findings, "correiamelo2020", "W020")
    row = next(r for r in data.continuous if r.line == found.line)
    assert not row.chosen and found.value == "3.1"


def test_all_findings_of_the_default_tables(findings):
    """The whole list: a new finding must be looked at before it is added here."""
    assert [(f.study_id, f.code) for f in findings] == [
        ("phelps2009", "W010"),
        ("murrough2013b", "W012"),
        ("lii2023", "W021"),
        ("lii2023", "W023"),
        ("lii2023", "W023"),
        ("su2023", "W021"),
        ("correiamelo2020", "W020"),
        ("price2014", "W012"),
        ("price2014", "W044"),
        ("price2014", "W013"),
        ("price2014", "W044"),
        ("price2014", "W012"),
        ("pmc9656070", "W023"),
        ("pmc9656070", "W044"),
        ("daly2018", "W021"),
        ("daly2018", "W021"),
        ("alizadeh2015", "W012"),
        ("pmc5406618", "W044"),
        ("lii2023", "W023"),
        ("abbar2022", "W018"),
        ("daly2018", "W019"),
        ("daly2018", "W019"),
        ("murrough2013a", "W039"),
        ("lii2023", "W030"),
        ("lii2023", "W022"),
        ("lii2023", "W022"),
        ("lijffijt2022", "W010"),
        ("abbar2022", "W024"),
        ("abbar2022", "W024"),
        ("domany2020", "W029"),
        ("ochsross2020", "W048"),
        ("caddy2014", "W018"),
        ("an2021", "W018"),
        ("esk_spray2025", "W020"),
        ("evans2025", "W028"),
    ]


def test_findings_are_sorted_placed_and_the_same_each_time(data, findings):
    assert findings == check_integrity(data)
    assert list(findings) == sorted(findings, key=lambda f: (f.file, f.line, f.column, f.code))
    for f in findings:
        header = (ROOT / f.file).read_text(encoding="utf-8").partition("\n")[0].split(",")
        assert f.column in header and f.line > 1 and f.file.endswith(f"{f.table}.csv")
        assert f.code in WARNINGS and "doi:10." in f.reference and f.check and f.message.endswith(".")


def test_summaries_of_patient_rows_are_possible(data):
    """Means and SDs computed from whole-number scores: a check on the checks."""
    rows = [r for r in data.continuous if r.derivation.startswith("computed: mean/SD of patient")]
    assert len(rows) == 60
    for row in rows:
        assert grim(text_of(row.mean), row.n).possible
        assert grimmer(text_of(row.mean), text_of(row.sd), row.n, 3, 3).possible, row


def test_every_code_is_used_and_listed():
    used = set()
    for file in (ROOT / "src/metarepro/evidence/integrity").glob("*_checks.py"):
        used |= set(re.findall(r'"(W\d{3})"', file.read_text(encoding="utf-8")))
    assert used == set(WARNINGS)


# -- tables spoiled on purpose ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "code", "text"),
    [
        ({"mean": 72.7}, "W014", "lies outside the MADRS, 0 to 60"),
        ({"mean": 2.7, "sd": 17.6}, "W015", "is at most"),
        ({"sd": 1.7}, "W016", "times the root of 20 it is 7.6"),
        ({"mean": 12.73}, "W012", "12.70 and 12.750"),
        ({"mean": 12.7, "sd": 7.6, "n": 23}, "W025", "to which 20 were randomised"),
    ],
)
def test_a_spoiled_score_is_found(data, values, code, text):
    found = new(data, changed(data, "continuous", LII_24H, **values))
    assert code in {f.code for f in found}, found
    if code != "W012":
        assert any(f.code == code and text in f.message for f in found), found


def test_an_impossible_sd_is_found(data):
    row = where(study_id="price2014", mean=1.48, sd=1.03)
    original = next(r for r in data.continuous if row(r))
    impossible = next(
        sd
        for sd in (round(original.sd + i / 100, 2) for i in range(1, 40))
        if not grimmer(text_of(original.mean), text_of(sd), original.n).possible
    )
    (found,) = new(data, changed(data, "continuous", row, sd=impossible))
    assert found.code == "W013" and found.value == text_of(impossible)


def test_printed_zeros_make_the_checks_sharper(data):
    row = next(r for r in data.continuous if LII_24H(r))
    spoiled = changed(data, "continuous", LII_24H, n=7)
    # 89/7 = 12.71 is 12.7, never 12.70.
    printed = {(row.file, row.line): {"mean": "12.70"}}
    assert [f for f in check_integrity(spoiled, printed) if f.line == row.line and f.code == "W012"]
    assert not [f for f in check_integrity(spoiled, {}) if f.line == row.line and f.code == "W012"]
    # A text that is not that of the number is not used.
    other = {(row.file, row.line): {"mean": "99.99"}}
    assert check_integrity(spoiled, other) == check_integrity(spoiled, {})


def test_the_reader_keeps_the_printed_texts(data):
    row = next(r for r in data.continuous if LII_24H(r))
    assert data.printed[row.file, row.line]["study_id"] == "lii2023"
    assert float(data.printed[row.file, row.line]["mean"]) == row.mean


def test_more_remissions_than_responses_are_found_for_equal_totals_only(data):
    row = where(study_id="zarate2006", outcome="remission", arm_id="ketamine")
    assert {f.code for f in new(data, changed(data, "dichotomous", row, events=13))} == {"W022"}
    assert not new(data, changed(data, "dichotomous", row, events=13, total=16))


def test_a_count_that_is_not_its_percentage_is_found(data):
    row = where(study_id="ibrahim2012", outcome="response")
    spoiled = changed(data, "dichotomous", row, derivation="reported 26 (65%)")
    (found,) = new(data, spoiled)
    assert found.code == "W011" and "26 of 42 is 62 %, but 65 % is printed. 26 patients are 65 % of 40" in found.message


def test_arms_of_one_size_are_not_called_exchanged(data):
    row = where(study_id="grunebaum2018", outcome="si_response", arm_id="ketamine")
    (found,) = new(data, changed(data, "dichotomous", row, derivation="reported 22 (56%)"))
    assert found.code == "W011"


def test_what_has_a_reason_is_not_reported(data):
    # All periods of a crossover trial before treatment: the same patients.
    row = where(study_id="diazgranados2010", arm_id="ketamine", statistic="baseline")
    assert not new(data, changed(data, "continuous", row, mean=41.222))
    assert new(data, changed(data, "continuous", row, mean=61.222))
    # A small SD at the end of a scale, where nearly all have the lowest score.
    assert "W016" not in {f.code for f in new(data, changed(data, "continuous", LII_24H, mean=2.7, sd=1.7))}


def test_sizes_of_responders_may_grow(data):
    row = next(r for r in data.dichotomous if where(study_id="lii2023", outcome="response", timepoint_h=24)(r))
    rows = [row.model_copy(update={"total": 10}), row.model_copy(update={"timepoint_h": 48.0, "total": 12})]
    (pair,) = totals_growing(rows)
    assert (pair.first.total, pair.second.total) == (10, 12)
    assert not totals_growing([r.model_copy(update={"ascertainment": "maintained"}) for r in rows])


def test_a_one_sided_test_is_told_by_an_exact_p_only(data):
    row = where(study_id="daly2018", timepoint_h=2, estimate=-4.6)
    (found,) = new(data, changed(data, "contrasts", row, p_value="<0.07"))
    assert found.code == "W018"


def test_spoiled_effects_are_found(data):
    row = where(study_id="grunebaum2018", measure="MD")
    (found,) = new(data, changed(data, "contrasts", row, estimate=-6.94))
    assert found.code == "W017" and "-4.96" in found.message
    (found,) = new(data, changed(data, "contrasts", row, p_value="0.4"))
    assert found.code == "W018"
    row = where(study_id="dwyer2021", measure="SMD")
    (found,) = new(data, changed(data, "contrasts", row, estimate=-3.77))
    assert found.code == "W020"


def test_published_results_are_checked_too(data):
    results = [r for r in data.others["published_results"] if isinstance(r, PublishedResult)]
    at = next(i for i, r in enumerate(results) if r.analysis_id == "newport2015_response_24")
    results[at] = results[at].model_copy(update={"estimate": "19.87"})
    (found,) = new(data, replace(data, others={**data.others, "published_results": tuple(results)}))
    assert (found.code, found.table, found.study_id) == ("W017", "published_results", "newport2015")


def test_a_copied_row_and_a_study_twice_are_found(data):
    row = next(r for r in data.continuous if LII_24H(r))
    copy = row.model_copy(update={"study_id": "su2017", "arm_id": "saline", "line": 999})
    assert not near_identical_rows(data.continuous)
    (pair,) = near_identical_rows((*data.continuous, copy))
    assert pair.second is copy

    first = data.studies["su2023"]
    again = first.model_copy(update={"study_id": "su2023b", "label": "SU  2023", "cohort": "", "pmid": "", "doi": ""})
    assert [(s.column, s.second.study_id) for s in duplicated_cohorts((first, again))] == [("label", "su2023b")]
    found = new(data, replace(data, studies={**data.studies, "su2023b": again}))
    assert [f.code for f in found] == ["W027"]
    later = again.model_copy(update={"label": "Su 2024", "year": 2024})
    assert duplicated_cohorts((first, later)) and first.n_randomised
    assert not duplicated_cohorts((first, later.model_copy(update={"n_randomised": 7})))
    assert not duplicated_cohorts((first, again.model_copy(update={"cohort": first.cohort})))


def test_percentages_quoted_in_texts():
    assert quoted_percentages("computed: 70.8% of 24; 0.120*25, 0.708*24; 46% of 13.") == (
        ("70.8", 24), ("46", 13), ("12.0", 25),
    )  # fmt: skip
    assert quoted_percentages("SE 1.76 * sqrt(33); 30% to 40; 10.62*42; >=50% reduction; 95% CI") == ()


def skew_of(rows: list[str], tmp_path) -> list[tuple[str, str]]:
    project = tmp_path / "project"
    shutil.copytree(TEMPLATE, project)
    table = project / "data/raw/continuous.csv"
    header = table.read_text(encoding="utf-8").splitlines()[0]
    columns = [
        "study_id", "arm_id", "outcome", "scale", "statistic", "timepoint_h", "n", "mean", "sd", "source_id", "locator",
        "derivation", "level",
    ]  # fmt: skip
    lines = [header]
    for row in rows:
        cells = dict(zip(columns, row.split(","), strict=True))
        lines.append(",".join(cells.get(name, "") for name in header.split(",")))
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [(f.value, f.message) for f in check_integrity(read_dataset(project / "data/raw")) if f.code == "W044"]


def score(arm: str, mean: str, sd: str, scale: str = "MADRS", statistic: str = "endpoint") -> str:
    return f"alder2020,{arm},depression,{scale},{statistic},672,20,{mean},{sd},alder2020,Table 2,reported,primary"


def test_scores_that_crowd_at_the_lowest_possible_one_are_skewed(tmp_path):
    # Altman & Bland 1996: (mean - lowest) / SD is 4/6 = 0.67 and 7/9 = 0.78.
    (found,) = skew_of([score("drug", "4", "6"), score("placebo", "7", "9")], tmp_path)
    assert found == (
        "4",
        "The mean 4 lies 0.67 SDs of 6 above the lowest possible value, 0; below 1 is strong evidence of skew. So it is "
        "with 7 (SD 9, line 3). Means of few patients are then not normal; look for medians, logs or the patients' own "
        "data.",
    )


@pytest.mark.parametrize(
    "row",
    [
        score("drug", "9", "8"),  # 1.1: some skew, which is usual
        score("drug", "6", "6"),
        score("drug", "5.9", "6"),  # 6 may be 5.5
        score("drug", "-4", "6", statistic="change"),
        score("drug", "4", "6", statistic="baseline"),
        score("drug", "4", "6", scale="A new scale"),  # from -10 to 10, for all that is known
    ],
)
def test_other_scores_are_not_called_skewed(row, tmp_path):
    assert skew_of([row], tmp_path) == []


def test_a_scale_without_an_upper_end_has_a_lowest_score(tmp_path):
    assert [value for value, _ in skew_of([score("drug", "1.2", "2.5", scale="C-SSRS")], tmp_path)] == ["1.2"]


@pytest.mark.parametrize(
    ("judgements", "severity", "message"),
    [
        ("low some high low low low", "warning",
         "The overall risk of bias is low, but d2 = some, d3 = high. By RoB 2 it is at least as bad as the worst domain."),
        ("low low high low low some", "warning",
         "The overall risk of bias is some, but d3 = high. By RoB 2 it is at least as bad as the worst domain."),
        ("low low low low - low", "note",
         "The overall risk of bias is low, but d5 was not assessed. By RoB 2 it is at least as bad as the worst domain, "
         "which may be that."),
        ("high - - low low high", "", ""),
        ("some some low low low high", "", ""),
        ("low high low low low -", "", ""),
        ("low low low low low low", "", ""),
    ],
)  # fmt: skip
def test_an_overall_risk_of_bias_below_a_domain(judgements, severity, message, tmp_path):
    project = tmp_path / "project"
    shutil.copytree(TEMPLATE, project)
    names = ("d1", "d2", "d3", "d4", "d5", "overall")
    cells = ["" if j == "-" else j for j in judgements.split()]
    header = ",".join(["study_id", *(x for n in names for x in (n, f"{n}_reason"))])
    row = ",".join(["alder2020", *(x for c in cells for x in (c, "as said" if c else ""))])
    (project / "data/raw/risk_of_bias.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    found = [f for f in check_integrity(read_dataset(project / "data/raw")) if f.code == "W043"]
    assert [(f.severity, f.column, f.line, f.message) for f in found] == (
        [(severity, "overall", 2, message)] if severity else []
    )
