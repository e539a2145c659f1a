"""P-values as printed, and numbers whose printed digits count."""

from __future__ import annotations

import shutil

import pytest
from pydantic_core import PydanticCustomError

from metarepro.evidence import read_dataset
from metarepro.evidence.integrity import check_integrity
from metarepro.evidence.p_values import parse_p_value
from metarepro.evidence.reader import Dialect
from metarepro.template import TEMPLATE


@pytest.mark.parametrize(
    "text",
    ["0.03", ".03", "<0.001", "< .001", "p < 0.05", "P=0.2", "<=0.009", "≤0.01", ">0.99", "1", "1.00", "<1", "", "ns",
     "<0.001 (non-inferiority)", "0.04 (2 of 5 tests)"],
)  # fmt: skip
def test_p_values_as_papers_print_them_are_taken(text):
    assert parse_p_value(text) == text


@pytest.mark.parametrize(
    ("text", "code"),
    [("1.2", "E013"), ("0", "E013"), ("-0.1", "E013"), ("-.2", "E013"), ("p<0", "E013"), ("<1.5", "E013"), ("=0.0", "E013"),
     (">1", "E013"), ("≥1.0", "E013"), ("p>0", "E013"), (".05x", "E011"), ("0,05", "E011"), ("0.05*", "E011"),
     ("0.05-0.1", "E011"), ("5%", "E011"), ("1e-3", "E011"), ("0.0.5", "E011"), ("٠.٥", "E011")],
)  # fmt: skip
def test_impossible_p_values_are_refused(text, code):
    with pytest.raises(PydanticCustomError) as caught:
        parse_p_value(text)
    assert caught.value.type == code and "Fix: " in str((caught.value.context or {})["details"])


@pytest.fixture
def project(tmp_path):
    shutil.copytree(TEMPLATE, tmp_path / "project")
    return tmp_path / "project"


def test_an_exponent_is_checked_like_the_digits_it_stands_for(project):
    file = project / "data/raw/continuous.csv"
    text = file.read_text(encoding="utf-8")
    found = {}
    for written in ("15.31", "1.531e1"):
        file.write_text(text.replace("15.30", written), encoding="utf-8")
        data = read_dataset(project / "data/raw")
        assert data.printed["data/raw/continuous.csv", 2]["mean"] == "15.31"
        found[written] = [(f.code, f.value) for f in check_integrity(data)]
    assert found["15.31"] == found["1.531e1"] == [("W012", "15.31")]


def test_decimal_commas_in_columns_of_printed_numbers(project):
    (project / "data/raw/published_results.csv").write_text(
        "review_id;analysis_id;measure;k;estimate;ci_low;ci_high;p_value;i2;source_id;level\n"
        "rev;rev_resp;OR;3;2,10;1,20;3,40;<0,05;NA;alder2020;primary\n",
        encoding="utf-8",
    )
    dialect = Dialect(delimiter=";", decimal=",", missing=("NA",))
    row = read_dataset(project / "data/raw", dialects={"published_results": dialect}).others["published_results"][0]
    shown = ("2.10", "1.20", "3.40", "<0.05", "")
    assert tuple(getattr(row, n) for n in ("estimate", "ci_low", "ci_high", "p_value", "i2")) == shown
