"""A bundle: what is in it, that it computes the same, that a changed file or number is told."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from metarepro.bundle.crate import crate_of
from metarepro.bundle.make import sums_of, write_bundle
from metarepro.bundle.verify import verify_bundle
from metarepro.cli import main
from metarepro.errors import ConfigError, DataError, MetareproError
from metarepro.template import write_project


def test_a_project_without_results_is_not_bundled(tmp_path):
    write_project(tmp_path / "new")
    with pytest.raises(MetareproError, match=r"There are no results to bundle\. Fix: run the project first\."):
        write_bundle(tmp_path / "new", tmp_path / "new.zip")
    (tmp_path / "there.zip").write_text("x")
    with pytest.raises(ConfigError, match=r"exists already\. Fix: name another file"):
        write_bundle(tmp_path / "new", tmp_path / "there.zip")


@pytest.mark.parametrize(
    ("names", "why"),
    [(["a.txt"], "it has no SHA256SUMS"), (["../out.txt", "SHA256SUMS"], r"\.\./out\.txt lies outside of it")],
)
def test_what_is_no_bundle_is_told(tmp_path, names, why):
    with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    with pytest.raises(DataError, match=f"is no bundle of metarepro: {why}"):
        verify_bundle(tmp_path / "some.zip")
    (tmp_path / "text.zip").write_text("no archive")
    with pytest.raises(DataError, match="cannot be read as a zip archive"):
        verify_bundle(tmp_path / "text.zip")


def test_the_description_is_that_of_ro_crate_1_2():
    crate = crate_of("A review", ["config.yaml", "results/report.html"], "2026-11-30", "0.1.0")
    entities = {e["@id"]: e for e in crate["@graph"]}
    assert crate["@context"] == "https://w3id.org/ro/crate/1.2/context"
    descriptor, root = entities["ro-crate-metadata.json"], entities["./"]
    assert descriptor["about"] == {"@id": "./"} and descriptor["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.2"}
    assert all(root[name] for name in ("name", "description", "datePublished", "license"))
    assert [part["@id"] for part in root["hasPart"]] == ["config.yaml", "results/report.html"]
    assert all(part["@id"] in entities for part in root["hasPart"]) and entities["#run"]["result"] == [
        {"@id": "results/report.html"}
    ]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("bundled")
    write_project(folder / "review")
    assert main(["run", str(folder / "review"), "--cores", "2"]) == 0
    assert main(["bundle", str(folder / "review"), "--to", str(folder / "review.zip")]) == 0
    return folder / "review.zip"


def changed(bundle: Path, to: Path, name: str, content: bytes) -> Path:
    """A copy in which one file is another, with a checksum that says nothing of it."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(to, "w") as new:
        for entry in old.namelist():
            new.writestr(entry, content if entry == name else old.read(entry))
    return to


@pytest.mark.slow
def test_a_bundle_holds_what_it_computes(bundle, capsys):
    with zipfile.ZipFile(bundle) as archive:
        names = set(archive.namelist())
        sums = dict(reversed(line.split("  ")) for line in archive.read("SHA256SUMS").decode().splitlines())
        assert sums == {n: hashlib.sha256(archive.read(n)).hexdigest() for n in names - {"SHA256SUMS"}}
        run = json.loads(archive.read("run.json"))
    wanted = {"config.yaml", "data/raw/dichotomous.csv", "data/raw/studies.csv", "data/datapackage.json", "recompute.R"}
    assert wanted | {"results/report.html", "results/results.json", "ro-crate-metadata.json"} <= names
    assert not [n for n in names if n.startswith("results/logs")] and run["libraries"]["numpy"]
    assert main(["verify", str(bundle)]) == 0
    files, numbers, figures, last = capsys.readouterr().out.splitlines()[-4:]
    count = len(names) - 1
    assert files == f"{count} of {count} files are as their checksums say."
    equal, of = numbers.split(" numbers equal, in ")[0].split(" of ")
    assert equal == of and int(of.replace(",", "")) > 1000
    drawn = sum(n.endswith(".svg") for n in names)
    assert figures == f"{drawn} of {drawn} figures (SVG) the same to the byte." and last.endswith("not compared.")


