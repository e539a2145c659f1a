"""Settings of a run as the workflow has them, and the files of tables that they name; no table is read for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CONFIG = "config.yaml"
KINDS = ("*.csv", "*.xlsx", "flow.yaml", "*.txt")
DEFAULT_DATA = "data/raw"
# What is kept of runs beside Snakemake's own records.
STATE = ".snakemake/metarepro"


def data_folder(settings: Mapping[str, Any]) -> str:
    """Folder of the tables; the usual one where the settings name none that could be one."""
    named = settings.get("data")
    usable = isinstance(named, str) and named and not Path(named).is_absolute() and ".." not in Path(named).parts
    return str(named) if usable else DEFAULT_DATA


def tables_in(folder: Path) -> list[Path]:
    """Files of a folder of tables that are read, in a fixed order."""
    return sorted(file for kind in KINDS for file in folder.glob(kind))


def tables_of(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """Paths of the tables of a project, as the settings name their folder."""
    return tuple(f.as_posix() for f in tables_in(Path(data_folder(settings))))


def read_settings(file: Path) -> Any:
    """The settings in a file as YAML has them, unchecked.

    Raises
    ------
    OSError, ValueError, yaml.YAMLError
        It cannot be read.
    """
    import yaml

    return yaml.load(file.read_text(encoding="utf-8-sig"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def settings_file(settings: Mapping[str, Any], project: Path, merged: Path) -> Path:
    """A file that holds the settings of a run: config.yaml, if they are its, else a file written for them.

    Parameters
    ----------
    settings : mapping
        Settings as the workflow has them, further files and single keys given on the command line included.
    project : Path
    merged : Path
        Where they are written if they are not those of config.yaml; messages name it.
    """
    import yaml

    own = project / CONFIG
    try:
        if plain(read_settings(own)) == plain(settings):
            return own
    except (OSError, ValueError, yaml.YAMLError):
        pass
    merged.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(plain(settings), allow_unicode=True, sort_keys=False, width=120)
    merged.write_text(
        f"# The settings of this run: config.yaml and what the command line changed.\n{text}", encoding="utf-8"
    )
    return merged


def plain(value: Any) -> Any:
    """Settings as plain dictionaries and lists, whoever read them."""
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def hash_settings(settings: Any) -> str:
    """Fingerprint of settings."""
    text = json.dumps(plain(settings), sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
