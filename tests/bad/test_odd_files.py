"""Inputs that are no text to keep in a repository: other encodings, pipes, links, sizes; and odd inputs that are fine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from metarepro.errors import ConfigError
from metarepro.evidence import read_dataset
from metarepro.evidence.reader import Dialect
from metarepro.project.places import check_inputs
from metarepro.project.reading import read_project
from metarepro.template import TEMPLATE
from tests.bad.test_bad_inputs import checked
from tests.conftest import ROOT

COUNTS = "data/raw/dichotomous.csv"
PLAIN = (TEMPLATE / COUNTS).read_bytes()
SETTINGS = (TEMPLATE / "config.yaml").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the template project."""
    shutil.copytree(TEMPLATE, tmp_path / "project")
    return tmp_path / "project"


SAVE = "    Fix: save it as UTF-8 (Excel: Save as, 'CSV UTF-8').\n"
SHEET = "    Fix: open it in a spreadsheet and save it as 'CSV UTF-8'.\n"


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (PLAIN.decode().encode("utf-16"), f"{COUNTS}:1: E002 byte 0 is not UTF-8\n{SAVE}"
         "    Or, if it is utf-16: set `csv: {encoding: utf-16}` in config.yaml.\n"),
        (PLAIN.decode().encode("utf-16-le"), f"{COUNTS}:1: E002 byte 1 is not UTF-8\n{SAVE}"
         "    Or, if it is utf-16-le: set `csv: {encoding: utf-16-le}` in config.yaml.\n"),
        (PLAIN.decode().encode("utf-16-be"), f"{COUNTS}:1: E002 byte 0 is not UTF-8\n{SAVE}"
         "    Or, if it is utf-16-be: set `csv: {encoding: utf-16-be}` in config.yaml.\n"),
        (PLAIN.replace(b"Table 3", b"Table \x81\xff", 1), f"{COUNTS}:4: E002 byte 358 is not UTF-8\n{SAVE}"),
        (PLAIN.replace(b"Table 3", b"Table \x81\xff", 1).replace(b"\n", b"\r"),
         f"{COUNTS}:4: E002 byte 358 is not UTF-8\n{SAVE}"),
        (PLAIN.replace(b"\n", b"\r").replace(b",11,30", b",1\x001,30"),
         f"{COUNTS}:4:51: E007 an invisible or control character, U+0000\n    cell: 1<U+0000>1\n    Fix: type the cell anew.\n"),
        (PLAIN.replace(b"\n", b"\r") + b"\r" * 20_000, f"{COUNTS}: E009 the table has 20,008 lines; at most 20,000 are read\n"
         "    Fix: is it the right file? A table of trials has some thousand lines at most.\n"),
        (PLAIN.replace(b",11,30", b",1\x001,30"), f"{COUNTS}:4:51: E007 an invisible or control character, U+0000\n"
         "    cell: 1<U+0000>1\n    Fix: type the cell anew.\n"),
        (b"PK\x03\x04\x14\x00\x06\x00", f"{COUNTS}: E017 this is a spreadsheet (XLSX, ODS) or another zip file, "
         f"whatever its name says\n{SHEET}"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", f"{COUNTS}: E017 this is an old Excel or Word file, whatever its name says\n{SHEET}"),
        (b"%PDF-1.7\n", f"{COUNTS}: E017 this is a PDF, whatever its name says\n{SHEET}"),
        (b"\x1f\x8b\x08\x00", f"{COUNTS}: E017 this is a compressed file (gzip), whatever its name says\n{SHEET}"),
        (b"a" * 10_000_001, f"{COUNTS}: E001 the file has 10,000,001 bytes; at most 10,000,000 are read\n"
         "    Fix: is it the right file? A table of trials has some thousand lines at most.\n"),
        (PLAIN + b"\n" * 20_000, f"{COUNTS}: E009 the table has 20,008 lines; at most 20,000 are read\n"
         "    Fix: is it the right file? A table of trials has some thousand lines at most.\n"),
    ],
    ids=["utf16", "utf16-le", "utf16-be", "no-encoding", "cr-no-encoding", "cr-nul", "cr-too-long", "nul", "xlsx", "xls", "pdf", "gzip", "too-large", "too-long"],
)  # fmt: skip
def test_files_that_are_no_table(project, capsys, raw, message):
    (project / COUNTS).write_bytes(raw)
    code, shown = checked(project, capsys)
    assert (code, shown.partition("\nHelp: ")[0]) == (2, message)


