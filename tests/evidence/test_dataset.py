"""Bad tables: every problem at its cell, in the fixed form; good tables in full."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path

import pytest

from metarepro.codes import CODES
from metarepro.errors import DataError
from metarepro.evidence import read_dataset
from metarepro.evidence.reader import Dialect
from metarepro.evidence.tables import TABLES
from tests.conftest import ROOT


@pytest.fixture
def tables(tmp_path) -> Path:
    """A copy of the default tables to spoil."""
    for file in (ROOT / "data/raw").glob("*.csv"):
        shutil.copy(file, tmp_path)
    return tmp_path


def spoil(folder: Path, table: str, old: str, new: str) -> int:
    """Replace a text that stands once in a table; the line it stands in."""
    path = folder / f"{table}.csv"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, (old, text.count(old))
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


LII = "lii2023,ketamine,response,MADRS,>=50% reduction from screening baseline,24,"


def test_events_above_total(tables):
    line = spoil(tables, "dichotomous", f"{LII}12,20", f"{LII}60,20")
    with pytest.raises(DataError) as error:
        read_dataset(tables)
    assert str(error.value) == (
        f"data/raw/dichotomous.csv:{line}:76: E021 events is larger than total\n"
        '    row: study_id = "lii2023", arm_id = "ketamine", outcome = "response", timepoint_h = "24"\n'
        "    events = 60, total = 20\n"
        "    Did you type the percentage? 60% of 20 would be 12 patients.\n"
        "    Fix: enter the number of patients (a whole number from 0 to 20)."
    )


@pytest.mark.parametrize(
    ("table", "old", "new", "code", "text"),
    [
        ("dichotomous", f"{LII}12,20", f"{LII}12.5,20", "E012", "events '12.5' is not a whole number"),
        ("dichotomous", f"{LII}12,20", f'{LII}"1,2",20', "E011", "events '1,2' is not a number"),
        ("dichotomous", f"{LII}12,20", f"{LII}NA,20", "E011", "Fix: leave the cell empty when the number is missing."),
        ("dichotomous", f"{LII}12,20", f"{LII}60%,20", "E011", "Fix: give the count or the plain number"),
        ("dichotomous", f"{LII}12,20", f"{LII}-2,20", "E013", "events '-2' is not a count from 0"),
        ("dichotomous", f"{LII}12,20", f"{LII}0x1F,20", "E011", "events '0x1F' is not a number"),
        ("dichotomous", f"{LII}12,20", f"{LII}1_2,20", "E011", "events '1_2' is not a number"),
        ("dichotomous", f"{LII}12,20", f"{LII}1e400,20", "E013", "is too large for a number"),
        ("dichotomous", f"{LII}12,20", f"{LII}12,0", "E013", "total '0' is out of range"),
        ("dichotomous", LII, LII.replace("lii2023", "lii2032"), "E020", "Did you mean 'lii2023'?"),
        ("dichotomous", LII, LII.replace(",ketamine,", ",ketamin,"), "E022", "Did you mean 'ketamine'?"),
        ("continuous", "lii2023,ketamine,depression,MADRS,endpoint,24,20,12.7,7.6",
         "lii2023,ketamine,depression,MADRS,endpoint,24,20,12.7,-7.6", "E013", "sd '-7.6' is out of range"),
        ("continuous", "lii2023,ketamine,depression,MADRS,endpoint,24,20,12.7,7.6",
         "lii2023,ketamine,depression,MADRS,end point,24,20,12.7,7.6", "E014", "Fix: did you mean 'endpoint'?"),
        ("contrasts", "diazgranados2010,ketamine,saline,depression,MADRS,48,SMD,-0.80,-1.04,-0.55",
         "diazgranados2010,ketamine,saline,depression,MADRS,48,SMD,-0.80,-0.55,-1.04", "E027", "are the two swapped?"),
        ("contrasts", "diazgranados2010,ketamine,saline,depression,MADRS,48,SMD,-0.80,-1.04,-0.55",
         "diazgranados2010,ketamine,saline,depression,MADRS,48,SMD,0.80,-1.04,-0.55", "E027",
         "lies outside its interval"),
        ("arms", "murrough2013a,ketamine,experimental,ketamine,whole,ketamine,0.5,IV,40,1,48,47",
         "murrough2013a,ketamine,experimental,ketamine,whole,ketamine,0.5,IV,40,1,46,47", "E028",
         "n_analysed is larger than n_randomised"),
        ("continuous", "lii2023,ketamine,depression,MADRS,endpoint,24,20,12.7,7.6",
         "lii2023,ketamine,depression,MADRS,endpoint,24,20,12.7,0", "E013", "sd '0' is out of range"),
        ("continuous", "lii2023,ketamine,depression,MADRS,endpoint,24,20,12.7,7.6",
         "lii2023,ketamine,depression,MADRS,endpoint,24,1,12.7,7.6", "E013", "n '1' is 1, and one patient has no SD"),
        ("dichotomous", f"{LII}12,20", f"{LII}12,21", "E028", "total is larger than the arm's n_randomised"),
        ("dichotomous", f"{LII}12,20", f'{LII}"1,000",20', "E011", "Fix: write 1000, or 1.000 for the fraction."),
        ("studies", "study_id,label,year", "study_id,Label,year", "E004", "Did you mean 'label'?"),
        ("dichotomous", ",events,total", ",evnts,total", "E004", "Did you mean 'events'?"),
        ("studies", "study_id,label,year", "study_id,label,label", "E004", "the column 'label' is there twice"),
    ],
)  # fmt: skip
def test_bad_cells_are_named_with_file_line_column_and_fix(tables, table, old, new, code, text):
    line = spoil(tables, table, old, new)
    with pytest.raises(DataError) as error:
        read_dataset(tables)
    message = str(error.value)
    assert text in message
    assert re.search(rf"^data/raw/{table}\.csv:{line}:\d+: {code} ", message, re.M), message


def test_every_problem_is_shown_at_once_in_order(tables):
    spoil(tables, "dichotomous", f"{LII}12,20", f"{LII}60,20")
    spoil(tables, "continuous", "lii2023,saline,depression,MADRS,endpoint,24,19,16.4,10.0",
          "lii2023,saline,depression,MADRS,endpoint,24,x,16.4,10.0")  # fmt: skip
    with pytest.raises(DataError) as error:
        read_dataset(tables)
    assert [p.code for p in error.value.problems] == ["E011", "E021"]


def test_a_repeated_row_names_the_first(tables):
    path = tables / "dichotomous.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[5], ""]), encoding="utf-8")
    with pytest.raises(DataError, match=r"E024 the row repeats line 6"):
        read_dataset(tables)


def test_a_conflict_needs_one_chosen_row(tables):
    spoil(tables, "dichotomous", "abbar2022_ketamine_denominator,no,", "abbar2022_ketamine_denominator,yes,")
    with pytest.raises(DataError, match="E025 the conflict 'abbar2022_ketamine_denominator' has 2 chosen rows"):
        read_dataset(tables)


def test_a_row_that_is_not_poolable_needs_a_reason(tables):
    row = "lii2023,ketamine,remission,MADRS,MADRS<=12,0,1,20,,,,,single,point,no,before treatment"
    spoil(tables, "dichotomous", row, row.replace("before treatment", ""))
    with pytest.raises(DataError, match="E026 poolable_reason is empty although poolable is no"):
        read_dataset(tables)


def test_a_missing_table_is_refused(tables):
    (tables / "studies.csv").unlink()
    with pytest.raises(DataError, match=r"data/raw/studies.csv: E001 there is no such file"):
        read_dataset(tables)


def test_more_than_fifty_problems_are_counted(tables):
    path = tables / "dichotomous.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(",primary", ",primry"), encoding="utf-8")
    with pytest.raises(DataError) as error:
        read_dataset(tables)
    assert len(error.value.problems) > 50
    assert str(error.value).endswith(f"... and {len(error.value.problems) - 50} more.")


def test_every_code_used_in_the_source_is_listed():
    used = set()
    for file in (ROOT / "src").rglob("*.py"):
        used |= set(re.findall(r'"(E\d{3})"', file.read_text(encoding="utf-8")))
    assert used == set(CODES)


# -- the default data -------------------------------------------------------------------------------------------


def test_default_tables_are_all_there(data):
    assert {p.stem for p in (ROOT / "data/raw").glob("*.csv")} == set(TABLES) - {"comparisons"}
    assert len(data.studies) == 95 and len(data.contrasts) == 93


def test_every_number_row_has_a_source_and_a_level(data):
    for row in (*data.dichotomous, *data.continuous, *data.contrasts):
        assert row.source_id in data.sources and row.level in ("primary", "secondary")
        assert row.derivation and row.locator


def test_rows_that_must_never_be_pooled_are_marked(data):
    for row in data.contrasts:
        if row.control_arm in ("own_baseline", "none"):
            assert not row.poolable, row.study_id
    for row in data.dichotomous:
        if row.ascertainment == "maintained" or row.total is None:
            assert not row.poolable, row
        if row.study_id == "aanhetrot2010" and row.outcome in ("response", "remission"):
            assert "preselected" in row.poolable_reason


def test_cohorts_hold_the_known_overlaps(data):
    cohort = {s.study_id: s.cohort for s in data.studies.values()}
    assert cohort["aanhetrot2010"] == cohort["murrough2013b"]
    assert cohort["price2014"] == cohort["murrough2013a"]
    assert cohort["su2017"] == cohort["li2016"]
    assert cohort["zarate2006"] == cohort["phelps2009"] == cohort["ibrahim2012"] == cohort["evans2025"]
    for study in data.studies.values():
        assert study.cohort and study.cohort_reason


def test_conflicting_values_are_kept_beside_the_chosen_one(data):
    abbar = [r for r in data.dichotomous if r.conflict == "abbar2022_ketamine_denominator"]
    assert {(r.events, r.total, r.chosen) for r in abbar} == {(46, 73, True), (46, 83, False)}
    smd = [r for r in data.contrasts if r.conflict == "zarate2012_smd_40min"]
    assert {(r.estimate, r.chosen) for r in smd} == {(-0.89, True), (-0.85, False)}


def test_the_readme_shows_the_message_as_it_is(tables):
    row = "sos2013,ketamine,response,MADRS,>=50% reduction from baseline; all periods,24,10,27"
    spoil(tables, "dichotomous", row, row.replace("24,10,27", "24,37,27"))
    with pytest.raises(DataError) as error:
        read_dataset(tables)
    shown = "\n".join(f"   {line}" for line in str(error.value).splitlines())
    assert shown in (ROOT / "README.md").read_text(encoding="utf-8")


def excel_german(folder: Path, missing: str = "") -> None:
    """Save every table as German Excel does: semicolons, decimal commas, cp1252 where it can."""
    numbers = {
        name: [c for c, f in model.model_fields.items() if "float" in str(f.annotation) or "int" in str(f.annotation)]
        for name, model in TABLES.items()
    }
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        for row in rows:
            for i, column in enumerate(header):
                if column in numbers[path.stem] and column != "line":
                    row[i] = row[i].replace(".", ",") or missing
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=";").writerows([header, *rows])


def test_german_excel_gives_the_same_data(tables):
    plain = read_dataset(tables)
    excel_german(tables, missing="NA")
    with pytest.raises(DataError, match="E008 the cells seem to be separated by ';'"):
        read_dataset(tables)
    german = read_dataset(tables, dialects={"": Dialect(";", ",", "utf-8", ("NA",))})
    for name in ("dichotomous", "continuous", "contrasts"):
        assert [r.values() for r in getattr(german, name)] == [r.values() for r in getattr(plain, name)]
    assert {k: v.values() for k, v in german.studies.items()} == {k: v.values() for k, v in plain.studies.items()}


def test_a_decimal_point_where_a_comma_is_declared_is_refused(tables):
    excel_german(tables)
    spoil_text = (tables / "continuous.csv").read_text(encoding="utf-8-sig")
    found = re.search(r";(\d+),(\d+);", spoil_text)
    assert found
    (tables / "continuous.csv").write_text(
        spoil_text.replace(found.group(), f";{found.group(1)}.{found.group(2)};", 1), encoding="utf-8"
    )
    with pytest.raises(DataError) as error:
        read_dataset(tables, dialects={"": Dialect(";", ",")})
    assert "is written with a point, although `csv: decimal` declares a comma" in str(error.value)
    assert f"'{found.group(1)}.{found.group(2)}'" in str(error.value)


def test_a_missing_word_is_text_in_a_text_column(tables):
    line = spoil(tables, "studies", ",Zarate 2006,", ",NA,")
    data = read_dataset(tables, dialects={"": Dialect(missing=("NA",))})
    assert next(s for s in data.studies.values() if s.line == line).label == "NA"
