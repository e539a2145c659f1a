"""Run the code of a page and compare what it prints: every block of Python in its order, in one place."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from metarepro.analysis.config import Analysis, Config
from metarepro.errors import ConfigError

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def run_page(page: Path, folder: Path | None = None) -> list[str]:
    """What differs from what a page shows; empty when nothing does.

    Lines after ``>>>`` are run and their output is compared; other blocks of Python are run. Blocks of YAML are
    settings that config.yaml may have. The code finds `data`, `examples` and `config.yaml` of the repository where it
    runs; pictures that it writes are put into `folder`.
    """
    text = page.read_text(encoding="utf-8")
    failures: list[str] = []
    space: dict[str, Any] = {"__name__": "__main__"}
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as temporary:
        for name in ("data", "examples", "config.yaml"):
            (Path(temporary) / name).symlink_to(ROOT / name)
        os.chdir(temporary)
        try:
            for block in _BLOCK.finditer(text):
                line = text[: block.start()].count("\n") + 2
                failures += _run(block[1], block[2], space, f"{page.name}:{line}")
        finally:
            os.chdir(here)
        if folder is not None:
            for made in Path(temporary).glob("*.svg"):
                shutil.copyfile(made, folder / made.name)
    return failures


def wrong_settings(given: dict[str, Any], model: type[BaseModel]) -> list[str]:
    """What part of a config.yaml must not be as it is; what it lacks is elsewhere in the file."""
    found = []
    for name, value in given.items():
        if name not in model.model_fields:
            found.append(f"{name} is no setting")
        elif name == "analyses":
            found += [fault for analysis in value for fault in wrong_settings(analysis, Analysis)]
        else:
            own = model.model_fields[name]
            try:
                TypeAdapter(Annotated[(own.annotation, own.description, *own.metadata)]).validate_python(value)
            except (ValidationError, ConfigError) as error:
                found.append(f"{name}: {error}")
    return found


def _run(language: str, code: str, space: dict[str, Any], where: str) -> list[str]:
    if language == "yaml":
        try:
            read = yaml.safe_load(code)
        except yaml.YAMLError as error:
            return [f"{where}: {error}"]
        settings = {"analyses": read} if isinstance(read, list) else read
        return [f"{where}: {fault}" for fault in wrong_settings(settings, Config)]
    if language != "python":
        return []
    if ">>>" in code:
        said: list[str] = []
        test = doctest.DocTestParser().get_doctest(code, space, where, where, 0)
        runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
        runner.run(test, out=said.append, clear_globs=False)
        space.update(test.globs)
        return ["".join(said)] if said else []
    try:
        exec(compile(code, where, "exec"), space)
    except Exception:  # whatever the code of a page raises is told
        return [f"{where}:\n{traceback.format_exc()}"]
    return []
