"""Sheets from the file to the pooled number: what the project computes is what the library does with the same columns."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from openpyxl import Workbook

import metarepro as mr
from metarepro.analysis import run_analysis
from metarepro.importing import write_imported
from metarepro.importing.sheet import SheetOptions, read_plain_sheet
from metarepro.project.reading import read_project

# Colditz et al. 1994, as in Berkey et al. 1995, doi:10.1002/sim.4780140406.
BCG = """\
trial,author,year,tpos,tneg,cpos,cneg,ablat,alloc
1,Aronson,1948,4,119,11,128,44,random
2,Ferguson & Simes,1949,6,300,29,274,55,random
3,Rosenthal et al,1960,3,228,11,209,42,random
4,Hart & Sutherland,1977,62,13536,248,12619,52,random
5,Frimodt-Moller et al,1973,33,5036,47,5761,13,alternate
6,Stein & Aronson,1953,180,1361,372,1079,44,alternate
7,Vandiviere et al,1973,8,2537,10,619,19,random
8,TPT Madras,1980,505,87886,499,87892,13,random
9,Coetzee & Berjak,1968,29,7470,45,7232,27,random
10,Rosenthal et al,1961,17,1699,65,1600,42,systematic
11,Comstock et al,1974,186,50448,141,27197,18,systematic
12,Comstock & Webster,1969,5,2493,3,2338,33,systematic
13,Comstock et al,1976,27,16886,29,17825,33,systematic
"""
MEANS = """\
Study,n Treatment,Mean Treatment,SD Treatment,n Control,Mean Control,SD Control
A,30,12.4,3.1,32,14.9,3.4
B,25,10.1,2.9,25,13.0,2.5
C,60,11.0,3.0,58,12.1,3.3
D,40,9.5,2.2,41,12.5,2.9
"""
SHEETS = {
    "counts": (BCG, "RR", {"e1": "tpos", "n1": ("tpos", "tneg"), "e2": "cpos", "n2": ("cpos", "cneg")}),
    "means": (MEANS, "MD", {"m1": "Mean Treatment", "sd1": "SD Treatment", "n1": "n Treatment", "m2": "Mean Control",
                            "sd2": "SD Control", "n2": "n Control"}),
    "correlations": ("study,ri,ni\nA,.41,120\nB,-0.10,60\nC,.25,200\n", "ZCOR", {"r": "ri", "n": "ni"}),
    "rates": ("Study,Events 1,Person-years 1,Events 2,Person-years 2\nA,12,1000.5,20,990\nB,5,400,9,410\nC,7,800,11,790\n",
              "IRR", {"e1": "Events 1", "t1": "Person-years 1", "e2": "Events 2", "t2": "Person-years 2"}),
    "hazard ratios": ("Trial,HR,lower,upper\nA,0.72,0.55,0.94\nB,0.85,0.60,1.20\nC,0.91,0.7,1.18\n", "HR",
                      {"hr": "HR", "ci_low": "lower", "ci_high": "upper"}),
    "published": ("study,yi,vi\nA,-0.3,0.04\nB,-0.1,0.02\nC,0.2,0.05\n", "GEN", {"estimate": "yi", "variance": "vi"}),
    "means of one group": ("study,mean,SD,n\nA,40,5,50\nB,42.5,6,40\nC,39,4,70\n", "MN",
                           {"m": "mean", "sd": "SD", "n": "n"}),
}  # fmt: skip


def columns_of(text):
    rows = list(csv.DictReader(io.StringIO(text)))

    def column(names):
        names = (names,) if isinstance(names, str) else names
        return np.array([sum(float(row[n]) for n in names) for row in rows])

    return column


def workbook(path, text):
    book = Workbook()
    for row in csv.reader(io.StringIO(text)):
        book.active.append([float(c) if c.replace(".", "").replace("-", "").isdigit() else c for c in row])
    book.save(path)


def results(folder, path, **options):
    write_imported(read_plain_sheet(path, SheetOptions(**options)), folder)
    project = read_project(folder)
    return [run_analysis(project.config, a, project.data) for a in project.config.analyses]


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_gives_the_numbers_of_the_library(tmp_path, name, ending):
    text, measure, columns = SHEETS[name]
    path = tmp_path / f"sheet.{ending}"
    if ending == "csv":
        path.write_text(text, encoding="utf-8")
    else:
        workbook(path, text)
    [result] = results(tmp_path / "project", path)
    column = columns_of(text)
    expected = mr.pool(mr.effect_sizes(measure, **{k: column(c) for k, c in columns.items()}))
    assert result.measure == measure
    summary = result.summary
    found = (summary.k, summary.beta, summary.se, summary.beta_low, summary.beta_high)
    shown = (expected.k, expected.beta, expected.se, expected.ci_low, expected.ci_high)
    assert found == pytest.approx(tuple(map(float, shown)), rel=1e-9)


def test_proportions_are_pooled_by_the_binomial_normal_model(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text("Author,Cases,Total\nA,12,100\nB,20,110\nC,5,90\n", encoding="utf-8")
    [result] = results(tmp_path / "project", path)
    expected = mr.glmm("PLO", e=[12, 20, 5], n=[100, 110, 90])
    assert (result.summary.k, result.summary.beta) == (3, pytest.approx(float(expected.beta), rel=1e-9))


def test_a_long_sheet_gives_the_numbers_of_the_wide_one(tmp_path):
    arms = (("vaccine", 3, 4), ("control", 5, 6))
    lines = [
        f"{row[1]},{row[2]},{arm},{row[events]},{int(row[events]) + int(row[others])}"
        for row in (line.split(",") for line in BCG.splitlines()[1:]) for arm, events, others in arms
    ]  # fmt: skip
    (tmp_path / "long.csv").write_text("author,year,group,cases,n\n" + "\n".join(lines) + "\n", encoding="utf-8")
    (tmp_path / "wide.csv").write_text(BCG, encoding="utf-8")
    [long], [wide] = (results(tmp_path / n, tmp_path / f"{n}.csv") for n in ("long", "wide"))
    assert long.summary == wide.summary
    assert long.summary.k == 13


def test_standard_errors_and_quantiles_become_sds(tmp_path):
    path = tmp_path / "sheet.csv"
    path.write_text(
        "study,n1,m1,SE 1,n2,m2,SE 2,median 1,q1 1,q3 1\nA,25,10,1,36,12,0.5,,,\nB,40,,,50,8,0.7,7.5,5,9.5\n"
        "C,30,9,0.8,30,11,0.6,,,\n",
        encoding="utf-8",
    )
    [result] = results(tmp_path / "project", path)
    of_b = mr.conversions.mean_sd_from_quantiles(n=[40], median=[7.5], q1=[5], q3=[9.5])
    expected = mr.effect_sizes(
        "MD", m1=[10, of_b.mean[0], 9], sd1=[5, of_b.sd[0], 0.8 * 30**0.5], n1=[25, 40, 30], m2=[12, 8, 11],
        sd2=[3, 0.7 * 50**0.5, 0.6 * 30**0.5], n2=[36, 50, 30],
    )  # fmt: skip
    assert result.summary.beta == pytest.approx(float(mr.pool(expected).beta), rel=1e-9)


def test_subgroups_and_moderators_of_the_command_are_computed(tmp_path):
    path = tmp_path / "bcg.csv"
    path.write_text(BCG, encoding="utf-8")
    [result] = results(tmp_path / "project", path, subgroups="alloc", moderators="ablat + year")
    assert {g.label for g in result.subgroups} == {"Random", "Alternate", "Systematic"}
    column = columns_of(BCG)
    es = mr.effect_sizes("RR", e1=column("tpos"), n1=column(("tpos", "tneg")), e2=column("cpos"),
                         n2=column(("cpos", "cneg")))  # fmt: skip
    expected = mr.meta_regression(es.yi, es.vi, "ablat + year", data={n: column(n) for n in ("ablat", "year")})
    slopes = [c.estimate for c in result.regression.coefficients]
    assert slopes == pytest.approx(list(map(float, expected.beta)), rel=1e-6)
