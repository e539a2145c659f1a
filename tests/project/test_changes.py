"""What is told of a changed configuration: what was changed, not what stands beside it."""

from __future__ import annotations

from metarepro.analysis.config_file import read_config
from metarepro.changes import SettingChange, inputs_of
from metarepro.changes import _settings as settings_that_changed
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import TABLES
from tests.conftest import ROOT

TEXT = (ROOT / "config.yaml").read_text(encoding="utf-8")
NONE = Dataset.of_tables(dict.fromkeys(TABLES, ()))


def changes(tmp_path, before: str, after: str) -> list[SettingChange]:
    """Settings that differ between two texts of a configuration."""
    assert before != after
    found = []
    for content in (before, after):
        file = tmp_path / "config.yaml"
        file.write_text(content, encoding="utf-8")
        found.append(inputs_of(read_config(file), NONE)["settings"])
    return list(settings_that_changed(*found))


def test_of_many_printed_results_the_one_that_changed_is_told(tmp_path):
    (told,) = changes(
        tmp_path, TEXT, TEXT.replace("{result: psilodep_g, must: exact}", "{result: psilodep_g, must: rounding}")
    )
    assert told == SettingChange("reproduction.targets.psilodep_g.must", "exact", "rounding")


def test_a_printed_result_that_is_taken_out_is_told_alone(tmp_path):
    told = changes(tmp_path, TEXT, TEXT.replace("    - {result: psilodep_g, must: exact}\n", ""))
    assert {t.key.rpartition(".")[0] for t in told} == {"reproduction.targets.psilodep_g"}
    assert all(t.new is None for t in told)


def test_of_a_list_without_ids_what_was_put_in_is_told(tmp_path):
    first, second = (
        f"  - {{code: W002, study: {name}, reason: seen in the paper}}\n" for name in ("feder2014", "su2017")
    )
    (told,) = changes(tmp_path, f"{TEXT}accept:\n{first}", f"{TEXT}accept:\n{first}{second}")
    assert told.key == "accept" and told.old == []
    assert [(entry["code"], entry["study"]) for entry in told.new] == [("W002", "su2017")]
    (moved,) = changes(tmp_path, f"{TEXT}accept:\n{first}{second}", f"{TEXT}accept:\n{second}{first}")
    assert [entry["study"] for entry in moved.old] == ["feder2014", "su2017"]
    assert [entry["study"] for entry in moved.new] == ["su2017", "feder2014"]
