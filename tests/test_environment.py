"""pyproject.toml, the lock files and environment.yml say the same."""

from __future__ import annotations

import re
import tomllib

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from tests.conftest import ROOT


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def locked(name="requirements.lock"):
    """Locked versions by package; several where they differ by Python version."""
    versions: dict[str, list[Version]] = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            package, version = line.split(";")[0].strip().split("==")
            versions.setdefault(package.lower(), []).append(Version(version))
    return versions


def wanted():
    names = project()["project"]["dependencies"] + project()["dependency-groups"]["test"]
    return {(r := Requirement(text)).name.lower(): r.specifier for text in names}


def test_the_lock_satisfies_the_project():
    versions = locked()
    for name, specifier in wanted().items():
        assert versions[name] and all(v in specifier for v in versions[name]), name


def test_the_lint_lock_holds_the_same_versions():
    lint = locked("requirements-lint.lock")
    assert {k: lint[k] for k in locked()} == locked()
    for text in project()["dependency-groups"]["lint"] + project()["dependency-groups"]["docs"]:
        assert Requirement(text).name.lower() in lint


def test_environment_yml_is_in_step():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge", "bioconda"]
    entries = {}
    for entry in environment["dependencies"]:
        name, specifier = re.fullmatch(r"([\w-]+)\s*(.*)", entry).groups()
        entries[name] = specifier
    python = entries.pop("python")
    assert Version(python.lstrip("=")) in SpecifierSet(project()["project"]["requires-python"])
    assert set(entries) == set(wanted())
    for name, specifier in entries.items():
        for version in locked()[name]:
            assert version in SpecifierSet(specifier), (name, version)


def test_versions_are_said_once():
    import metarepro

    assert metarepro.__version__ == project()["project"]["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == metarepro.__version__
    assert f"## {metarepro.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_environment_of_the_jobs_is_in_step():
    """What the scripts of the workflow need: the library's dependencies but for Snakemake and the shell completion."""
    jobs = yaml.safe_load((ROOT / "workflow/envs/metarepro.yaml").read_text(encoding="utf-8"))
    entries = dict(re.fullmatch(r"([\w-]+)\s*(.*)", entry).groups() for entry in jobs["dependencies"])
    python = entries.pop("python")
    assert Version(python.lstrip("=")) in SpecifierSet(project()["project"]["requires-python"])
    needed = {Requirement(text).name for text in project()["project"]["dependencies"]} - {"snakemake", "shtab"}
    assert set(entries) == needed
    for name, specifier in entries.items():
        assert all(version in SpecifierSet(specifier) for version in locked()[name]), name