@pytest.mark.parametrize("character", ["\x0b", "\x0c", "\x1c", "\x85", "\x92", "\u2028", "\u2029"])
def test_what_some_programs_take_for_a_line_end_is_refused_in_a_cell(project, capsys, character):
    (project / COUNTS).write_bytes(PLAIN.replace(b"Table 3", f"Table{character}3".encode(), 1))
    number = f"U+{ord(character):04X}"
    refused(project, capsys, f"{COUNTS}:4:67: E007 an invisible or control character, {number}\n"
            f"    cell: Table<{number}>3\n    Fix: type the cell anew.\n")  # fmt: skip


def refused(project: Path, capsys: pytest.CaptureFixture[str], message: str) -> None:
    code, shown = checked(project, capsys)
    assert (code, shown.partition("\nHelp: ")[0]) == (2, message)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(project, capsys):
    (project / COUNTS).unlink()
    os.mkfifo(project / COUNTS)
    refused(project, capsys, f"{COUNTS}: E001 this is no ordinary file\n    Fix: put the table there.\n")
    (project / "config.yaml").unlink()
    os.mkfifo(project / "config.yaml")
    code, shown = checked(project, capsys)
    assert code == 3 and shown.startswith("config.yaml: E100 this is no ordinary file\n    Fix: ")


def test_a_folder_is_no_table(project, capsys):
    (project / COUNTS).unlink()
    (project / COUNTS).mkdir()
    refused(project, capsys, f"{COUNTS}: E001 this is a folder, not a file\n    Fix: put the table there.\n")


def test_a_link_must_not_lead_out(project, capsys):
    outside = project.parent / "elsewhere.csv"
    outside.write_bytes(PLAIN)
    (project / COUNTS).unlink()
    (project / COUNTS).symlink_to(outside)
    message = (
        f"{COUNTS}: E001 this is a link that leads out of the project\n    It is {outside.resolve()}.\n"
        "    Fix: copy the file into the project.\n"
    )
    refused(project, capsys, message)
    outside.unlink()
    gone = f"{COUNTS}: E001 this is a link to a file that is not there\n    Fix: put the table there.\n"
    refused(project, capsys, gone)
    (project / COUNTS).unlink()
    (project / "data/kept.csv").write_bytes(PLAIN)
    (project / COUNTS).symlink_to("../kept.csv")
    assert read_dataset(project / "data/raw", project=project).dichotomous


def test_a_folder_of_tables_must_not_lead_out(project, capsys):
    shutil.move(project / "data", project.parent / "moved")
    (project / "data").symlink_to(project.parent / "moved")
    code, shown = checked(project, capsys)
    assert code == 2 and shown.count("E001 this is a link that leads out of the project") == 5


@pytest.mark.parametrize("name", ["config.yaml", "data/raw/flow.yaml"])
def test_a_setting_must_not_lead_out_either(project, capsys, name):
    inside, outside = project / name, project.parent / "elsewhere.yaml"
    if name != "config.yaml":
        shutil.copy(ROOT / "examples/flow/flow.yaml", inside)
    check_inputs(project, [name])
    shutil.move(inside, outside)
    inside.symlink_to(outside)
    message = (
        f"{name}: E100 this is a link that leads out of the project\n    It is {outside.resolve()}.\n"
        "    Fix: copy the file into the project.\n"
    )
    code, shown = checked(project, capsys)
    assert (code, shown.partition("\nHelp: ")[0]) == (3, message)
    with pytest.raises(ConfigError, match="leads out"):  # although no byte differs from the run before
        check_inputs(project, [name])
    outside.unlink()
    assert checked(project, capsys)[0] == 3
    inside.unlink()
    (project / "kept.yaml").write_text(SETTINGS, encoding="utf-8")
    if name == "config.yaml":
        inside.symlink_to("kept.yaml")
        assert checked_well(project)


def checked_well(project: Path) -> bool:
    return bool(read_project(project).config.analyses)


