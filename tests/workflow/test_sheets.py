"""From a sheet to the report by two commands; and tables of every kind at random, whose order has no influence."""

from __future__ import annotations

import csv
import json
import random
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

from tests.analysis.test_order import project as every_kind
from tests.importing.test_sheet_results import BCG, SHEETS, workbook

pytestmark = pytest.mark.slow
TEXTS = {**{name: text for name, (text, _, _) in SHEETS.items()},
         "proportions": "study,events,n\nA,12,40\nB,7,31\nC,20,55\nD,9,28\n"}  # fmt: skip


def metarepro(*words: str) -> str:
    """What a command of ours prints; it must end well."""
    done = subprocess.run([sys.executable, "-m", "metarepro", *words], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", [n for n in TEXTS if n != "counts"])
def test_a_sheet_becomes_a_report(tmp_path, name):
    # Every second kind as a workbook: both are read alike (tests/importing).
    ending = "xlsx" if sorted(TEXTS).index(name) % 2 else "csv"
    sheet = tmp_path / f"sheet.{ending}"
    if ending == "csv":
        sheet.write_text(TEXTS[name], encoding="utf-8")
    else:
        workbook(sheet, TEXTS[name])
    metarepro("import", "table", str(sheet), "--to", str(tmp_path / "review"))
    assert "Computed: 1 analysis." in metarepro("run", str(tmp_path / "review"), "--cores", "2")
    (result,) = json.loads((tmp_path / "review/results/results.json").read_text())["analyses"]
    assert result["summary"]["k"] == len(TEXTS[name].splitlines()) - 1
    assert result["title"] in unescape((tmp_path / "review/results/report.html").read_text(encoding="utf-8"))
    assert (tmp_path / f"review/results/analyses/{result['id']}/forest.svg").stat().st_size > 1000


def test_the_bcg_sheet_has_subgroups_and_bubble_plots(tmp_path):
    (tmp_path / "bcg.csv").write_text(BCG, encoding="utf-8")
    metarepro("import", "table", str(tmp_path / "bcg.csv"), "--to", str(tmp_path / "review"), "--subgroups", "alloc",
              "--moderators", "ablat", "--measure", "RR", "--better", "low")  # fmt: skip
    metarepro("run", str(tmp_path / "review"), "--cores", "2")
    results = tmp_path / "review/results"
    (result,) = json.loads((results / "results.json").read_text())["analyses"]
    assert {g["group"]: g["summary"]["k"] for g in result["subgroups"]} == {
        "random": 7,
        "alternate": 2,
        "systematic": 4,
    }
    # metafor: rma(RR, mods = ~ ablat, test = "knha")
    slope = next(c for c in result["regression"]["coefficients"] if c["name"] == "ablat")
    assert slope["estimate"] == pytest.approx(-0.0291, abs=5e-5)
    drawn = json.loads((results / "regressions/figures.json").read_text())["drawn"]
    assert len(drawn) == 1 and (results / f"regressions/{drawn[0]}.svg").exists()
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "Meta-regression on ablat" in page and page.count("<svg") >= 2


def at_random(tables: dict[str, list[list[str]]], seed: int) -> None:
    """Other numbers in the tables of numbers, as many events as before at most."""
    draw = random.Random(seed)
    for name, columns in (
        ("dichotomous", ("events",)),
        ("continuous", ("mean",)),
        ("comparisons", ("e1", "e2", "m1", "m2")),
    ):
        header, *rows = tables[name]
        for row in rows:
            for column in columns:
                at = header.index(column)
                if row[at]:
                    row[at] = str(draw.randint(1, max(1, int(float(row[at])))))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_and_columns_changes_no_result(tmp_path, seed):
    def run(folder: Path, shuffled: bool) -> str:
        tables = every_kind(folder)
        at_random(tables, seed)
        draw = random.Random(seed)
        for name, (header, *rows) in tables.items():
            order = draw.sample(range(len(header)), len(header)) if shuffled else range(len(header))
            mixed = draw.sample(rows, len(rows)) if shuffled else rows
            with (folder / f"data/raw/{name}.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows([[row[i] for i in order] for row in (header, *mixed)])
        metarepro("run", str(folder), "--cores", "2")
        text = (folder / "results/results.json").read_text(encoding="utf-8")
        return re.sub(r'"line": \d+|"rows": "[0-9a-f]{16}"', "", text)

    assert run(tmp_path / "one", shuffled=False) == run(tmp_path / "two", shuffled=True)


def test_a_run_says_which_study_it_did_not_use(tmp_path):
    sheet = tmp_path / "sheet.csv"
    sheet.write_text(
        "study,m1,sd1,n1,m2,sd2,n2\nA,1,2,30,4,2,31\nB,2,NR,28,4,2,27\nC,1,3,25,3,3,26\n", encoding="utf-8"
    )
    told = metarepro("import", "table", str(sheet), "--to", str(tmp_path / "review"))
    assert f"Taken for missing, and empty in the tables: NR ({sheet}:3:5)." in told
    shown = metarepro("run", str(tmp_path / "review"), "--cores", "2")
    assert "Two studies, 112 patients, too few for a pooled headline" in shown
    assert "Not used: B: sd1 not given.\n" in shown
