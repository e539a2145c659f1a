"""Magnesium in acute myocardial infarction: a page must say that small trials promise more than large ones."""

from __future__ import annotations

import pytest

from metarepro.analysis import run_analysis
from metarepro.analysis.robustness_parts import SMALL_TRIALS
from metarepro.cli import main
from metarepro.project.reading import read_project
from metarepro.report.assurance import assurance_view
from metarepro.report.robustness_view import robustness_views
from metarepro.report.sentences import what_would_change
from metarepro.robustness.small_study_tests import LEVEL

# Egger, Davey Smith & Altman, Systematic Reviews in Health Care (2nd ed., 2001), chapter 2: deaths and patients with
# magnesium, with placebo. The first fifteen trials promised what the last, of 58,050 patients, did not find.
TRIALS = """\
study,year,e1,n1,e2,n2
Morton,1984,1,40,2,36
Rasmussen,1986,9,135,23,135
Smith,1986,2,200,7,200
Abraham,1987,1,48,1,46
Feldstedt,1988,10,150,8,148
Shechter 1989,1989,1,59,9,56
Ceremuzynski,1989,1,25,3,23
Bertschat,1989,0,22,1,21
Singh,1990,6,76,11,75
Pereira,1990,1,27,7,27
Shechter 1991,1991,2,89,12,80
Golf,1991,5,23,13,33
Thogersen,1991,4,130,8,122
LIMIT-2,1992,90,1159,118,1157
Shechter 1995,1995,4,107,17,108
ISIS-4,1995,2216,29011,2103,29039
"""


@pytest.fixture(scope="module")
def magnesium(tmp_path_factory):
    folder = tmp_path_factory.mktemp("magnesium")
    (folder / "sheet.csv").write_text(TRIALS, encoding="utf-8")
    project = folder / "review"
    assert main(["import", "table", str(folder / "sheet.csv"), "--to", str(project), "--measure", "OR",
                 "--better", "low"]) == 0  # fmt: skip
    read = read_project(project)
    return run_analysis(read.config, read.config.analyses[0], read.data)


def test_the_card_does_not_call_the_result_firm(magnesium):
    assert magnesium.summary.ci_high < 1
    assert what_would_change(magnesium) == (
        "None of 16 other ways of computing it moves the interval across \u201cno difference\u201d. "
        "Allowing for missing trials moves it in 2 of 2 ways that fit."
    )


def test_the_tests_that_fit_are_told(magnesium):
    assert SMALL_TRIALS == LEVEL
    view = assurance_view([magnesium], [magnesium.id], {}, {"primary": 0, "secondary": 0})
    (told,) = view["small"]
    assert told["found"] and told["said"].startswith("Harbord P < 0.001; Peters P = 0.001")


def test_the_table_says_what_trim_and_fill_and_large_trials_give(magnesium):
    (view,) = robustness_views([magnesium])
    rows = {row["what"].split(":")[0].split(" (")[0]: row for row in view["rows"]}
    assert "no difference is possible: it changes" in rows["Missing trials filled in"]["says"]
    assert "no difference is possible: it changes" in rows["Only trials large enough to find the effect"]["says"]
    assert rows["As it is"]["says"] == "excludes no difference"
