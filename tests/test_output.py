"""What the system does not take is said in a sentence, and nothing of it is left."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from metarepro.errors import MetareproError
from metarepro.output import write_whole


def test_a_file_is_written_whole_and_alone(tmp_path):
    write_whole(tmp_path / "a.txt", "ä\n")
    write_whole(tmp_path / "a.txt", b"b")
    assert (tmp_path / "a.txt").read_bytes() == b"b" and [p.name for p in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("place", ["results/a.txt", "results/deep/er/a.txt"])
def test_results_that_are_a_file(tmp_path, place):
    (tmp_path / "results").write_text("mine", encoding="utf-8")
    with pytest.raises(MetareproError) as caught:
        write_whole(tmp_path / place, "x")
    assert str(caught.value) == (
        f"{tmp_path / place} could not be written: {tmp_path / 'results'} is a file, not a folder. "
        "Fix: rename it, or take it away."
    )
    assert (tmp_path / "results").read_text(encoding="utf-8") == "mine"


def test_a_folder_in_the_place_of_the_file(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(MetareproError, match=r"a\.txt could not be written: it is a folder, not a file"):
        write_whole(tmp_path / "a.txt", "x")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(MetareproError, match="its folder is not there"):
        write_whole(tmp_path / "gone/a.txt", "x")


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("cleaning_fails", [False, True])
def test_a_disk_that_cannot_be_written_to(tmp_path, monkeypatch, number, cleaning_fails):
    def closed(*_: object, **__: object) -> None:
        raise OSError(number, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", closed)
    if cleaning_fails:
        monkeypatch.setattr(Path, "unlink", closed)
    with pytest.raises(MetareproError) as caught:
        write_whole(tmp_path / "a.txt", "x")
    assert str(caught.value) == (
        f"{tmp_path / 'a.txt'} could not be written: Read-only file system. "
        "Fix: allow writing there, or take another folder."
    )


def test_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(MetareproError, match=r"The disk is full: .*a\.txt was not written"):
        write_whole(tmp_path / "a.txt", "x")
    assert list(tmp_path.iterdir()) == []
