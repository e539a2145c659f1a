"""Configuration and tables of a project, read once and checked by every room that has something to say."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metarepro.analysis.config import Analysis, Config, changed
from metarepro.analysis.config_file import read_config
from metarepro.analysis.config_problems import place_of
from metarepro.analysis.effects import turn_scales
from metarepro.analysis.flow import FLOW_FILE, Flow, read_flow
from metarepro.analysis.own_bias_tools import tools_of
from metarepro.analysis.selection import Selection, select
from metarepro.analysis.words import check_words
from metarepro.analysis.yaml_reader import read_yaml
from metarepro.claims.checks import check_audit, check_quotations
from metarepro.claims.page_sentences import check_page
from metarepro.errors import ConfigError, DataError, MetareproError, Problem
from metarepro.evidence.bias_tools import BIAS_TOOLS
from metarepro.evidence.cells import MAX_LABEL
from metarepro.evidence.dataset import Dataset, read_dataset
from metarepro.evidence.reader import leads_out
from metarepro.evidence.tables import RiskOfBias
from metarepro.figures.page.fonts import undrawable
from metarepro.project.missing import tell_at_once
from metarepro.project.settings import CONFIG


@dataclass(frozen=True)
class Project:
    """A checked project: its settings, its tables, the flow of its review if any, the rows of each analysis."""

    config: Config
    data: Dataset
    flow: Flow | None
    selections: dict[str, Selection]

    @property
    def comparisons(self) -> dict[str, int]:
        """Comparisons of each analysis."""
        return {name: len(s.comparisons) for name, s in self.selections.items()}


def read_project(folder: Path, config_name: str = CONFIG) -> Project:
    """Read and check a project.

    Parameters
    ----------
    folder : Path
    config_name : str
        File of the configuration in this folder; messages name it.

    Raises
    ------
    ConfigError, DataError
        Everything that is wrong, with its place.
    """
    path = folder / config_name
    leads_out(path, config_name, folder, "E100", ConfigError)
    try:
        config = read_config(path, config_name)
        data = read_dataset(folder / config.data, config.data, config.dialects, folder)
        _check_columns(config, data)
        _check_tools(config, data)
        check_words(config, data, path, config_name)
        check_audit(config, data, path, config_name)
        check_quotations(config, data, folder, path, config_name)
        check_page(config, data, path, config_name)
    except MetareproError as error:
        raise tell_at_once(error, folder, config_name) from None
    _check_texts(config, path, config_name)
    _check_labels(data)
    file = folder / config.data / FLOW_FILE
    flow = None
    if file.exists() or file.is_symlink():
        leads_out(file, f"{config.data}/{FLOW_FILE}", folder, "E100", ConfigError)
        flow = read_flow(file, f"{config.data}/{FLOW_FILE}")
    return Project(config, data, flow, {a.id: _select(config, a, data) for a in config.analyses})


def _select(config: Config, analysis: Analysis, data: Dataset) -> Selection:
    """Rows of an analysis; its sensitivity analyses are tried too, as they may have rows that fit equally well."""
    for change in analysis.sensitivity if analysis.sensitivity is not None else config.sensitivity:
        try:
            variant = changed(analysis, change)
        except ValueError:
            continue
        select(variant, data)
    return turn_scales(analysis, select(analysis, data), config.outcomes[analysis.outcome[0]].better)


def take_snapshot(project: Path, config: Path, files: list[str], target: Path) -> dict[str, str]:
    """Copy configuration and tables aside, so that what is checked, hashed and recorded is one and the same.

    Parameters
    ----------
    project, config : Path
        The project, and the file of its settings in it.
    files : list of str
        Tables, relative to the project.
    target : Path
        An empty folder; the files have their paths in it.

    Returns
    -------
    dict
        SHA-256 of the tables as copied, by path.
    """
    leads_out(project / config, config.as_posix(), project, "E100", ConfigError)
    (target / config).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(project / config, target / config)
    hashes = {}
    for file in files:
        kind: Any = ("E100", ConfigError) if file.endswith(FLOW_FILE) else ()
        leads_out(project / file, file, project, *kind)
        content = (project / file).read_bytes()
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        (target / file).write_bytes(content)
        hashes[file] = hashlib.sha256(content).hexdigest()
    return hashes


def _check_texts(config: Config, path: Path, shown: str) -> None:
    """Texts of the configuration that stand in figures."""
    texts: list[tuple[tuple[Any, ...], str]] = [
        *((("analyses", i, "title"), a.title) for i, a in enumerate(config.analyses)),
        *((("outcomes", name, "label"), o.label) for name, o in config.outcomes.items()),
        *((("agents", name), label) for name, label in config.agents.items()),
        *((("panels", i, "title"), p.title) for i, p in enumerate(config.panels)),
        *((("panels", i, "heads"), head) for i, p in enumerate(config.panels) for head in p.heads),
        *(
            (("analyses", i, "figure", "columns"), column.head)
            for i, a in enumerate(config.analyses)
            for column in a.figure.columns
        ),
    ]
    found = [(where, text, odd) for where, text in texts if (odd := undrawable(text))]
    if found:
        _, places = read_yaml(path.read_text(encoding="utf-8-sig"), shown)
        fix = ("Fix: write it in Latin letters.",)
        raise ConfigError(
            [
                Problem(
                    "E108", f"{text!r} has a character that the figures' font lacks, U+{ord(odd):04X}", shown,
                    *place_of(where, places), fix,
                )
                for where, text, odd in found
            ]
        )  # fmt: skip


def _check_columns(config: Config, data: Dataset) -> None:
    """Cells of the tables that stand beside the studies in a figure are no longer than names."""
    sources = dict.fromkeys(c.source for a in config.analyses for c in a.figure.columns)
    problems = []
    for source in sources:
        table, _, column = source.partition(".")
        for row in data.studies.values() if table == "studies" else data.arms.values():
            text = str(getattr(row, column, ""))
            if len(text) > MAX_LABEL:
                what = f"{column} has {len(text):,} characters, and a figure shows it beside the study"
                details = (f"Allowed: at most {MAX_LABEL}.", f"Fix: shorten it, or take {source} out of `columns`.")
                problems.append(Problem("E046", what, row.file, row.line, details=details))
    if problems:
        raise DataError(problems)


def _check_tools(config: Config, data: Dataset) -> None:
    """Judgements of the risk of bias are those of a tool that is known."""
    tools = tools_of(config.risk_of_bias)
    problems = []
    for row in data.others.get("risk_of_bias", ()):
        if not isinstance(row, RiskOfBias) or row.tool in BIAS_TOOLS:
            continue
        if row.tool not in tools:
            details = (f'row: study_id = "{row.study_id}"', f"Allowed: {', '.join(tools)}, or a tool of yours.",
                       "Fix: one of these, or describe the tool under risk_of_bias in config.yaml.")  # fmt: skip
            problems.append(Problem("E014", f"tool {row.tool!r} is not known", row.file, row.line, details=details))
            continue
        wrong = row.not_by(tools[row.tool])
        if wrong:
            column, what, allowed = wrong
            details = (
                f'row: study_id = "{row.study_id}"',
                f"Allowed: {allowed}.",
                f"Fix: one of these, or correct risk_of_bias.{row.tool} in config.yaml.",
            )
            what = f"{column} {row.judgement(column)!r} {what}"
            problems.append(Problem("E014", what, row.file, row.line, details=details))
    if problems:
        raise DataError(problems)


def _check_labels(data: Dataset) -> None:
    problems = list(_label_problems(data))
    if problems:
        raise DataError(problems)


def _label_problems(data: Dataset) -> Iterator[Problem]:
    for study in data.studies.values():
        if not study.label.strip():
            fix = "Fix: write the name of the study."
            yield Problem("E010", "label has blanks only", study.file, study.line, details=(fix,))
        if re.search(r"[\n\r\t]", study.label):
            what, fix = f"the label {study.label!r} has a line break or a tab", "Fix: write the name in one line."
            yield Problem("E016", what, study.file, study.line, details=(fix,))
        if character := undrawable(study.label):
            what = f"the label {study.label!r} has a character that the figures' font lacks, U+{ord(character):04X}"
            fix = "Fix: write the name in Latin letters."
            yield Problem("E016", what, study.file, study.line, details=(fix,))
