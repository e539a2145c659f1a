"""What depends on what: for each analysis a fingerprint of its settings and of the raw rows it shows.

The workflow re-runs an analysis when its fingerprint changes, and only then. Checking everything costs more than a
run that has nothing to do, so a checked plan is kept beside the workflow and holds while no byte has changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metarepro.errors import ConfigError, DataError, Problem

if TYPE_CHECKING:
    from metarepro.analysis.config import Analysis, Config
    from metarepro.evidence.dataset import Dataset


Check = Callable[["Config", "Dataset", Path, str], None]


@dataclass(frozen=True)
class Plan:
    """A checked project in short.

    Attributes
    ----------
    title, authors, data : str
        From the configuration; `data` is the folder of the tables.
    analyses : dict
        Fingerprint of each analysis, by its id.
    sources, tables, settings, accepted : str
        Fingerprint of the bibliography, of all tables, of the configuration, and of the findings that it accepts.
    flow : str
        Fingerprint of the flow of the review; empty if there is none.
    panels : list of dict
        Settings of the figures of several analyses.
    """

    title: str
    authors: str
    data: str
    analyses: dict[str, str]
    sources: str
    tables: str
    settings: str
    accepted: str
    flow: str
    panels: list[dict[str, Any]]


def read_plan(
    project: Path,
    config_name: str,
    code: str,
    keep: Path,
    undrawable: Callable[[str], str] | None = None,
    check: Check | None = None,
) -> Plan:
    """The plan of a project: the kept one while configuration, tables and code are the same bytes, else a new one.

    Raises
    ------
    MetareproError
        Whatever is wrong with the configuration or the tables; nothing is kept then.
    """
    try:
        kept = json.loads(keep.read_text(encoding="utf-8"))
        if kept["bytes"] == _bytes_of(project, config_name, kept["plan"]["data"], code):
            return Plan(**kept["plan"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # nothing kept, or not by this version
    plan = make_plan(project, config_name, undrawable, check)
    content = {"bytes": _bytes_of(project, config_name, plan.data, code), "plan": asdict(plan)}
    half = keep.with_suffix(f".{os.getpid()}.part")  # a dry run may be at it too
    try:
        keep.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(json.dumps(content), encoding="utf-8")
        half.replace(keep)
    except OSError:  # a full disk, say: the plan holds without being kept
        with contextlib.suppress(OSError):
            half.unlink()
    return plan


def make_plan(
    project: Path,
    config_name: str = "config.yaml",
    undrawable: Callable[[str], str] | None = None,
    check: Check | None = None,
) -> Plan:
    """Read and check a project; raise before anything is computed if something is wrong.

    Parameters
    ----------
    project : Path
    config_name : str
    undrawable : callable, optional
        Says which character of a label the figures cannot draw, if any.
    check : callable, optional
        What later rooms have to say about configuration and tables.
    """
    from metarepro.analysis.config_file import read_config
    from metarepro.analysis.words import check_words
    from metarepro.evidence.dataset import read_dataset
    from metarepro.evidence.reader import leads_out

    leads_out(project / config_name, config_name, project, "E100", ConfigError)
    config = read_config(project / config_name, config_name)
    data = read_dataset(project / config.data, config.data, config.dialects, project)
    _check_columns(config, data)
    check_words(config, data, project / config_name, config_name)
    if check is not None:
        check(config, data, project / config_name, config_name)
    if undrawable is not None:
        _check_texts(config, project / config_name, config_name, undrawable)
        _check_labels(data, undrawable)
    return Plan(
        title=config.title,
        authors=config.authors,
        data=config.data,
        analyses={a.id: _hash(_depends_on(config, a, data)) for a in config.analyses},
        sources=_hash([s.values() for s in data.sources.values()]),
        # Lines too: findings name them.
        tables=_hash([[file, line, texts] for (file, line), texts in data.printed.items()]),
        settings=_hash(config.model_dump(mode="json")),
        accepted=_hash([a.model_dump() for a in config.accept]),
        flow=_flow_of(project / config.data, config.data, project),
        panels=[p.model_dump(mode="json") for p in config.panels],
    )


def _check_columns(config: Config, data: Dataset) -> None:
    """Cells of the tables that stand beside the studies in a figure are no longer than names."""
    from metarepro.evidence.cells import MAX_LABEL

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


def _check_texts(config: Config, path: Path, shown: str, undrawable: Callable[[str], str]) -> None:
    """Texts of the configuration that stand in figures."""
    from metarepro.analysis.config_problems import place_of
    from metarepro.analysis.yaml_reader import read_yaml

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
    found = [(where, text, undrawable(text)) for where, text in texts if undrawable(text)]
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


def _check_labels(data: Dataset, undrawable: Callable[[str], str]) -> None:
    problems = []
    for study in data.studies.values():
        if not study.label.strip():
            fix = "Fix: write the name of the study."
            problems.append(Problem("E010", "label has blanks only", study.file, study.line, details=(fix,)))
        if re.search(r"[\n\r\t]", study.label):
            what, fix = f"the label {study.label!r} has a line break or a tab", "Fix: write the name in one line."
            problems.append(Problem("E016", what, study.file, study.line, details=(fix,)))
        character = undrawable(study.label)
        if character:
            what = f"the label {study.label!r} has a character that the figures' font lacks, U+{ord(character):04X}"
            fix = "Fix: write the name in Latin letters."
            problems.append(Problem("E016", what, study.file, study.line, details=(fix,)))
    if problems:
        raise DataError(problems)


def _flow_of(folder: Path, shown: str, project: Path) -> str:
    """Fingerprint of flow.yaml, whose sums are checked; empty if there is none."""
    from metarepro.analysis.flow import FLOW_FILE, read_flow
    from metarepro.evidence.reader import leads_out

    if not (folder / FLOW_FILE).exists() and not (folder / FLOW_FILE).is_symlink():
        return ""
    leads_out(folder / FLOW_FILE, f"{shown}/{FLOW_FILE}", project, "E100", ConfigError)
    return _hash(read_flow(folder / FLOW_FILE, f"{shown}/{FLOW_FILE}").model_dump(mode="json"))


def _bytes_of(project: Path, config_name: str, data: str, code: str) -> str:
    digest = hashlib.sha256(code.encode())
    tables = [f for kind in ("*.csv", "*.xlsx", "flow.yaml") for f in sorted((project / data).glob(kind))]
    for file in [project / config_name, *tables]:
        outside = not file.resolve().is_relative_to(project.resolve())
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"link" * outside)
    return digest.hexdigest()


def _depends_on(config: Config, analysis: Analysis, data: Dataset) -> Any:
    """Settings and rows that the result of an analysis is made of."""
    from metarepro.analysis.config import changed
    from metarepro.analysis.select import select

    changes = analysis.sensitivity if analysis.sensitivity is not None else config.sensitivity
    variants = [analysis]
    for change in changes:
        try:
            variants.append(changed(analysis, change))
        except ValueError:
            continue
    rows: dict[int, Any] = {}
    for variant in variants:
        for row in select(variant, data).rows():
            rows[id(row)] = row
    if analysis.combine == "compound":
        for contrast in data.contrasts:
            if contrast.measure == "proportion" and contrast.outcome in analysis.outcome:
                rows[id(contrast)] = contrast
    studies = dict.fromkeys(r.study_id for r in rows.values())
    return {
        "analysis": analysis.model_dump(mode="json"),
        "sensitivity": [c.model_dump(mode="json") for c in changes],
        "outcomes": {o: config.outcomes[o].model_dump() for o in analysis.outcome},
        "agents": config.agents,
        "rows": [{"table": r.table, **r.values()} for r in rows.values()],
        "studies": [data.studies[s].values() for s in studies],
        "arms": [a.values() for (s, _), a in data.arms.items() if s in studies],
        "risk_of_bias": [
            r.values()
            for r in data.others.get("risk_of_bias", ())
            if analysis.figure.risk_of_bias and getattr(r, "study_id", "") in studies
        ],
    }


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_fingerprint(package: Path, *rooms: str, scripts: tuple[Path, ...] = ()) -> str:
    """Fingerprint of the source of some rooms (sub-packages) and scripts, so that editing one re-runs its users."""
    digest = hashlib.sha256()
    files = sorted(package.glob("*.py")) + [f for room in rooms for f in sorted((package / room).rglob("*"))]
    for file in (*files, *scripts):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]
