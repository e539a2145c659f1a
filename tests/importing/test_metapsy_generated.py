"""Databases generated at random import, pass check, and their numbers are computed."""

from __future__ import annotations

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metarepro.analysis.run import run_analysis
from metarepro.errors import DataError
from metarepro.importing.metapsy import read_metapsy
from metarepro.importing.project import write_imported
from metarepro.project.reading import read_project
from tests.importing.test_metapsy_lines import NAMES, line

MISSING = st.sampled_from(["NA", "", "NR", "n.r.", "-", "n/a"])
SIZES = st.one_of(st.integers(0, 60).map(str), st.floats(2, 60).map(lambda x: f"{x:.1f}"))
SCORES = st.floats(-30, 60).map(lambda x: f"{x:.2f}")
SDS = st.one_of(st.just("0"), st.floats(0.1, 20).map(lambda x: f"{x:.2f}"))
EFFECTS = st.floats(-2, 2).map(lambda x: f"{x:.6f}")
SES = st.one_of(st.just("0"), st.floats(0.05, 1).map(lambda x: f"{x:.6f}"))


def maybe(values):
    """Mostly a value, sometimes a word for a missing one."""
    return st.one_of(values, values, values, MISSING)


@st.composite
def lines(draw):
    kind = draw(st.sampled_from(
        ["msd", "msd", "imsd", "change", "response", "remission", "dich", "attempts", "caseness", "other statistic",
         "precalc_g", "ideation"]
    ))  # fmt: skip
    cells = {
        "multi_arm1": draw(st.sampled_from(["NA", "NA", "high dose", "low dose", "a very long name of an arm, with letters"])),
        "multi_arm2": draw(st.sampled_from(["NA", "NA", "high dose"])),
        "instrument": draw(maybe(st.sampled_from(
            ["phq-9", "PHQ-9", "PHQ 9", "hdrs-17", "WHO-5", "madrs-s", "MADSR", "Flourishing", "TRIG—Part II", "x (?)"]
        ))),
        "time": draw(maybe(st.sampled_from(["post", "Post", "FU1", "fu2", "follow-up", "pre"]))),
        "time_weeks": draw(maybe(st.sampled_from(["8", "12", "0", "-1", "10.5"]))),
        "year": draw(maybe(st.sampled_from(["2001", "2004, 2006 (fu)", "in press"]))),
        "design": draw(st.sampled_from(["parallel", "crossover", "NA"])),
        "post_crossover": draw(st.sampled_from(["NA", "NA", "0", "1"])),
        "rob": draw(maybe(st.sampled_from(["Low", "some concerns", "high risk", "2"]))),
    }  # fmt: skip
    own = draw(st.booleans()) or kind in ("msd", "response")
    for arm in "12":
        if own and kind in ("msd", "imsd", "change"):
            infix = "_change" if kind == "change" else ""
            for part, values in (("n", SIZES), ("mean", SCORES), ("sd", SDS)):
                cells[f"{part}{infix}_arm{arm}"] = draw(maybe(values))
        elif own:
            total = draw(st.integers(0, 40))
            cells |= {
                f"totaln_arm{arm}": str(total),
                f"event_arm{arm}": draw(maybe(st.integers(0, total + 2).map(str))),
            }
        cells[f"baseline_m_arm{arm}"] = draw(maybe(SCORES))
    for name in ("precalc_g", "precalc_log_rr", ".g", ".log_rr"):
        if draw(st.booleans()):
            cells |= {name: draw(maybe(EFFECTS)), f"{name}_se": draw(maybe(SES))}
    study = draw(
        st.sampled_from(["Ash 2001", "Ash, 2001", "Élan 2002", "Total", "Fir et al. (2003)", "con", "ash 2001"])
    )
    one, two = (draw(st.sampled_from(["cbt", "CBT", "pst", "wl", "other ctr", "tau", "no"])) for _ in "12")
    return line(study, one, two, outcome_type=kind, **cells)


MORE = ("design", "post_crossover", "rob", "baseline_m_arm1", "baseline_m_arm2")


def write(path, rows):
    names = [*NAMES, *MORE]
    path.write_text(
        "\n".join([";".join(names), *(";".join(row.get(n, "NA").replace(".", ",") if row.get(n, "").replace(".", "")
        .lstrip("-").isdigit() else row.get(n, "NA") for n in names) for row in rows)]) + "\n",
        encoding="utf-8",
    )  # fmt: skip
    return path


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(lines(), min_size=1, max_size=12))
def test_any_database_imports_into_a_project_that_passes_check_and_gives_its_numbers(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("x")
    try:
        project = read_metapsy(write(folder / "data.csv", rows), "data.csv")
    except DataError as error:
        # Nothing to pool is no project, and the reasons are named.
        assert [p.code for p in error.problems] == ["E040"]
        assert "no line has a result" in str(error)
        return
    write_imported(project, folder / "p")
    checked = read_project(folder / "p")
    for analysis in checked.config.analyses:
        run_analysis(checked.config, analysis, checked.data)
    read, taken, left = (int(word) for word in project.notes[0].replace(",", "").split() if word.isdigit())
    assert read == taken + left == len(rows)
    used = {r["locator"].split(",")[0] for t in ("dichotomous", "continuous", "contrasts", "comparisons")
            for r in project.tables.get(t, ())}  # fmt: skip
    assert len(used) <= taken
    listed = [x for x in project.files.get("left-out.csv", "").splitlines() if ",yes," in x]
    assert len(listed) == left


def test_nine_hundred_lines_are_read_and_computed_in_twenty_seconds(tmp_path):
    rows = [
        line(f"Study {i // 3} (2001)", ("cbt", "pst", "bt")[i % 3], n_arm1=str(20 + i % 7), mean_arm1=f"{10 + i % 5}.5")
        for i in range(900)
    ]
    start = time.process_time()
    write_imported(read_metapsy(write(tmp_path / "data.csv", rows), "data.csv"), tmp_path / "p")
    checked = read_project(tmp_path / "p")
    found = [run_analysis(checked.config, a, checked.data).summary.k for a in checked.config.analyses]
    assert time.process_time() - start < 20
    assert found == [300]
