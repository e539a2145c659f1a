"""Findings accepted in the configuration: with a reason, in the report, and told when nothing is left of them."""

from __future__ import annotations

import csv
import json

import pytest

from metarepro.analysis import read_config
from metarepro.analysis.accepted import accept_findings
from metarepro.analysis.config import Accepted
from metarepro.analysis.result import MadeOf, Results
from metarepro.cli import main
from metarepro.evidence import read_dataset
from metarepro.evidence.integrity import check_integrity
from metarepro.report import Content, render_report
from metarepro.template import write_project


@pytest.fixture
def project(tmp_path):
    """The template with a mean that 40 whole-number scores cannot have, and another of two arms."""
    write_project(tmp_path / "p")
    path = tmp_path / "p" / "data" / "raw" / "continuous.csv"
    path.write_text(path.read_text().replace("15.30", "15.31").replace("19.10", "19.11"))
    return tmp_path / "p"


def page_of(project, **more) -> str:
    """The page of a project without results."""
    config, data = read_config(project / "config.yaml"), read_dataset(project / "data" / "raw")
    return render_report(Content(config, data, Results("t", MadeOf("r", "s", "c"), ()), **more))


def accept(project, text):
    with (project / "config.yaml").open("a") as file:
        file.write(f"\naccept:\n{text}")


def test_an_accepted_finding_keeps_its_reason_and_leaves_the_list(project, capsys):
    assert main(["check", "--directory", str(project)]) == 0
    assert "To look at: 0 warnings and 2 notes" in capsys.readouterr().out
    accept(project, "  - {code: W012, study: alder2020, column: mean, reason: The authors say they imputed scores.}\n")
    assert main(["check", "--directory", str(project), "--findings"]) == 0
    shown = capsys.readouterr().out
    assert "To look at" not in shown and "Accepted by the configuration: 2 findings." in shown
    config = read_config(project / "config.yaml")
    findings, unused = accept_findings(check_integrity(read_dataset(project / "data" / "raw")), config.accept)
    assert {f.accepted for f in findings} == {"The authors say they imputed scores."} and unused == ()
    page = page_of(project, findings=findings)
    table = page[page.index('id="accepted"') :]
    assert table.count("The authors say they imputed scores.") == 2 and "15.31" in table


def test_of_which_nothing_is_left_is_told(project, capsys):
    accept(project, "  - {code: W013, study: birch2021, reason: Seen in the paper.}\n")
    assert main(["check", "--directory", str(project)]) == 0
    told = "Accepted, but no longer found; delete it in config.yaml: W013 of birch2021.\n"
    assert told in capsys.readouterr().out
    assert main(["check", "--directory", str(project), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["unused"][0]["code"] == "W013"
    entry = Accepted(code="W013", study="birch2021", reason="Seen in the paper.")
    page = page_of(project, unused=[entry.model_dump()])
    assert "Accepted in config.yaml, but no longer found; delete it there: W013 of birch2021." in page


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{code: W012, study: alder2020}", "E101 the key 'reason' is missing"),
        ("{code: W099, study: alder2020, reason: x}", "E106 there is no finding 'W099'"),
        ("{code: W012, study: alder2021, reason: x}", "E106 no row of the tables has studies 'alder2021'"),
        ("{code: E021, study: alder2020, reason: x}", "E102 accept.0.code = 'E021' is not allowed"),
    ],
)
def test_what_cannot_be_accepted_is_refused(project, capsys, text, message):
    accept(project, f"  - {text}\n")
    assert main(["check", "--directory", str(project)]) == 3
    assert message in capsys.readouterr().err


def test_the_table_of_findings_holds_the_reason(project):
    from metarepro.analysis.tables import integrity_csv

    entry = Accepted(code="W012", study="alder2020", reason="=1+1 imputed")
    findings, _ = accept_findings(check_integrity(read_dataset(project / "data" / "raw")), [entry])
    rows = list(csv.DictReader(integrity_csv(findings).splitlines()))
    assert {r["accepted"] for r in rows} == {"'=1+1 imputed"}
