"""Taking something out of the shipped project: one message says what goes with it, and doing so is enough."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from metarepro.errors import ConfigError, DataError, MetareproError
from metarepro.project.reading import read_project
from metarepro.template import write_project
from tests.conftest import ROOT

ANALYSES = [a["id"] for a in yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["analyses"]]


@pytest.fixture
def shipped(tmp_path) -> Path:
    """The shipped project, to be taken apart."""
    shutil.copy(ROOT / "config.yaml", tmp_path)
    shutil.copytree(ROOT / "data/raw", tmp_path / "data/raw")
    return tmp_path


def take_out(project: Path, start: str, end: str) -> None:
    """Delete the lines of config.yaml from one that starts so up to one that starts otherwise."""
    config = project / "config.yaml"
    text = config.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^{start}.*?(?=^{end})", text + "\n", re.M | re.S)
    config.write_text(text.replace(found, ""), encoding="utf-8")


def take_out_analysis(project: Path, name: str) -> None:
    take_out(project, f"  - id: {name}\\n", r"(?:  - id:|  # --|\S|\n)")


def refused(project: Path) -> MetareproError:
    with pytest.raises(MetareproError) as caught:
        read_project(project)
    return caught.value


def obey(project: Path, message: str) -> None:
    """Delete what the message names, to the letter."""
    for file, what in re.findall(r"^    (\S+): ((?:the whole file|lines? \d|in line \d).*)$", message, re.M):
        if what == "the whole file":
            (project / file).unlink()
            continue
        lines = (project / file).read_text(encoding="utf-8").split("\n")
        for line, kind, name in re.findall(r"in line (\d+) the (analysis|head) ([^;]+)", what):
            at = int(line) - 1
            shorter = re.sub(rf", {re.escape(name)}(?=[,\]])|(?<=\[){re.escape(name)}, ", "", lines[at])
            assert shorter != lines[at], (kind, name)
            lines[at] = shorter
        for line, setting in re.findall(r"in line (\d+) the setting ([^;]+)", what):
            assert f", {setting}" in lines[int(line) - 1]
            lines[int(line) - 1] = lines[int(line) - 1].replace(f", {setting}", "")
        gone: set[int] = set()
        for listed in re.findall(r"^lines? ([\d, -]+)", what):
            for first, last in re.findall(r"(\d+)(?:-(\d+))?", listed):
                gone |= set(range(int(first), int(last or first) + 1))
        kept = [text for number, text in enumerate(lines, 1) if number not in gone]
        (project / file).write_text("\n".join(kept), encoding="utf-8")


def test_the_message_names_every_line_of_every_file(shipped):
    take_out_analysis(shipped, "rate_7d")
    error = refused(shipped)
    lines = (shipped / "config.yaml").read_text(encoding="utf-8").split("\n")
    at = {start: number for number, line in enumerate(lines, 1) for start in [line.strip()]}
    panel = at["analyses: [rate_4h, rate_24h, rate_72h, rate_7d]"]
    first, second = (
        at[f"- {{result: han2016_{o}_168, analysis: rate_7d{e}}}"]
        for o, e in (("response", ""), ("remission", ", changes: {outcome: remission}"))
    )
    third = at["- result: xu2016_remission_d7_rate_ketamine"]
    (claim,) = (
        number
        for number, line in enumerate((shipped / "data/raw/claims.csv").read_text(encoding="utf-8").split("\n"), 1)
        if "(rate_7d" in line
    )
    assert str(error) == (
        f"config.yaml:{panel}:5: E106 there is no analysis 'rate_7d', which 7 places name\n"
        "    Is 'rate_7d' a slip for 'rate_72h'?\n"
        f"    config.yaml: lines {first}, {second}, {third}-{third + 5}; in line {panel} the analysis rate_7d; "
        f"in line {panel + 1} the head 7 days\n"
        f"    data/raw/claims.csv: line {claim}\n"
        "    Fix: delete these lines, or put back what they name."
    )
    assert isinstance(error, ConfigError) and error.exit_code == 3
    guide = (ROOT / "docs/your-data.md").read_text(encoding="utf-8")
    assert re.sub(r"\d+", "0", str(error)) in re.sub(r"\d+", "0", guide)


def obey_one(project: Path, message: str) -> None:
    """Take out the one place at which the message stands: a setting, an entry of a list, or a row."""
    file, at = re.match(r"(\S+?):(\d+):", message).groups()
    lines = (project / file).read_text(encoding="utf-8").split("\n")
    first = last = int(at) - 1
    if ", primary: " in lines[first]:
        lines[first] = re.sub(r", primary: \w+", "", lines[first])
        last = first - 1
    elif lines[first].startswith("  findings: ["):
        name = re.search(r"there is no analysis '(\w+)'", message).group(1)
        lines[first] = re.sub(rf", {name}(?=[,\]])", "", lines[first])
        last = first - 1
    elif file == "config.yaml":
        while not lines[first].startswith("    - "):
            first -= 1
        while not lines[last + 1].startswith("    - "):
            last += 1
    (project / file).write_text("\n".join(lines[:first] + lines[last + 1 :]), encoding="utf-8")


def test_the_primary_analysis_of_an_outcome_is_named_where_it_stands(shipped):
    """Once alone, and among all that names it."""
    for name, outcome, several in (("remission_24h_or", "remission", False), ("response_24h_or", "response", True)):
        take_out_analysis(shipped, name)
        error = str(refused(shipped))
        lines = (shipped / "config.yaml").read_text(encoding="utf-8").split("\n")
        (at,) = (n for n, line in enumerate(lines, 1) if line.endswith(f"primary: {name}}}"))
        assert (f"in line {at} the setting primary: {name}" in error) == several
        assert several or error.startswith(f"config.yaml:{at}:")
        (obey if several else obey_one)(shipped, error)
        assert read_project(shipped).config.outcomes[outcome].primary is None


@pytest.mark.slow
@pytest.mark.parametrize("name", ANALYSES)
def test_any_analysis_is_taken_out_in_one_step(shipped, name):
    take_out_analysis(shipped, name)
    try:
        read_project(shipped)
    except MetareproError as error:
        assert len(error.problems) == 1
        (obey if "Fix: delete these lines" in str(error) else obey_one)(shipped, str(error))
    project = read_project(shipped)
    assert [a.id for a in project.config.analyses] == [a for a in ANALYSES if a != name]


def test_all_analyses_of_one_panel_but_one(shipped):
    """One alone is no figure of several: the whole panel goes."""
    for name in ("rate_4h", "rate_24h", "rate_72h"):
        take_out_analysis(shipped, name)
    error = refused(shipped)
    assert "there are no analyses 'rate_24h', 'rate_72h', 'rate_4h', which" in str(error)
    obey(shipped, str(error))
    assert [p.id for p in read_project(shipped).config.panels] == ["ketamine_v_control_24h"]


def test_a_panel_is_taken_out_without_more(shipped):
    take_out(shipped, "  - id: response_rates", "  - id")
    assert [p.id for p in read_project(shipped).config.panels] == ["ketamine_v_control_24h"]


def test_the_audited_pages_are_taken_out_without_more(shipped):
    (shipped / "data/raw/claims.csv").unlink()
    assert not read_project(shipped).data.others.get("claims")


@pytest.mark.parametrize("also", [[], ["published_inputs"], ["published_inputs", "claims"]])
def test_printed_results_are_taken_out_in_one_step(shipped, also):
    for table in ("published_results", *also):
        (shipped / f"data/raw/{table}.csv").unlink()
    error = refused(shipped)
    assert len(error.problems) == 1 and len(str(error).splitlines()) <= 6
    assert isinstance(error, ConfigError if also else DataError)
    obey(shipped, str(error))
    project = read_project(shipped)
    assert not project.config.reproduction.targets and not project.data.others.get("published_inputs")
    assert project.config.reproduction.tolerance == 0.01


def test_other_problems_are_told_beside_it(shipped):
    take_out_analysis(shipped, "rate_7d")
    config = shipped / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("id: rate_72h\n", "id: rate_24h\n", 1), encoding="utf-8")
    codes = [p.code for p in refused(shipped).problems]
    assert codes == ["E106", "E105"]


def test_a_single_slip_is_told_as_one(tmp_path):
    """One place that names what is not there keeps its own message."""
    write_project(tmp_path / "new")
    config = tmp_path / "new/config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        f"{text}\npanels:\n  - {{id: a, title: A, analyses: [response_orr, score_smd]}}\n", encoding="utf-8"
    )
    assert str(refused(tmp_path / "new")).endswith(
        "E106 there is no analysis 'response_orr'\n    Fix: did you mean 'response_or'?"
    )
