"""What depends on what: for each analysis a fingerprint of its settings and of the raw rows it shows.

The workflow re-runs an analysis when its fingerprint changes, and only then.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metarepro.analysis.config import Analysis, Config, changed, read_config
from metarepro.analysis.select import select
from metarepro.evidence.dataset import Dataset, read_dataset


@dataclass(frozen=True)
class Plan:
    """A checked configuration, its tables, and one fingerprint an analysis (plus one for the bibliography)."""

    config: Config
    data: Dataset
    fingerprints: dict[str, str]
    sources: str


def make_plan(project: Path, config_name: str = "config.yaml") -> Plan:
    """Read and check a project; raise before anything is computed if something is wrong."""
    config = read_config(project / config_name, config_name)
    data = read_dataset(project / config.data, config.data)
    prints = {a.id: _hash(_depends_on(config, a, data)) for a in config.analyses}
    return Plan(config, data, prints, _hash([s.values() for s in data.sources.values()]))


def _depends_on(config: Config, analysis: Analysis, data: Dataset) -> Any:
    """Settings and rows that the result of an analysis is made of."""
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
        for row in data.contrasts:
            if row.measure == "proportion" and row.outcome in analysis.outcome:
                rows[id(row)] = row
    studies = dict.fromkeys(r.study_id for r in rows.values())
    return {
        "analysis": analysis.model_dump(mode="json"),
        "sensitivity": [c.model_dump(mode="json") for c in changes],
        "outcomes": {o: config.outcomes[o].model_dump() for o in analysis.outcome},
        "agents": config.agents,
        "rows": [{"table": r.table, **r.values()} for r in rows.values()],
        "studies": [data.studies[s].values() for s in studies],
        "arms": [a.values() for (s, _), a in data.arms.items() if s in studies],
    }


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def code_fingerprint(package: Path, *rooms: str) -> str:
    """Fingerprint of the library's source in the given rooms (sub-packages), so that editing it re-runs its users."""
    digest = hashlib.sha256()
    top = [package / "__init__.py", package / "errors.py"]
    files = top + [f for room in rooms for f in sorted((package / room).rglob("*")) if f.is_file()]
    for file in files:
        if "__pycache__" not in file.parts:
            digest.update(file.relative_to(package).as_posix().encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
