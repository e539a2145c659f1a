"""Databases generated at random import, pass check, and their numbers are computed."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.analysis.run import run_analysis
from metarepro.errors import DataError
from metarepro.importing.metapsy import read_metapsy
from metarepro.importing.project import write_imported
from metarepro.project.reading import read_project
from tests.importing.test_metapsy_lines import NAMES, line

KINDS = ("msd", "msd", "msd", "imsd", "change", "response", "response", "remission", "dich", "attempts", "caseness",
         "other statistic", "precalc_g", "ideation")  # fmt: skip
INSTRUMENTS = ("phq-9", "phq-9", "PHQ-9", "PHQ 9", "hdrs-17", "WHO-5", "2-Mar", "=A1", "madrs-s", "MADSR", "Flourishing", "TRIG—Part II",
               "x (?)")  # fmt: skip
STUDIES = ("Ash 2001", "Ash, 2001", "Élan 2002", "Total", "Fir et al. (2003)", "con", "ash 2001", "Oak (2004)")


class Database:
    """Lines of all kinds, drawn by one seed; a share of their cells is missing."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.missing = self.random.choice((0, 0.02, 0.15))
        self.impossible = self.random.choice((0, 0.03))
        self.arms = self.random.choice((("cbt",), ("cbt", "CBT", "pst"), ("cbt", "pst", "wl", "no"), ("wl", "tau")))

    def lines(self):
        return [self.line() for _ in range(self.random.randint(1, 30))]

    def one(self, *values):
        return self.random.choice(values)

    def maybe(self, value):
        if self.random.random() < self.missing:
            return self.one("NA", "", "NR", "n.r.", "-", "n/a")
        return value

    def above_zero(self, low, high, decimals=2):
        if self.random.random() < self.impossible:
            return self.one("0", "-1")
        return f"{self.random.uniform(low, high):.{decimals}f}"

    def line(self):
        kind = self.one(*KINDS)
        cells = {
            "multi_arm1": self.one("NA", "NA", "high dose", "low dose", "a very long name of an arm, with letters"),
            "multi_arm2": self.one("NA", "NA", "NA", "high dose"),
            "instrument": self.maybe(self.one(*INSTRUMENTS)),
            "time": self.maybe(self.one("post", "post", "post", "Post", "FU1", "fu2", "follow-up", "pre")),
            "time_weeks": self.maybe(self.one("8", "8", "12", "0", "-1", "10.5")),
            "year": self.maybe(self.one("2001", "2004, 2006 (fu)", "in press")),
            "design": self.one("parallel", "parallel", "crossover", "NA"),
            "post_crossover": self.one("NA", "NA", "0", "1"),
            "rob": self.maybe(self.one("Low", "some concerns", "high risk", "2")),
        }
        own = self.random.random() < 0.7
        cluster = self.random.random() < 0.1
        for arm in "12":
            infix = "_change" if kind == "change" else ""
            if own and kind in ("msd", "imsd", "change"):
                cells[f"n{infix}_arm{arm}"] = self.maybe(self.above_zero(2, 60, int(cluster)))
                cells[f"mean{infix}_arm{arm}"] = self.maybe(f"{self.random.uniform(-30, 60):.2f}")
                cells[f"sd{infix}_arm{arm}"] = self.maybe(self.above_zero(0.1, 20))
            elif own:
                total = self.random.randint(1, 40)
                events = self.one(0, total, self.random.randint(0, total + (self.impossible > 0)))
                cells |= {f"totaln_arm{arm}": self.maybe(f"{total}{'.5' * cluster}"),
                          f"event_arm{arm}": self.maybe(f"{events}{'.3' * (cluster and events < total)}")}  # fmt: skip
            cells[f"baseline_m_arm{arm}"] = self.maybe(f"{self.random.uniform(-30, 60):.2f}")
            cells[f"baseline_sd_arm{arm}"] = self.maybe(self.above_zero(1, 9))
            cells[f"baseline_n_arm{arm}"] = self.maybe(self.above_zero(2, 60, 0))
        for name in ("precalc_g", "precalc_log_rr", ".g", ".log_rr"):
            if self.random.random() < (0.2 if own else 0.6):
                cells[name] = self.maybe(f"{self.random.uniform(-2, 2):.6f}")
                cells[f"{name}_se"] = self.maybe(self.above_zero(0.05, 1, 6))
        one, two = self.one(*self.arms), self.one("wl", "wl", "tau", "other ctr", self.arms[-1])
        return line(self.one(*STUDIES), one, two, outcome_type=kind, **cells)


MORE = ("design", "post_crossover", "rob", *(f"baseline_{part}_arm{arm}" for part in ("n", "m", "sd") for arm in "12"))


def write(path, rows):
    names = [*NAMES, *MORE]
    path.write_text(
        "\n".join([";".join(names), *(";".join(row.get(n, "NA").replace(".", ",") if row.get(n, "").replace(".", "")
        .lstrip("-").isdigit() else row.get(n, "NA") for n in names) for row in rows)]) + "\n",
        encoding="utf-8",
    )  # fmt: skip
    return path


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_any_database_imports_into_a_project_that_passes_check_and_gives_its_numbers(tmp_path_factory, seed):
    rows = Database(seed).lines()
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
