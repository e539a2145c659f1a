"""Writing what was imported: complete or not at all, inert in a spreadsheet."""

import csv

import pytest

from metarepro.errors import ConfigError
from metarepro.importing import ImportedProject, write_imported
from metarepro.importing.names import UniqueIds, clean_text, slug
from metarepro.importing.project import table_text

STUDY = {"study_id": "a", "label": "A", "design": "parallel", "source_id": "x", "level": "secondary"}
PROJECT = ImportedProject(
    title="A review",
    tables={"studies": [STUDY], "arms": [], "sources": [{"source_id": "x", "title": "=1+1", "authors": "-5"}]},
    config="title: A review\n",
    notes=("Nothing is known of the time.",),
)


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("there", [False, True])
def test_a_new_or_an_empty_folder_gets_all_files_and_nothing_beside_it(tmp_path, there):
    folder = tmp_path / "deep" / "new"
    if there:
        folder.mkdir(parents=True)
    written = write_imported(PROJECT, folder)
    assert sorted(p.relative_to(folder).as_posix() for p in written) == sorted(files(folder))
    assert set(files(folder)) == {
        "NOTES.md", "config.yaml", "data/README.md", "data/datapackage.json",
        "data/raw/sources.csv", "data/raw/studies.csv",
    }  # fmt: skip
    assert [p.name for p in folder.parent.iterdir()] == ["new"]
    assert files(folder)["data/raw/studies.csv"] == b"study_id,label,design,source_id,level\na,A,parallel,x,secondary\n"
    assert files(folder)["data/raw/sources.csv"] == b"source_id,authors,title\nx,-5,'=1+1\n"
    assert b"- Nothing is known of the time.\n" in files(folder)["NOTES.md"]


def test_a_folder_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(ConfigError) as error:
        write_imported(PROJECT, tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: E001 the folder is not empty\n"
        "    Fix: name a new folder, or an empty one; nothing is ever overwritten."
    )
    assert files(tmp_path) == {"mine": b"x"}


@pytest.mark.parametrize("there", [False, True])
def test_nothing_half_written_is_left_when_writing_fails(tmp_path, monkeypatch, there):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("metarepro.importing.project.write_dictionary", full)
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
    with pytest.raises(ConfigError, match="E001 cannot be written: No space left on device"):
        write_imported(PROJECT, folder)
    assert list(tmp_path.rglob("*")) == ([folder] if there else [])


def test_names_become_ids():
    assert slug("Ångström & Müller–Łoś 2006a", "study") == "angstrom_muller_los_2006a"
    assert slug("研究", "study") == "study"
    assert slug("a" * 50 + " b", "study", 10) == "a" * 10
    ids = UniqueIds()
    assert [ids.get(k, n, "s") for k, n in ((1, "Li 2001"), (2, "Li-2001"), (1, "Li 2001"))] == [
        "li_2001", "li_2001_2", "li_2001",
    ]  # fmt: skip


def test_texts_become_one_visible_line():
    assert clean_text(" a\u200b\n\tb\u202e c\x00") == "a b c"
    assert clean_text("x" * 20, 10) == "xxxxxxx..."


def test_names_longer_than_figures_take_are_cut():
    row = {"study_id": "a", "label": "@" + "name " * 60, "title": "t" * 400, "design": "parallel", "source_id": "s"}
    _, written = table_text("studies", [row]).splitlines()
    label = next(csv.reader([written]))[1]
    assert (
        190 < len(label) <= 200 and label.startswith("'@name name") and label.endswith("...") and "t" * 400 in written
    )
