"""Workbooks give the same data as CSV, with the sheet and cell of everything that is wrong."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font

from metarepro.cli import main
from metarepro.errors import DataError
from metarepro.evidence import spreadsheet
from metarepro.evidence.dataset import read_dataset
from metarepro.evidence.spreadsheet import read_sheet
from metarepro.template import write_project

NAMES = ("studies", "arms", "dichotomous", "continuous", "sources")


def value(text):
    """A cell as a spreadsheet holds it: numbers as numbers."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text or None


@pytest.fixture
def project(tmp_path):
    write_project(tmp_path / "p")
    return tmp_path / "p"


def fill(sheet, path):
    for row in csv.reader(path.open(encoding="utf-8")):
        sheet.append([value(text) for text in row])
        for cell, text in zip(sheet[sheet.max_row], row, strict=True):
            if isinstance(cell.value, float):
                cell.number_format = f"0.{'0' * len(text.partition('.')[2])}"


def one_workbook(project):
    """All tables in one workbook, instead of the CSV files."""
    raw = project / "data" / "raw"
    book = Workbook()
    book.remove(book.active)
    for name in NAMES:
        fill(book.create_sheet(name), raw / f"{name}.csv")
        (raw / f"{name}.csv").unlink()
    book.save(raw / "tables.xlsx")
    return raw / "tables.xlsx"


def edit(path, sheet, **cells):
    book = load_workbook(path)
    for place, content in cells.items():
        book[sheet][place] = content
    book.save(path)


def plain(data):
    rows = [*data.studies.values(), *data.arms.values(), *data.dichotomous, *data.continuous, *data.sources.values()]
    return [(row.table, row.values()) for row in rows]


def test_one_workbook_or_one_each_gives_the_data_of_the_csv_files(project):
    raw = project / "data" / "raw"
    expected = read_dataset(raw)
    path = one_workbook(project)
    book = read_dataset(raw)
    assert plain(book) == plain(expected)
    # 15.30 keeps its zero, by the format of the cell.
    assert list(book.printed.values()) == list(expected.printed.values())
    for name in NAMES:
        single = Workbook()
        single.active.title = "Tabelle1"
        for row in load_workbook(path)[name].iter_rows(values_only=True):
            single.active.append(row)
        single.save(raw / f"{name}.xlsx")
    path.unlink()
    assert plain(read_dataset(raw)) == plain(expected)
    assert book.dichotomous[0].file == "data/raw/tables.xlsx:dichotomous"


def test_problems_name_sheet_and_cell(project, capsys):
    path = one_workbook(project)
    columns = [c.value for c in load_workbook(path)["dichotomous"][1]]
    letter = chr(ord("A") + columns.index("events"))
    edit(path, "dichotomous", **{f"{letter}3": 4711})
    assert main(["check", "--directory", str(project)]) == 2
    shown = capsys.readouterr().err.splitlines()
    assert shown[0] == f"data/raw/tables.xlsx:dichotomous!{letter}3: E021 events is larger than total"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("=1+1", "is a formula, and its value may be stale"),
        (datetime.datetime(2026, 2, 1), "is a date. Did the spreadsheet turn a number such as 1-2 or 3.4 into it?"),
        (datetime.time(1, 30), "is a date. Did the spreadsheet turn a number such as 1-2 or 3.4 into it?"),
        (True, "is TRUE or FALSE"),
        ("#DIV/0!", "is an error value of the spreadsheet"),
    ],
)
def test_what_a_spreadsheet_makes_of_a_number_is_refused(project, content, message):
    path = one_workbook(project)
    edit(path, "dichotomous", B2=content)
    with pytest.raises(DataError) as caught:
        read_dataset(project / "data" / "raw")
    first = str(caught.value).splitlines()[0]
    assert first == f"data/raw/tables.xlsx:dichotomous!B2: E050 the cell {message}"


def test_percent_format_and_merged_cells_are_refused(project):
    path = one_workbook(project)
    book = load_workbook(path)
    book["dichotomous"]["H2"] = 0.43
    book["dichotomous"]["H2"].number_format = "0%"
    book["studies"].merge_cells("A2:A3")
    book.save(path)
    with pytest.raises(DataError) as caught:
        read_dataset(project / "data" / "raw")
    shown = str(caught.value)
    assert "dichotomous!H2: E050 the cell is shown as a percentage, but stored as a fraction\n    cell: 43 %" in shown
    assert "tables.xlsx:studies: E050 the cells A2:A3 are merged" in shown


def test_a_sheet_one_slip_from_a_table_is_not_passed_over(project):
    path = one_workbook(project)
    book = load_workbook(path)
    book["dichotomous"].title = "Dichotomous data"
    book.create_sheet("my notes")
    book.save(path)
    with pytest.raises(DataError, match=r"E051 the sheet 'Dichotomous data' is no table, but 'dichotomous' is one"):
        read_dataset(project / "data" / "raw")


def test_what_users_hide_or_strike_out_is_refused(project):
    path = one_workbook(project)
    book = load_workbook(path)
    book["studies"].row_dimensions[3].hidden = True
    book["dichotomous"]["A4"].font = Font(strike=True)
    book.save(path)
    with pytest.raises(DataError) as caught:
        read_dataset(project / "data" / "raw")
    shown = str(caught.value)
    assert "studies!A3: E050 the row 3 is hidden, and it would be read like the others" in shown
    assert "dichotomous!A4: E050 the cell is struck through, and it would be read like the others" in shown