@pytest.mark.slow
def test_the_same_project_gives_the_same_bundle(bundle, tmp_path):
    write_bundle(bundle.parent / "review", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == bundle.read_bytes()


@pytest.mark.slow
def test_a_changed_table_and_a_changed_result_are_told(bundle, tmp_path, capsys):
    with zipfile.ZipFile(bundle) as archive:
        results = json.loads(archive.read("results/results.json"))
        table = archive.read("data/raw/dichotomous.csv")
    results["analyses"][0]["summary"]["estimate"] += 0.01
    other = changed(bundle, tmp_path / "number.zip", "results/results.json", json.dumps(results).encode())
    assert main(["verify", str(other)]) == 4
    said = capsys.readouterr().out
    assert "  changed: results/results.json\n" in said and ".summary.estimate: " in said
    edited = table.replace(b",21,40,", b",20,40,", 1)
    assert edited != table
    assert main(["verify", str(changed(bundle, tmp_path / "row.zip", "data/raw/dichotomous.csv", edited))]) == 4
    assert "  changed: data/raw/dichotomous.csv\n" in capsys.readouterr().out


def with_sums(bundle: Path, to: Path, changes: dict[str, bytes]) -> Path:
    """A copy in which some files are others, and the checksums say so."""
    with zipfile.ZipFile(bundle) as old, zipfile.ZipFile(to, "w") as new:
        files = {n: changes.get(n) or old.read(n) for n in old.namelist() if n != "SHA256SUMS"}
        files["SHA256SUMS"] = sums_of(files).encode()
        for entry, text in files.items():
            new.writestr(entry, text)
    return to


@pytest.mark.slow
def test_false_results_with_the_right_checksums_are_told(bundle, tmp_path, capsys):
    with zipfile.ZipFile(bundle) as archive:
        results = json.loads(archive.read("results/results.json"))
        fit = json.loads(archive.read("results/analyses/response_or/fit.json"))
        table = archive.read("results/summary.csv")
    results["analyses"][0]["studies"][0]["yi"] = "x"
    fit["schema_version"] = 99
    row = table.splitlines()[1]
    changes = {
        "results/results.json": json.dumps(results).encode(),
        "results/analyses/response_or/fit.json": json.dumps(fit).encode(),
        "results/summary.csv": table.replace(row, row + b"7"),
    }
    assert main(["verify", str(with_sums(bundle, tmp_path / "other.zip", changes))]) == 4
    said = capsys.readouterr().out
    assert all(f"  {name} " in said for name in changes) and "changed:" not in said


@pytest.mark.slow
def test_results_without_a_number_do_not_hold(bundle, tmp_path, capsys):
    empty = with_sums(bundle, tmp_path / "empty.zip", {"results/results.json": b"{}"})
    assert main(["verify", str(empty)]) == 4
    assert "'nothing' there, " in capsys.readouterr().out


def test_texts_that_are_none_are_told(tmp_path):
    for name, content in (("SHA256SUMS", b"\xff"), ("results/results.json", b"{broken")):
        with zipfile.ZipFile(tmp_path / "some.zip", "w") as archive:
            for other in ("SHA256SUMS", "results/results.json", "config.yaml"):
                archive.writestr(other, content if other == name else b"{}" if other.endswith("json") else b"")
        with pytest.raises(DataError, match=f"{name} of .* cannot be read"):
            verify_bundle(tmp_path / "some.zip")


@pytest.mark.slow
def test_results_that_do_not_hold_are_not_bundled(bundle, tmp_path):
    shutil.copytree(bundle.parent / "review", tmp_path / "review")
    table = tmp_path / "review/data/raw/dichotomous.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("12", "11", 1), encoding="utf-8")
    with pytest.raises(MetareproError, match="The results are not those of the project now"):
        write_bundle(tmp_path / "review", tmp_path / "review.zip")


@pytest.mark.slow
def test_the_script_in_r_has_the_effects_and_finds_them_equal(bundle, tmp_path):
    with zipfile.ZipFile(bundle) as archive:
        script, results = archive.read("recompute.R").decode(), json.loads(archive.read("results/results.json"))
    pooled = [a for a in results["analyses"] if a["summary"] and a["summary"]["method"]["model"] == "inverse variance"]
    assert pooled and all(f'check("{a["id"]}", c(' in script and repr(a["summary"]["beta"]) in script for a in pooled)
    if shutil.which("Rscript"):
        (tmp_path / "recompute.R").write_text(script)
        there = subprocess.run(["Rscript", "-e", "library(metafor)"], capture_output=True, check=False)
        done = subprocess.run(["Rscript", tmp_path / "recompute.R"], capture_output=True, text=True, check=False)
        assert there.returncode or f"{4 * len(pooled)} of {4 * len(pooled)} numbers equal" in done.stdout