def test_an_unreadable_table_is_named(project, capsys, monkeypatch):
    before = Path.read_bytes

    def closed(path: Path) -> bytes:
        if path.name == "dichotomous.csv":
            raise PermissionError(13, "Permission denied")
        return before(path)

    monkeypatch.setattr(Path, "read_bytes", closed)
    monkeypatch.setattr("tests.bad.test_bad_inputs.tree", lambda _: {})
    message = f"{COUNTS}: E001 cannot be read: Permission denied\n    Fix: close it in other programs, and allow reading it.\n"
    refused(project, capsys, message)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (SETTINGS.encode("utf-16"), "config.yaml:1: E100 byte 0 is not UTF-8\n    It looks like utf-16.\n"
         "    Fix: save it as UTF-8 in your editor.\n"),
        (b"title: " + b"x" * 1_000_001, "config.yaml: E100 the file has over 1,000,000 bytes\n"
         "    Fix: is it the right file? A configuration has some hundred lines.\n"),
        (b"authors: " + b"[" * 200_000, "config.yaml:1:29: E100 nested deeper than 20\n"
         "    Fix: close a bracket, or write it flatter; no setting is that deep.\n"),
        (SETTINGS.replace("title: R", "title: \x85R", 1).replace("\n", "\r").encode(),
         "config.yaml:30:12: E107 an invisible or control character, U+0085\n"
         "    Copied from a web page or a word processor?\n    Fix: type the line anew, with plain blanks.\n"),
        (SETTINGS.replace("Response to", "Response \xe4", 1).replace("\n", "\r").encode("latin-1"),
         "config.yaml:30: E100 byte 1158 is not UTF-8\n    It looks like cp1252.\n    Fix: save it as UTF-8 in your editor.\n"),
        (b"title: a\0b\n", "config.yaml:1:9: E107 an invisible or control character, U+0000\n"
         "    Copied from a web page or a word processor?\n    Fix: type the line anew, with plain blanks.\n"),
    ],
    ids=["utf16", "too-large", "stack", "cr-nel", "cr-latin1", "nul"],
)  # fmt: skip
def test_files_that_are_no_configuration(project, capsys, raw, message):
    (project / "config.yaml").write_bytes(raw)
    code, shown = checked(project, capsys)
    assert (code, shown.partition("\nHelp: ")[0]) == (3, message)


# -- odd, and fine ----------------------------------------------------------------------------------------------

ODD = {
    "bom": lambda t: b"\xef\xbb\xbf" + t,
    "crlf": lambda t: t.replace(b"\n", b"\r\n"),
    "lone_cr": lambda t: t.replace(b"\n", b"\r"),
    "mixed_line_ends": lambda t: t.replace(b"\n", b"\r\n", 2),
    "no_final_newline": lambda t: t.rstrip(b"\n"),
    "blank_rows": lambda t: t.replace(b"\n", b"\n\n,,,,,,,,,,,\n   \n"),
    "counts_with_point_zero": lambda t: t.replace(b",21,40,", b",21.0,40.00,"),
    "sep_line": lambda t: b"sep=,\r\n" + t,
    "quoted_cells": lambda t: t.replace(b",21,40,", b',"21","40",'),
    "plus_sign": lambda t: t.replace(b",21,", b",+21,"),
    "blanks_around": lambda t: t.replace(b",", b" , "),
    "columns_in_another_order": lambda t: b"\n".join(
        b",".join(line.split(b",")[::-1]) for line in t.rstrip(b"\n").split(b"\n")
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_give_the_same_data(project, name):
    plain = read_dataset(project / "data/raw")
    (project / COUNTS).write_bytes(ODD[name](PLAIN))
    odd = read_dataset(project / "data/raw", project=project)
    assert [r.values() for r in odd.dichotomous] == [r.values() for r in plain.dichotomous]
    assert list(odd.mixed_ends) == ([COUNTS] if name in ("mixed_line_ends", "sep_line") else [])


def test_declared_words_for_missing_give_the_same_data(project):
    plain = read_dataset(project / "data/raw")
    arms = project / "data/raw/arms.csv"
    text = arms.read_text(encoding="utf-8")
    arms.write_text(text.replace(",placebo,40,", ",NA,NR,"), encoding="utf-8")
    odd = read_dataset(project / "data/raw", dialects={"": Dialect(missing=("NA", "NR"))})
    changed = odd.arms["alder2020", "placebo"]
    # In a column of texts the word is a text.
    assert (changed.n_randomised, changed.drug) == (None, "NA")
    assert [r.values() for r in odd.dichotomous] == [r.values() for r in plain.dichotomous]


def test_line_ends_inside_quotes_do_not_mix(project):
    text = PLAIN.replace(b"\n", b"\r\n").replace(b"Table 2", b'"Table\n2"')
    (project / COUNTS).write_bytes(text)
    assert read_dataset(project / "data/raw").mixed_ends == {}


@pytest.mark.parametrize("value", ["-5.2", "+5.2", ".5", "5.", "1.53e1", "1.234"])
def test_numbers_that_are_numbers(project, value):
    file = project / "data/raw/continuous.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("15.30", value), encoding="utf-8")
    assert read_dataset(project / "data/raw").continuous[0].mean == float(value)


@pytest.mark.parametrize(
    "label", ["</script><b>x", "{{ 7*7 }}", "$\\foo$ 2020", "[x](javascript:alert(1))", "NA", "None"]
)
def test_markup_is_text(project, label):
    file = project / "data/raw/studies.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("Alder 2020 (invented)", label), encoding="utf-8")
    assert read_dataset(project / "data/raw").studies["alder2020"].label == label
