"""The CSV reader: positions, quoting, what is refused and how it says so."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.errors import DataError
from metarepro.evidence.reader import Dialect, parse_table, read_table


def test_cells_know_their_line_and_column_through_quoted_newlines():
    table = parse_table('a,b\n"x\ny",2\n3,"4 ""q"""\n', "t.csv")
    assert [[c.text for c in r] for r in table.rows] == [["x\ny", "2"], ["3", '4 "q"']]
    assert [(c.line, c.column) for c in table.rows[0]] == [(2, 1), (3, 4)]
    assert [(c.line, c.column) for c in table.rows[1]] == [(4, 1), (4, 3)]


def test_bom_crlf_blank_rows_and_missing_last_newline_do_not_matter(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfa,b\r\n1,2\r\n\r\n3,4")
    table = read_table(tmp_path / "a.csv", "a.csv")
    assert [[c.text for c in r] for r in table.rows] == [["1", "2"], ["3", "4"]]
    assert table.rows[1][0].line == 4


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "t.csv: E003 the table is empty: it has no header row\n"
         "    Fix: write the header; data/README.md lists the columns. Delete a table that is not needed."),
        (b"a,b\n1\n", "t.csv:2:1: E005 the row has 1 cells, the header has 2\n    row: 1\n"
         '    Fix: give it as many cells as the header. A comma inside a text needs quotes, a decimal comma must be a point.'),
        (b"a,b\n1,2,3\n", "t.csv:2:5: E005 the row has 3 cells, the header has 2\n    row: 1, 2, 3\n"
         '    Fix: give it as many cells as the header. A comma inside a text needs quotes, a decimal comma must be a point.'),
        (b'a,b\n1,"2\n3,4\n', "t.csv:2:3: E006 a quote opened here is never closed\n"
         '    Fix: put the whole cell in quotes and write a quote inside it twice: "said ""yes""".'),
        (b"a;b\n1,5;2\n", "t.csv:1: E008 the cells seem to be separated by ';', not by ','\n"
         "    Fix: set `csv: {delimiter: \";\", decimal: \",\"}` in config.yaml, or save with commas."),
        (b"a,b\nM\xfcller,2\n", "t.csv:2: E002 byte 5 is not UTF-8\n"
         "    Fix: save it as UTF-8 (Excel: Save as, 'CSV UTF-8').\n"
         "    Or, if it is cp1252: set `csv: {encoding: cp1252}` in config.yaml."),
        ("a,b\n1\u202e0,2\n".encode(), "t.csv:2:1: E007 an invisible or control character, U+202E\n"
         "    cell: 1<U+202E>0\n    Fix: type the cell anew."),
    ],
)  # fmt: skip
def test_broken_files_are_refused_with_their_place(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError) as error:
        read_table(tmp_path / "t.csv", "t.csv")
    assert str(error.value) == message


def test_missing_file_and_folder_are_refused(tmp_path):
    for name, what in (("none.csv", "there is no such file"), (".", "this is a folder, not a file")):
        with pytest.raises(DataError, match=f"E001 {what}"):
            read_table(tmp_path / name, name)


plain = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Zs")), max_size=8)


@given(st.lists(st.lists(plain, min_size=3, max_size=3), min_size=1, max_size=6))
def test_reads_what_the_csv_module_writes(rows):
    rows = [["h1", "h2", "h3"], *rows]
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    kept = [r for r in rows if any(r)]
    table = parse_table(buffer.getvalue(), "t.csv")
    assert [[c.text for c in r] for r in table.rows] == kept[1:]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1"])
def test_declared_encodings_are_read(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes("a;b\nM\xfcller;1,5\n".encode(encoding))
    table = read_table(tmp_path / "t.csv", "t.csv", Dialect(";", ",", encoding))
    assert [[c.text for c in r] for r in table.rows] == [["M\xfcller", "1,5"]]


def test_a_comma_file_where_semicolons_are_declared_is_refused():
    with pytest.raises(DataError) as error:
        parse_table("a,b\n1,2\n", "t.csv", Dialect(";", ","))
    assert str(error.value) == (
        "t.csv:1: E008 the cells seem to be separated by ',', not by ';'\n"
        '    Fix: set `csv: {delimiter: ","}` in config.yaml, or save with commas.'
    )


PLACED = re.compile(r"t\.csv(:\d+(:\d+)?)?: E0\d\d \S")


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(alphabet='ab1,;."\r\n\t \u202e\x00é=', max_size=200).map(str.encode)),
    st.sampled_from([Dialect(), Dialect(";", ",", "cp1252"), Dialect("\t", ".", "utf-16")]),
)
def test_any_bytes_give_a_table_or_a_coded_error_with_a_place(raw, dialect):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(raw)
        try:
            table = read_table(path, "t.csv", dialect)
        except DataError as error:
            assert error.problems and all(PLACED.match(str(p)) for p in error.problems)
        else:
            assert all(len(row) == len(table.header) for row in table.rows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n" + b"1,2\n" * 2_400_000, "t.csv: E009 the table has 2,400,002 lines; at most 20,000 are read"),
        (b"a" * 9_900_000, "t.csv:1:1: E009 the cell has 9,900,000 characters; at most 10,000 are read"),
        (
            b"a,b\n" + b"x" * 9_000_000 + b",1\n",
            "t.csv:2:1: E009 the cell has 9,000,000 characters; at most 10,000 are read",
        ),
        (b"a," * 4_000_000 + b"a\n", "t.csv: E009 the table has 4,000,002 cells; at most 1,000,000 are read"),
        (b"a," * 600 + b"a\n", "t.csv:1: E009 the header has 601 cells; at most 500 columns are read"),
        (b'"' * 9_900_001, "t.csv:1:"),
        (b"a" * 10_000_001, "t.csv: E001 the file has 10,000,001 bytes; at most 10,000,000 are read"),
    ],
)
def test_very_large_files_are_refused(tmp_path, content, message):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError) as error:
        read_table(tmp_path / "t.csv", "t.csv")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04\x14\x00", "a spreadsheet (XLSX, ODS) or another zip file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel or Word file"),
        (b"\n<!DOCTYPE html><html>", "a web page"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_files_of_another_kind_are_named(tmp_path, content, kind):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(DataError) as error:
        read_table(tmp_path / "t.csv", "t.csv")
    assert str(error.value) == (
        f"t.csv: E017 this is {kind}, whatever its name says\n"
        "    Fix: open it in a spreadsheet and save it as 'CSV UTF-8'."
    )


def test_the_line_that_tells_excel_the_separator_is_no_header():
    table = parse_table("sep=;\r\na;b\r\n1;2\r\n", "t.csv", Dialect(";"))
    assert [c.text for c in table.header] == ["a", "b"] and table.rows[0][0].line == 3
    with pytest.raises(DataError, match=r"t.csv:1: E008 the cells seem to be separated by ';', not by ','"):
        parse_table("sep=;\na;b\n1;2\n", "t.csv")
