"""The order of rows and columns in the files has no influence on any result, for tables of every kind."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metarepro.analysis import run_analysis, to_json
from metarepro.project.reading import read_project
from metarepro.template import TEMPLATE

COMPARISONS = """study_id,outcome,experimental_arm,control_arm,timepoint_h,scale,measure,e1,n1,e2,n2,m1,sd1,m2,sd2,estimate,se,dose
alder2020,relapse,drug,placebo,4 wk,,,5,40,11,41,,,,,,,10
birch2021,relapse,drug,placebo,672,,,3,30,4,29,,,,,,,20
cedar2023,relapse,drug,placebo,28 d,,RR,,,,,,,,,0.7,0.3,30
alder2020,function,drug,placebo,672,MADRS,,,40,,41,12,6,15,7,,,10
alder2020,function,drug,placebo,672,HAM-D17,,,40,,41,9,5,11,6,,,10
birch2021,function,drug,placebo,672,MADRS,,,30,,29,13,6,14,7,,,20
cedar2023,function,drug,placebo,672,HAM-D17,,,62,,61,8,4,11,5,,,30
"""
ANALYSES = """
  - {id: relapse, title: Relapse, outcome: relapse, measure: RR, subgroups: dose, moderators: dose}
  - {id: function_one, title: Function, outcome: function, measure: SMD, scale: [HAM-D17, MADRS]}
  - {id: function_both, title: Function, outcome: function, measure: SMD, several: combine, sort: effect}
"""


def project(folder: Path) -> dict[str, list[list[str]]]:
    """A project with every kind of table in a folder; its tables as rows of cells."""
    (folder / "data/raw").mkdir(parents=True, exist_ok=True)
    config = (TEMPLATE / "config.yaml").read_text(encoding="utf-8")
    config = config.replace("outcomes:\n", "outcomes:\n  relapse: {label: Relapse, better: low}\n"
                            "  function: {label: Function, better: low}\n", 1)  # fmt: skip
    (folder / "config.yaml").write_text(config.rstrip() + "\n" + ANALYSES, encoding="utf-8")
    texts = {f.stem: f.read_text(encoding="utf-8") for f in (TEMPLATE / "data/raw").glob("*.csv")}
    return {name: list(csv.reader(text.splitlines())) for name, text in {**texts, "comparisons": COMPARISONS}.items()}


def results(folder: Path, tables: dict[str, list[list[str]]]) -> list[str]:
    """All results, without the lines at which the rows stand."""
    for name, rows in tables.items():
        with (folder / f"data/raw/{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    read = read_project(folder)
    found = [to_json(run_analysis(read.config, a, read.data)) for a in read.config.analyses]
    return [re.sub(r'"line": \d+', "", text) for text in found]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    folder = tmp_path_factory.mktemp("order")
    tables = project(folder)
    return folder, tables, results(folder, tables)


@pytest.mark.slow
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shuffler=st.randoms(use_true_random=False))
def test_nothing_depends_on_the_order_of_rows_and_columns(expected, shuffler: random.Random):
    folder, tables, before = expected
    moved = {}
    for name, (header, *rows) in tables.items():
        order = shuffler.sample(range(len(header)), len(header))
        shuffled = shuffler.sample(rows, len(rows))
        moved[name] = [[row[i] for i in order] for row in (header, *shuffled)]
    assert results(folder, moved) == before
