"""Tables in the Metapsy format become projects; what the format cannot say is refused with its place."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.cli import main
from metarepro.errors import DataError, MetareproError
from metarepro.evidence.dataset import read_dataset
from metarepro.importing.metapsy import read_metapsy
from tests.conftest import ROOT

DATA = ROOT / "examples" / "psilocybin" / "source" / "data.csv"
HEADER = (
    "study,condition_arm1,condition_arm2,multi_arm1,multi_arm2,outcome_type,instrument,time_weeks,n_arm1,mean_arm1,"
    "sd_arm1,n_arm2,mean_arm2,sd_arm2,event_arm1,totaln_arm1,event_arm2,totaln_arm2"
)
LINE = "Ash 2020,cbt,wl,NA,NA,msd,phq-9,8,30,8.10,4.2,31,11.5,4.6,NA,NA,NA,NA"


def write(tmp_path, *lines, name="data.csv"):
    path = tmp_path / name
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def refusal(tmp_path, *lines):
    with pytest.raises(DataError) as caught:
        read_metapsy(write(tmp_path, *lines), "data.csv")
    return str(caught.value)


def test_the_shipped_example_is_what_the_importer_writes(tmp_path, capsys):
    assert main(["import", "metapsy", str(DATA), "--to", str(tmp_path / "p")]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "Read: 15 studies, 32 arms, 16 sources, 123 dichotomous, 278 continuous, 14 risk_of_bias.\n"
    )
    assert ".g and .g_se follow from the numbers beside them in 139 of 139 lines." in shown
    assert ".log_rr and .log_rr_se follow from the numbers beside them in 81 of 81 lines." in shown
    example = ROOT / "examples" / "psilocybin"
    for path in sorted((tmp_path / "p" / "data").rglob("*")):
        if path.is_file():
            assert path.read_text() == (example / path.relative_to(tmp_path / "p")).read_text(), path.name
    for name in ("NOTES.md", "left-out.csv"):
        assert (tmp_path / "p" / name).read_text() == (example / name).read_text(), name
    assert main(["check", "--directory", str(tmp_path / "p")]) == 0


def test_commas_and_points_or_semicolons_and_decimal_commas(tmp_path):
    rows = list(csv.reader(DATA.open(encoding="utf-8"), delimiter=";"))
    number = {
        i for i, name in enumerate(rows[0]) if any(name.startswith(p) for p in ("mean", "sd_", "time", ".", "ba"))
    }
    plain = [[c.replace(",", ".") if i in number else c for i, c in enumerate(row)] for row in rows]
    text = io.StringIO()
    csv.writer(text).writerows(plain)
    path = tmp_path / "data.csv"
    for content in (text.getvalue(), "\ufeff" + DATA.read_text().replace("\n", "\r\n")):
        path.write_bytes(content.encode())
        assert read_metapsy(path).tables == read_metapsy(DATA, str(path)).tables


def test_one_line_becomes_two_arms_with_their_place(tmp_path):
    project = read_metapsy(write(tmp_path, LINE, "Ash 2020,cbt,wl,NA,NA,response,phq-9,8" + ",NA" * 6 + ",15,30,6,31"))
    assert [(a["arm_id"], a["role"], a["agent"]) for a in project.tables["arms"]] == [
        ("cbt", "experimental", "cbt"), ("wl", "control", "wl"),
    ]  # fmt: skip
    first = project.tables["continuous"][0]
    assert (first["mean"], first["sd"], first["n"], first["timepoint_h"]) == ("8.1", "4.2", "30", "1344")
    assert (first["scale"], first["locator"], first["level"]) == ("PHQ-9", "line 2", "secondary")
    assert [(r["events"], r["total"]) for r in project.tables["dichotomous"]] == [("15", "30"), ("6", "31")]


def test_a_condition_of_both_sides_is_told_apart(tmp_path):
    lines = (
        "Elm 2021,drug,drug,20 mg,5 mg,msd,madrs,6,30,8,4,31,11,4,NA,NA,NA,NA",
        "Elm 2021,drug,drug,20 mg,10 mg,msd,madrs,6,30,8,4,29,10,4,NA,NA,NA,NA",
        "Elm 2021,drug,drug,10 mg,5 mg,msd,madrs,6,29,10,4,31,11,4,NA,NA,NA,NA",
    )
    project = read_metapsy(write(tmp_path, *lines))
    assert {a["arm_id"]: a["agent"] for a in project.tables["arms"]} == {
        "drug_20_mg": "drug", "drug_5_mg": "drug_control", "drug_10_mg": "drug_both",
    }  # fmt: skip
    assert len(project.tables["continuous"]) == 3


def test_lines_that_contradict_each_other_compete(tmp_path):
    other = LINE.replace("4.2", "4.7")
    project = read_metapsy(write(tmp_path, LINE, other))
    arm = [r for r in project.tables["continuous"] if r["arm_id"] == "cbt"]
    assert [(r["sd"], r["chosen"]) for r in arm] == [("4.2", "yes"), ("4.7", "no")]
    assert project.notes == (
        "Lines: 2 read, 2 taken, 0 left out.",
        "In the tables, but not used: other numbers for an arm and visit than in an earlier line, which is the chosen "
        "one: line 3 (left-out.csv).",
        "Conditions and their arms: cbt 1, wl 1.",
    )


def test_what_cannot_be_used_is_named_with_its_place(tmp_path):
    row = 'row: study = "Ash 2020", outcome_type = "msd"'
    assert refusal(tmp_path, LINE.replace("8.10", "8.1*")) == (
        f"data.csv:2:38: E041 mean_arm1 '8.1*' is not a number\n    {row}\n    Fix: correct the cell, or write NA."
    )
    assert refusal(tmp_path, LINE.replace("wl", "cbt")).splitlines()[:2] == [
        "data.csv: E040 no line has a result on a primary instrument at the primary time point that can be pooled",
        "    line 2: both arms have the same condition: multi_arm1 and multi_arm2 do not tell them apart",
    ]
    assert refusal(tmp_path, LINE.replace(",wl,", ",NA,")).startswith(
        "data.csv:2:14: E041 condition_arm2 'NA' is empty, and it is required"
    )
    assert refusal(tmp_path).startswith("data.csv:1: E040 the table has a header and no row")


def test_slips_that_would_empty_rows_are_refused(tmp_path, capsys):
    mistyped = refusal(tmp_path, LINE.replace(",msd,", ",mds,"))
    assert mistyped.startswith(
        "data.csv:2:23: E041 outcome_type 'mds' is not known, and the line holds means, not events"
    )
    assert mistyped.endswith("Fix: did you mean 'msd'?")
    assert "sd_arm1 '-4.2' is no standard deviation" in refusal(tmp_path, LINE.replace("4.2", "-4.2"))
    counts = "Ash 2020,cbt,wl,NA,NA,response,phq-9,8" + ",NA" * 6 + ",{},30,6,31"
    for wrong in ("31", "12.5", "-1"):
        assert f"event_arm1 '{wrong}' is no number of patients with the event" in refusal(
            tmp_path, counts.format(wrong)
        )
    path = write(tmp_path, LINE)
    path.write_text(path.read_text().replace("sd_arm1", "sd_armone"))
    with pytest.raises(DataError, match="E040 the header lacks sd_arm1, which the rows of outcome_type msd need"):
        read_metapsy(path, "data.csv")


def test_another_file_is_no_metapsy_table(tmp_path, capsys):
    assert main(["import", "metapsy", str(ROOT / "data" / "raw" / "arms.csv"), "--to", str(tmp_path / "p")]) == 2
    shown = capsys.readouterr().err
    assert (
        "E040 this is no table of the Metapsy format: the header lacks study, condition_arm1, condition_arm2" in shown
    )
    assert f"If it is a sheet of your own: metarepro import table {ROOT / 'data' / 'raw' / 'arms.csv'}\n" in shown
    assert main(["import", "metapsy", "sheet.xlsx", "--to", str(tmp_path / "p")]) == 2
    assert "If it is a sheet of your own: metarepro import table sheet.xlsx\n" in capsys.readouterr().err
    assert not (tmp_path / "p").exists()
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("keep")
    assert main(["import", "metapsy", str(DATA), "--to", str(tmp_path / "p")]) == 3
    assert [p.name for p in (tmp_path / "p").iterdir()] == ["mine.txt"]


def test_a_table_with_nothing_to_analyse_is_refused_rather_than_made_a_project_that_is(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(f"{HEADER},primary_timepoint\n{LINE},0\n", encoding="utf-8")
    with pytest.raises(MetareproError, match=r"data\.csv: E040 no line has a result .* that can be pooled"):
        read_metapsy(path, "data.csv")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_text_gives_a_project_or_a_coded_error(tmp_path_factory, data):
    text = list(f"{HEADER}\n{LINE}\n{LINE.replace('Ash', 'Elm')}\n")
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at] = data.draw(st.sampled_from(["", ",", ";", "\n", '"', "0", "-", "NA", "\x00", "é", "=", "9" * 30]))
    folder = tmp_path_factory.mktemp("x")
    path = folder / "data.csv"
    path.write_text("".join(text), encoding="utf-8")
    try:
        from metarepro.importing.project import write_imported

        write_imported(read_metapsy(path, "data.csv"), folder / "p")
        read_dataset(folder / "p" / "data" / "raw")
    except MetareproError as error:
        assert error.problems and all(p.code for p in error.problems)
