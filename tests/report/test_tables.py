"""Tables for a paper: the same cells in Markdown, LaTeX, a sheet and a document, nothing taken for a formula."""

from __future__ import annotations

import io

import pytest
from docx import Document
from openpyxl import load_workbook

from metarepro.report.tables import FORMATS, READER_HEAD, reader_rows
from tests.report.pages import default_page

HEAD = ("Outcome", "Effect")
ROWS = [("Response | remission, 50%", "\u22126.64 (\u22128.63 to \u22124.65)"), ("=1+1", "R&D_{x}~^\\")]


@pytest.fixture(scope="module")
def written():
    return {name: write(HEAD, ROWS) for name, (_, write) in FORMATS.items()}


def test_markdown_keeps_its_columns(written):
    lines = written["markdown"].decode().splitlines()
    assert lines[:2] == ["| Outcome | Effect |", "| --- | --- |"]
    assert lines[2] == "| Response \\| remission, 50% | \u22126.64 (\u22128.63 to \u22124.65) |"
    assert lines[3] == "| =1+1 | R&D_{x}~^\\ |"


def test_latex_escapes_what_it_would_read_as_commands(written):
    text = written["latex"].decode()
    assert r"Response | remission, 50\% & $-$6.64 ($-$8.63 to $-$4.65) \\" in text
    assert r"=1+1 & R\&D\_\{x\}\textasciitilde{}\textasciicircum{}\textbackslash{} \\" in text
    assert text.startswith(r"\begin{tabular}{lr}")


def test_a_sheet_and_a_document_hold_the_cells_as_they_are(written):
    sheet = load_workbook(io.BytesIO(written["xlsx"])).active
    assert [tuple(c.value for c in row) for row in sheet.iter_rows()] == [HEAD, *ROWS]
    assert {c.data_type for row in sheet.iter_rows() for c in row} == {"s"}
    table = Document(io.BytesIO(written["docx"])).tables[0]
    assert [tuple(c.text for c in row.cells) for row in table.rows] == [HEAD, *ROWS]


def test_the_rows_are_those_of_the_page():
    made = default_page()
    rows = reader_rows(made.project.config.page.findings, made.results.analyses)
    assert rows and all(len(row) == len(READER_HEAD) for row in rows)
    first = made.plain["response_24h_or"]["summary"]
    text = f"{first['estimate']:.2f} ({first['ci_low']:.2f} to {first['ci_high']:.2f})"
    assert sum(text in cell for row in rows for cell in row) == 1
    assert not any("<" in cell for row in rows for cell in row)
