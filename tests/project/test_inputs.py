"""What the numbers of one analysis are made of: all that they depend on, and nothing else."""

from pathlib import Path

import pytest

from metarepro.analysis.result import to_json
from metarepro.analysis.run import run_analysis
from metarepro.project.reading import read_project
from metarepro.project.records import inputs_of_analysis, tables_of_analysis
from metarepro.template import write_project
from tests.conftest import ROOT


def texts_of(project: Path) -> dict[str, str]:
    checked = read_project(project)
    return {a.id: inputs_of_analysis(checked.config, a, checked.data)[2] for a in checked.config.analyses}


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def project(tmp_path) -> Path:
    write_project(tmp_path / "project")
    return tmp_path / "project"


def test_a_changed_row_is_one_of_the_analyses_of_its_outcome(project):
    before = texts_of(project)
    table = project / "data/raw/continuous.csv"
    first = table.read_text(encoding="utf-8").splitlines()[1]
    change(table, first, first.replace("15.30", "15.40"))
    after = texts_of(project)
    assert {name for name in before if before[name] != after[name]} == {"score_smd"}


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("data/raw/studies.csv", "MDD", "TRD"),
        ("config.yaml", "DerSimonian-Laird with", "DL with"),
    ],
    ids=["a study", "a setting of all"],
)
def test_a_study_and_a_setting_of_all_are_of_every_analysis(project, file, old, new):
    before = texts_of(project)
    change(project / file, old, new)
    after = texts_of(project)
    assert all(before[name] != after[name] for name in before)


def test_an_analysis_with_moderators_keeps_the_columns_of_all_tables(project):
    checked = read_project(project)
    analysis = checked.config.analyses[0]
    assert len(tables_of_analysis(analysis, checked.data).number_rows) < len(checked.data.number_rows)
    moderated = analysis.model_copy(update={"moderators": "year"})
    assert tables_of_analysis(moderated, checked.data) is checked.data


@pytest.mark.slow
def test_without_the_other_rows_the_numbers_are_the_same():
    checked = read_project(ROOT)
    for analysis in checked.config.analyses:
        config, data, _ = inputs_of_analysis(checked.config, analysis, checked.data)
        assert len(data.number_rows) < len(checked.data.number_rows) and config.analyses == (analysis,)
        alone = to_json(run_analysis(config, analysis, data))
        assert alone == to_json(run_analysis(checked.config, analysis, checked.data)), analysis.id
