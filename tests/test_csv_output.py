"""No cell of any CSV that the library writes runs as a formula in a spreadsheet; numbers stay numbers."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import typing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import metarepro as mr
from metarepro import figures
from metarepro.analysis.tables import effects_csv, integrity_csv, summary_csv
from metarepro.claims.result import AuditedClaim
from metarepro.claims.tables import claims_csv
from metarepro.csv_output import as_meant, csv_text, inert_text
from metarepro.evidence.integrity import Finding
from metarepro.figures.page.read_back import read_data_csv
from metarepro.importing import ImportedProject, write_imported
from metarepro.reproduction import reproduction_csv
from metarepro.reproduction.result import Reproduction
from tests.conftest import ROOT

NASTY = ("=1+1", "-Study", "+x", "@SUM(A1)", "\t=1", "\r=1", "-1-1", "+1;2", "=", "-", "'=1")


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def live(text: str) -> list[str]:
    """Cells that a spreadsheet would compute."""
    return [c for row in cells(text) for c in row if c[:1] in tuple("=+-@\t\r") and not is_number(c)]


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and not text[-1:].isspace() and not text[:1].isspace()
    except ValueError:
        return False


def filled(kind: typing.Any, text: str) -> typing.Any:
    """A value of a type, each text in it `text`, each number negative."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if kind is str or origin is typing.Literal:
        return text
    if kind in (int, float, bool):
        return {int: -3, float: -1.5, bool: True}[kind]
    if origin is tuple:
        return (filled(inside[0], text),)
    if origin is dict:
        return {}
    if inside:
        return filled(inside[0], text)
    hints = typing.get_type_hints(kind)
    return kind(**{f.name: filled(hints[f.name], text) for f in dataclasses.fields(kind)})


@pytest.mark.parametrize("text", NASTY)
def test_texts_are_made_inert_in_every_table(text, results):
    result = results["response_24h_or"]
    studies = tuple(dataclasses.replace(s, label=text, study_id=text, group=text) for s in result.studies)
    left_out = tuple(dataclasses.replace(x, label=text, reason=text) for x in result.left_out)
    result = dataclasses.replace(result, studies=studies, left_out=left_out, title=text, id=text)
    written = {
        "effects": effects_csv(result),
        "summary": summary_csv([result]),
        "integrity": integrity_csv([filled(Finding, text)]),
        "claims": claims_csv([filled(AuditedClaim, text)]),
        "reproduction": reproduction_csv([filled(Reproduction, text)]),
    }
    for name, table in written.items():
        assert live(table) == [], name
        assert "\r\n" not in table and table.endswith("\n")
        assert text in {as_meant(c) for row in cells(table) for c in row}, name
    numbers = [c for row in cells(written["reproduction"]) for c in row if is_number(c)]
    assert {"-1.5", "-3"} <= set(numbers)


@pytest.mark.parametrize("make", ["forest", "drapery", "funnel"])
def test_the_twin_of_a_figure_is_inert_and_reads_back_as_it_was(make, tmp_path):
    labels = [*(t for t in NASTY if t.strip() == t), "Other"]
    fit = mr.pool(np.linspace(-0.8, 0.5, len(labels)), np.linspace(0.02, 0.2, len(labels)))
    figure = getattr(figures, make)(fit, labels=labels)
    figures.write_figure(figure, tmp_path / "f", formats=("svg",))
    text = (tmp_path / "f.csv").read_text(encoding="utf-8")
    assert live(text) == []
    figures.demand_files(tmp_path / "f", pages=figure)
    rows = read_data_csv(tmp_path / "f.csv")
    assert set(labels) <= {row.get("label") for row in rows}
    # Negative estimates are numbers.
    assert any(isinstance(value, float) and value < 0 for row in rows for value in row.values())


@pytest.mark.parametrize("text", NASTY)
def test_imported_tables_are_inert(text, tmp_path):
    study = {"study_id": "a", "label": text, "design": "parallel", "source_id": "x", "level": "secondary"}
    tables = {"studies": [study], "arms": [], "sources": [{"source_id": "x", "title": text}]}
    write_imported(ImportedProject("Title", tables, "title: T\n", ()), tmp_path / "p")
    for path in (tmp_path / "p").rglob("*.csv"):
        found = path.read_bytes().decode()
        assert live(found) == [], path
    assert text in {
        as_meant(c) for row in cells((tmp_path / "p/data/raw/studies.csv").read_bytes().decode()) for c in row
    }


def test_one_module_writes_csv():
    texts = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "src").rglob("*.py")}
    assert not [n for n, t in texts.items() if any(w in t for w in ("csv.writer", "csv.DictWriter", ".to_csv("))]


def test_numbers_are_written_in_full_and_what_does_not_exist_is_empty():
    row = [
        None,
        math.nan,
        math.inf,
        -math.inf,
        -1.5,
        np.float64(0.1),
        1 / 3,
        -3,
        np.int64(4),
        True,
        "-5",
        "+.5e-3",
        "é",
    ]
    text = csv_text(["a"] * len(row), [row])
    assert cells(text)[1] == ["", "", "", "", "-1.5", "0.1", repr(1 / 3), "-3", "4", "True", "-5", "+.5e-3", "é"]
    assert cells(csv_text(["a", "b"], [[math.inf, -math.inf]], infinite=True))[1] == ["inf", "-inf"]
    assert csv_text(["=a", "b"], []) == "'=a,b\n"


@given(st.lists(st.lists(st.text(st.sampled_from(",\"'\r\n =a;é"), max_size=5), min_size=2, max_size=2), max_size=3))
def test_every_text_comes_back_from_a_csv_reader(rows):
    assert [[as_meant(c) for c in row] for row in cells(csv_text(["a", "b"], rows))] == [["a", "b"], *rows]


@given(st.text(st.sampled_from("=+-@'\t\r1.e aé"), max_size=6))
def test_the_guard_can_be_undone(text):
    inert = inert_text(text)
    assert as_meant(inert) == text
    assert inert[:1] not in tuple("=+-@\t\r") or is_number(inert)
