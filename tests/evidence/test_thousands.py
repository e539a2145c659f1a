"""Thousands of studies: the work grows with the number of rows, not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from statistics import median

import pytest

from metarepro.errors import DataError
from metarepro.evidence import cross_references, read_dataset
from metarepro.evidence.integrity import check_integrity
from metarepro.evidence.integrity.granularity import counts_of_percent, sizes_of_percent
from metarepro.evidence.integrity.medians import median_without
from metarepro.evidence.integrity.structure import duplicated_cohorts
from metarepro.project.reading import read_project

CONFIG = """\
title: Many trials
outcomes:
  response: {label: Response, better: high}
  depression: {label: Score, better: low}
sensitivity: [{id: randomised, label: Randomised, population: {randomised: true}}]
analyses:
  - {id: counts, title: A, outcome: response, measure: OR, figure: {risk_of_bias: true}, &arms}
  - {id: means, title: B, outcome: depression, measure: SMD, &arms}
  - {id: printed, title: C, outcome: response, measure: OR, rows: contrasts, &arms}
""".replace("&arms", "experimental: {agent: drug}, control: {agent: placebo}")


def project(folder: Path, studies: int) -> Path:
    """A project of so many trials with two arms each; every table but those of printed results has rows."""
    raw = folder / "data/raw"
    raw.mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")

    def write(name: str, columns: str, *rows: str) -> None:
        text = "".join(row.format(i=i, y=1980 + i % 40, n=5 + i % 9, m=f"{20 + i * 0.37 % 9:.2f}") + ",p,primary\n"
                       for i in range(studies) for row in rows)  # fmt: skip
        (raw / f"{name}.csv").write_text(f"{columns},source_id,level\n{text}", encoding="utf-8")

    (raw / "sources.csv").write_text("source_id\np\n", encoding="utf-8")
    write("studies", "study_id,label,year,doi,registration,n_randomised,design",
          "s{i},Author{i} {y},{y},10.1/{i},not registered,60,parallel")  # fmt: skip
    write("arms", "study_id,arm_id,role,agent,dose_mg_per_kg,n_randomised",
          "s{i},a,experimental,drug,0.5,30", "s{i},b,control,placebo,,30")  # fmt: skip
    write("dichotomous", "study_id,arm_id,outcome,timepoint_h,events,total,derivation",
          "s{i},a,response,7,{n},30,{n} (40%)", "s{i},b,response,168,{n},30,reported",
          "s{i},b,response,7,{n},30,reported")  # fmt: skip
    write("continuous", "study_id,arm_id,outcome,scale,statistic,timepoint_h,n,mean,sd",
          "s{i},a,depression,MADRS,endpoint,24,30,{m},8", "s{i},b,depression,MADRS,endpoint,24,30,{m},7.5")  # fmt: skip
    write("contrasts", "study_id,experimental_arm,control_arm,outcome,timepoint_h,measure,estimate,ci_low,ci_high,"
          "ci_level,se,p_value", "s{i},a,b,response,24,OR,1.5,1,2.25,95,,0.05")  # fmt: skip
    rows = "".join(f"s{i},low,fine\n" for i in range(studies))
    (raw / "risk_of_bias.csv").write_text(f"study_id,overall,overall_reason\n{rows}", encoding="utf-8")
    return folder


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of the library are executed, each turn of a loop counted."""
    count = 0

    def local(frame, event, _):
        nonlocal count
        count += event == "line"
        return local

    def anywhere(frame, event, _):
        return local if "metarepro" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(anywhere)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "work",
    [read_project, lambda p: check_integrity(read_dataset(p / "data/raw"))],
    ids=["plan", "integrity"],
)
def test_twice_as_many_studies_are_twice_the_work(tmp_path, work):
    work(project(tmp_path / "first", 4))  # what is loaded or compiled once
    few, many = (lines_run(lambda k=k: work(project(tmp_path / str(k), k))) for k in (80, 160))
    assert 1.5 < many / few < 2.1


def test_many_wrong_ids_are_compared_with_all_others_for_the_first_only(tmp_path, monkeypatch):
    folder = project(tmp_path / "p", 300)
    arms = folder / "data/raw/arms.csv"
    arms.write_text(arms.read_text(encoding="utf-8").replace("\ns", "\nss"), encoding="utf-8")
    calls = []
    known = cross_references.get_close_matches
    monkeypatch.setattr(cross_references, "get_close_matches", lambda *a, **k: calls.append(a) or known(*a, **k))
    with pytest.raises(DataError) as caught:
        read_dataset(folder / "data/raw")
    problems = [p for p in caught.value.problems if p.code == "E020"]
    assert len(problems) == 600 and len([a for a in calls if len(a[1]) == 300]) == 100
    assert "Did you mean" in problems[0].details[1] and problems[-1].details[1] == "300 are known."


def test_a_word_for_missing_in_a_registration_names_some_studies(tmp_path):
    data = read_dataset(project(tmp_path / "p", 200) / "data/raw")
    assert len([s for s in duplicated_cohorts(tuple(data.studies.values())) if s.column == "registration"]) == 199
    found = [f for f in check_integrity(data) if f.code == "W028"]
    assert len(found) == 1 and "s18, s19 and 180 others have one registration" in found[0].message


def test_labels_in_another_alphabet_are_told_apart(tmp_path):
    one, two, three = list(read_dataset(project(tmp_path / "p", 3) / "data/raw").studies.values())
    studies = (
        one.model_copy(update={"label": "Иванов", "registration": "", "n_randomised": 1}),
        two.model_copy(update={"label": "Петров", "registration": "", "n_randomised": 2}),
        three.model_copy(update={"label": "иванов", "registration": "", "n_randomised": 3}),
    )
    assert [(s.first.label, s.second.label) for s in duplicated_cohorts(studies)] == [("Иванов", "иванов")]


def test_medians_of_what_is_left_are_those_of_sorting_anew():
    values = [3.0, 1.0, 2.0, 2.0, 5.0, 2.0, 9.0, 0.5]
    for size in range(4):
        for taken in combinations(range(len(values)), size):
            rest = [v for i, v in enumerate(values) if i not in taken]
            assert median_without(sorted(values), [values[i] for i in taken]) == median(rest)


@pytest.mark.parametrize("percent", ["0.4", "5", "33.3", "50", "99.9", "100", "0"])
def test_sizes_of_a_percentage_are_those_of_trying_each(percent):
    for events in (0, 1, 5, 12):
        tried = [n for n in range(max(events, 1), 150) if events in counts_of_percent(percent, n)]
        assert [n for n in sizes_of_percent(percent, events, 150) if n] == tried