def test_a_table_has_one_home(project):
    raw = project / "data" / "raw"
    text = (raw / "arms.csv").read_text()
    one_workbook(project)
    (raw / "arms.csv").write_text(text)
    with pytest.raises(DataError, match=r"data/raw: E051 the table 'arms' is there twice: arms\.csv, tables\.xlsx"):
        read_dataset(raw)
    book = Workbook()
    book.create_sheet("other")
    book.save(raw / "risk_of_bias.xlsx")
    with pytest.raises(DataError, match=r"risk_of_bias\.xlsx: E051 the workbook has no sheet 'risk_of_bias'"):
        read_dataset(raw)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked(tmp_path):
    path = tmp_path / "arms.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(DataError, match="E009 the workbook unpacks to 30,000,000 bytes"):
        read_sheet(path, "arms.xlsx", "arms")


def small_workbook():
    buffer = io.BytesIO()
    book = Workbook()
    book.active.append(["study_id", "arm_id"])
    book.active.append(["a", 1])
    book.save(buffer)
    return buffer.getvalue()


SMALL = small_workbook()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_gives_a_table_or_a_coded_error(tmp_path_factory, data):
    raw = bytearray(SMALL)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    path = tmp_path_factory.mktemp("x") / "arms.xlsx"
    path.write_bytes(bytes(raw))
    try:
        read_sheet(path, "arms.xlsx", "arms")
    except DataError as error:
        assert error.problems and error.problems[0].path.startswith("arms.xlsx")


def test_the_workbook_to_start_from_holds_the_tables_of_the_template(project, tmp_path, capsys):
    assert main(["init", str(tmp_path / "w"), "--workbook"]) == 0
    raw = tmp_path / "w" / "data" / "raw"
    assert [p.name for p in raw.iterdir()] == ["tables.xlsx"]
    ours, theirs = read_dataset(raw), read_dataset(project / "data" / "raw")
    assert plain(ours) == plain(theirs)
    filled = [{n: t for n, t in texts.items() if t} for texts in ours.printed.values()]
    assert filled == [{n: t for n, t in texts.items() if t} for texts in theirs.printed.values()]
    book = load_workbook(raw / "tables.xlsx")
    assert book.sheetnames == ["studies", "arms", "dichotomous", "continuous", "contrasts", "sources"]
    sheet = book["arms"]
    headers = {cell.value: cell for cell in sheet[1]}
    assert headers["agent"].comment.text.startswith("What was given")
    assert headers["arm_id"].font.bold and not headers["agent"].font.bold
    lists = {v.formula1 for v in sheet.data_validations.dataValidation}
    assert '"experimental,control"' in lists and '"primary,secondary"' in lists


def test_only_stored_cells_are_visited(project, monkeypatch):
    path = one_workbook(project)
    stored = len(load_workbook(path)["arms"]._cells)
    expected = plain(read_dataset(project / "data/raw"))
    book = load_workbook(path)
    book["arms"]["A1048576"].font = Font(bold=True)
    book["arms"]["XFD1"].number_format = "0.00"
    book["arms"]["XFD1048576"].font = Font(bold=True)
    book.save(path)
    assert plain(read_dataset(project / "data/raw")) == expected
    visited = []
    read = spreadsheet._cell
    monkeypatch.setattr(spreadsheet, "_cell", lambda cell, *rest: visited.append(cell) or read(cell, *rest))
    read_sheet(path, "t.xlsx", "arms")
    assert len(visited) == stored + 3


@pytest.mark.parametrize("place", ["XFD3", "SG2", "B1048576"])
def test_a_value_far_out_is_named(project, place):
    path = one_workbook(project)
    edit(path, "arms", **{place: "x"})
    with pytest.raises(DataError) as caught:
        read_sheet(path, "t.xlsx", "arms")
    assert str(caught.value) == (
        f"t.xlsx:arms!{place}: E009 the cell lies outside the first 20,000 rows and 500 columns, which are read\n"
        "    cell: x\n    Fix: delete it, or move it to where it belongs."
    )


def test_a_value_beside_the_table_is_named(project):
    path = one_workbook(project)
    edit(path, "arms", AB4="see below")
    with pytest.raises(DataError) as caught:
        read_sheet(path, "t.xlsx", "arms")
    assert str(caught.value) == (
        "t.xlsx:arms!AB4: E004 the cell has a value, and its column has no header\n"
        "    cell: see below\n    Fix: delete the cell, or write the header of its column."
    )


@pytest.mark.parametrize(
    "part",
    ['<mergeCells count="1"><mergeCell ref="A5:XFD1048576"/></mergeCells>',
     '<hyperlinks><hyperlink ref="A1:XFD1048576" location="arms!A1"/></hyperlinks>'],
)  # fmt: skip
def test_a_whole_sheet_merged_or_linked_is_refused_unread(project, part):
    path = one_workbook(project)
    with zipfile.ZipFile(path) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    files[sheet] = files[sheet].replace(b"</sheetData>", b"</sheetData>" + part.encode())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    with pytest.raises(DataError, match=r"E009 the cells A\d:XFD1048576 of a sheet are merged, or one link"):
        read_sheet(path, "t.xlsx", "studies")


def test_a_small_number_keeps_its_decimals(project):
    path = one_workbook(project)
    edit(path, "dichotomous", F2=0.00001)
    assert read_sheet(path, "t.xlsx", "dichotomous").rows[0][5].text == "0.00001"
