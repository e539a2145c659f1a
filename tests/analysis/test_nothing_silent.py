"""A study that is passed over is told with the reason; an analysis that could only be empty is refused."""

from __future__ import annotations

import csv

import pytest

from metarepro.analysis import read_config
from metarepro.analysis.run import run_analysis
from metarepro.analysis.tables import effects_csv
from metarepro.cli import main
from metarepro.evidence import read_dataset
from metarepro.figures.wording import footnotes
from metarepro.template import write_project


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path / "p")
    return tmp_path / "p"


def change(project, file, old, new, count=1):
    path = project / file
    text = path.read_text()
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new) if count == 0 else text.replace(old, new, count))


def analyse(project, name):
    config = read_config(project / "config.yaml")
    analysis = next(a for a in config.analyses if a.id == name)
    return run_analysis(config, analysis, read_dataset(project / "data" / "raw"))


def test_rows_at_another_time_are_told(project):
    # Four weeks typed as 4.
    change(
        project,
        "data/raw/dichotomous.csv",
        "birch2021,drug,response,MADRS,>=50% reduction,672",
        "birch2021,drug,response,MADRS,>=50% reduction,4",
    )
    change(
        project,
        "data/raw/dichotomous.csv",
        "birch2021,placebo,response,MADRS,>=50% reduction,672",
        "birch2021,placebo,response,MADRS,>=50% reduction,4",
    )
    result = analyse(project, "response_or")
    (left,) = result.left_out
    assert (left.study_id, left.elsewhere) == ("birch2021", True)
    assert left.reason == "only at 4 hours, not from 600 to 720"
    rows = {r["study_id"]: r for r in csv.DictReader(effects_csv(result).splitlines())}
    assert (rows["birch2021"]["status"], rows["birch2021"]["reason"]) == ("not used", left.reason)
    # The figure names only studies with rows of its own time.
    assert not any("Birch" in note for note in footnotes(result))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("data/raw/dichotomous.csv", ",672,", ",4,",
         "E106 analysis 'response_rate': no row of response lies from 600 to 720 hours\n    The tables have: 4.\n"),
        ("config.yaml", "measure: OR", "measure: SMD",
         "E106 analysis 'response_or': data/raw/continuous has no row of response, and SMD is made of that table"),
        ("config.yaml", "measure: SMD", "measure: OR",
         "E106 analysis 'score_smd': data/raw/dichotomous has no row of depression, and OR is made of that table"),
    ],
)  # fmt: skip
def test_an_analysis_that_could_only_be_empty_is_refused(project, capsys, file, old, new, message):
    change(project, file, old, new, count=0)
    assert main(["check", "--directory", str(project)]) == 3
    assert message in capsys.readouterr().err
