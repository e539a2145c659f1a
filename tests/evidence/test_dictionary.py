"""The data dictionary and the Frictionless descriptor are the models', and the files follow them."""

from __future__ import annotations

import csv
import json

from metarepro.evidence.dictionary import column_names, data_package, dictionary
from metarepro.evidence.tables import TABLES
from tests.conftest import ROOT


def test_dictionary_and_package_are_in_step():
    renew = "renew them: python -m metarepro.evidence.dictionary"
    assert (ROOT / "data/README.md").read_text(encoding="utf-8") == dictionary(shipped=True), renew
    shipped = {n: (ROOT / f"data/raw/{n}.csv") for n in TABLES if (ROOT / f"data/raw/{n}.csv").exists()}
    headers = {n: next(csv.reader(path.read_text(encoding="utf-8").splitlines())) for n, path in shipped.items()}
    package = json.loads((ROOT / "data/datapackage.json").read_text(encoding="utf-8"))
    assert package == data_package(headers), renew
    listed = {r["name"]: [f["name"] for f in r["schema"]["fields"]] for r in package["resources"]}
    assert listed == headers


def test_every_column_is_described():
    for resource in data_package({n: column_names(m) for n, m in TABLES.items()})["resources"]:
        for field in resource["schema"]["fields"]:
            assert field["description"], (resource["name"], field["name"])


def test_files_have_the_columns_of_their_models_in_their_order():
    shipped = [name for name in TABLES if (ROOT / f"data/raw/{name}.csv").exists()]
    assert len(shipped) == len(TABLES) - 1
    for name, model in ((name, TABLES[name]) for name in shipped):
        with (ROOT / f"data/raw/{name}.csv").open(newline="", encoding="utf-8") as file:
            names = column_names(model)
            # Columns of other tools of risk of bias than RoB 2 are left out.
            others = {f"d{n}{ending}" for n in range(6, 13) for ending in ("", "_reason")} if "d12" in names else set()
            assert next(csv.reader(file)) == [n for n in names if n not in others], name
