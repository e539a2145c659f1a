"""The example project in one call."""

import webbrowser

import pytest

import metarepro as mr
from metarepro.errors import ConfigError


@pytest.mark.slow
def test_the_demo_opens_a_report_of_three_trials(tmp_path, monkeypatch, capfd):
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    report = mr.demo(tmp_path / "first look")
    assert opened == [report.as_uri()] and report == (tmp_path / "first look/results/report.html").resolve()
    assert "Alder 2020 (invented)" in report.read_text(encoding="utf-8")
    assert "3 studies" in capfd.readouterr().out
    assert mr.demo(show=False).is_file() and len(opened) == 1


def test_the_demo_overwrites_nothing(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="E001 the folder is not empty"):
        mr.demo(tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["notes.txt"]
