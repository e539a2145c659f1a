"""What RevMan printed comes out: kinds, measures, methods and rules for zero cells told by its own numbers."""

from __future__ import annotations

import csv
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.analysis.run import run_analysis
from metarepro.effects import effect_sizes, get_measure, to_display
from metarepro.importing.project import write_imported
from metarepro.importing.revman import read_revman
from metarepro.importing.revman_printed import COLUMNS, METHODS, OPTIONS, _weights
from metarepro.importing.revman_review import Entry
from metarepro.project.reading import read_project

HEADER = (
    "Analysis group", "Analysis number", "Analysis name", "Subgroup", "Applicability", "Study", "Study year", "GIV Mean",
    "GIV SE", "Experimental mean", "Experimental SD", "Experimental cases", "Experimental N", "Control mean",
    "Control SD", "Control cases", "Control N", "O-E", "Variance", "Weight", "Mean", "CI start", "CI end",
)  # fmt: skip
NAMES = {
    "e1": "Experimental cases", "n1": "Experimental N", "e2": "Control cases", "n2": "Control N", "m1": "Experimental mean",
    "sd1": "Experimental SD", "m2": "Control mean", "sd2": "Control SD", "estimate": "GIV Mean", "se": "GIV SE",
    "weight": "Weight", "effect": "Mean", "low": "CI start", "high": "CI end",
}  # fmt: skip


def data_rows(rows) -> str:
    """Data rows of RevMan Web, which fills the columns of other kinds with zeros."""
    file = io.StringIO()
    writer = csv.DictWriter(file, HEADER)
    writer.writeheader()
    for i, row in enumerate(rows):
        zeros = dict.fromkeys(HEADER[7:], 0)
        base = {"Analysis group": 1, "Analysis number": 1, "Analysis name": "X", "Study": f"S{i} 2001", "Study year": 2001,
                "Applicability": "SUBGROUP_AND_OVERALL"}  # fmt: skip
        named = {NAMES.get(k, k): v for k, v in row.items()}
        writer.writerow({**zeros, **base, **named})
    return file.getvalue()


def printed(code, columns, level=0.95):
    """Effects and intervals of studies as RevMan prints them: six decimals, zeros at the end dropped."""
    from scipy.stats import norm

    es = effect_sizes(code, **columns, **OPTIONS.get(code, {}))
    half = norm.ppf(0.5 + level / 2) * np.sqrt(es.vi)
    shown = [np.atleast_1d(to_display(code, x)) if get_measure(code).ratio else x
             for x in (es.yi, es.yi - half, es.yi + half)]  # fmt: skip
    return [dict(zip(("effect", "low", "high"), (f"{x[i]:.6f}" if np.isfinite(x[i]) else "0" for x in shown), strict=True))
            for i in range(len(es.yi))]  # fmt: skip


def read(tmp_path, text, name="r-data-rows.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8") if isinstance(text, str) else path.write_bytes(text)
    project = read_revman(path)
    write_imported(project, tmp_path / "p")
    made = read_project(tmp_path / "p")
    return project, [run_analysis(made.config, a, made.data) for a in made.config.analyses]


TABLES = {
    "e1": [1, 3, 0, 7, 12], "n1": [20, 25, 30, 7, 40], "e2": [4, 2, 5, 10, 20], "n2": [21, 24, 29, 10, 41],
}  # fmt: skip


@pytest.mark.parametrize("code", ["RR", "OR", "RD", "PETO"])
@pytest.mark.parametrize("method", ["mh", "mh_random", "iv", "iv_random"])
def test_measure_method_and_zero_cells_of_counts_are_told_by_the_printed_numbers(tmp_path, code, method):
    method = "peto" if code == "PETO" else method
    rows = [dict(zip(TABLES, x, strict=True)) for x in zip(*TABLES.values(), strict=True)]
    shown = printed(code, TABLES)
    entries = [Entry("", "", {k: str(v) for k, v in r.items()}, 0) for r in rows]
    weights = _weights("counts", code, method, entries)
    text = data_rows([{**r, **s, "weight": f"{w:.6f}"} for r, s, w in zip(rows, shown, weights, strict=True)])
    project, (result,) = read(tmp_path, text)
    assert result.measure == code
    model = METHODS[method]
    assert result.summary.model == {"mantel_haenszel": "Mantel-Haenszel", "peto": "Peto"}.get(
        model["method"], "inverse variance"
    )
    possible = sum(s["effect"] != "0" for s in shown)
    assert project.notes[0].startswith(f"{possible} of {possible} printed study effects")


def test_means_filled_with_zeros_elsewhere_are_means(tmp_path):
    columns = {"m1": [3.0, 4.2], "sd1": [2.0, 2.5], "n1": [30, 41], "m2": [4.5, 5.0], "sd2": [2.4, 2.2], "n2": [28, 44]}
    rows = [dict(zip(columns, x, strict=True)) for x in zip(*columns.values(), strict=True)]
    for code in ("MD", "SMD"):
        text = data_rows([{**r, **s} for r, s in zip(rows, printed(code, columns), strict=True)])
        (tmp_path / code).mkdir()
        project, (result,) = read(tmp_path / code, text)
        assert (result.measure, {s.kind for s in result.studies}) == (code, {"means"})
        assert project.notes[0].startswith("2 of 2 printed study effects")


def test_an_estimate_with_sizes_and_no_events_is_no_count(tmp_path):
    rows = [
        {"estimate": 1.2296, "se": 0.4273, "n1": 30, "n2": 27, "effect": 3.419861, "low": 1.480097, "high": 7.901816},
        {"estimate": 1.6094, "se": 1.4684, "n1": 7, "n2": 7, "effect": 4.99981, "low": 0.281222, "high": 88.891019},
    ]
    _, (result,) = read(tmp_path, data_rows(rows))
    assert {s.kind for s in result.studies} == {"contrast"}
    assert [round(s.estimate, 5) for s in result.studies] == [3.41986, 4.99981]


def test_a_level_of_90_percent_is_told(tmp_path):
    rows = [dict(zip(TABLES, x, strict=True)) for x in zip(*TABLES.values(), strict=True)]
    text = data_rows([{**r, **s} for r, s in zip(rows, printed("RR", TABLES, 0.9), strict=True)])
    _, (result,) = read(tmp_path, text)
    assert result.summary.level == 0.9


def test_subgroups_whose_weights_stand_apart_have_no_total(tmp_path):
    rows = [dict(zip(TABLES, x, strict=True)) for x in zip(*TABLES.values(), strict=True)]
    shown = printed("RR", TABLES)
    groups = ["Men", "Men", "Men", "Women", "Women"]
    made = []
    for group in ("Men", "Women"):
        index = [i for i, g in enumerate(groups) if g == group]
        entries = [Entry("", group, {k: str(v) for k, v in rows[i].items()}, 0) for i in index]
        for i, w in zip(index, _weights("counts", "RR", "mh", entries), strict=True):
            made.append({**rows[i], **shown[i], "weight": f"{w:.6f}", "Subgroup": group})
    project, results = read(tmp_path, data_rows(made))
    assert [len(r.studies) for r in results] == [3, 2]
    assert any("Analyses made into one for each subgroup, without a total" in n for n in project.notes)


def test_subgroups_with_a_total_are_subgroups_of_one_analysis(tmp_path):
    rows = [dict(zip(TABLES, x, strict=True)) for x in zip(*TABLES.values(), strict=True)]
    groups = ["Men", "Men", "Men", "Women", "Women"]
    text = data_rows([{**r, **s, "Subgroup": g} for r, s, g in zip(rows, printed("RR", TABLES), groups, strict=True)])
    _, (result,) = read(tmp_path, text)
    assert {g.group: g.summary.k for g in result.subgroups} == {"Men": 3, "Women": 2}


def test_what_does_not_come_out_is_listed_with_both_numbers(tmp_path):
    rows = [dict(zip(TABLES, x, strict=True)) for x in zip(*TABLES.values(), strict=True)]
    shown = printed("RR", TABLES)
    shown[1] = {**shown[1], "effect": "1.5"}
    project, _ = read(tmp_path, data_rows([{**r, **s} for r, s in zip(rows, shown, strict=True)]))
    assert project.notes[0].startswith("4 of 5 printed study effects")
    assert "s1_2001: printed 1.5 (" in project.notes[1] and "here 1.44 (" in project.notes[1]
    listed = list(csv.DictReader(project.files["printed-effects.csv"].splitlines()))
    assert [row["agrees"] for row in listed] == ["yes", "no", "yes", "yes", "yes"]


def test_a_data_package_is_read_wherever_its_tables_are(tmp_path):
    rows = [dict(zip(TABLES, x, strict=True)) for x in zip(*TABLES.values(), strict=True)]
    text = data_rows([{**r, **s} for r, s in zip(rows, printed("OR", TABLES), strict=True)])
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as package:
        package.writestr("9-analysis-data/9-data-rows.csv", text)
    with zipfile.ZipFile(outer, "w") as package:
        package.writestr("Review/9-files/9-data.zip", inner.getvalue())
        package.writestr("Review/9-article.pdf", b"%PDF")
    _, (result,) = read(tmp_path, outer.getvalue(), "review.zip")
    assert result.measure == "OR"


def test_the_export_of_revman_5_is_read_with_its_totals(tmp_path):
    text = (
        "Comparison Number,Outcome Number,Subgroup Number,Name,Data Type,Statistical Method,Effect Measure,Analysis Model,"
        "Events 1,Mean 1,SD 1,Total 1,Events 2,Mean 2,SD 2,Total 2,Effect Estimate,SE,CI Start,CI End,Weight,"
        "Group Label 1,Group Label 2,Left Graph Label,Right Graph Label,Year of study,User defined order\n"
        "1,0,0,Aspirin,,,,,,,,,,,,,,,,,,,,,,,\n"
        "1,1,0,Death,DIC,IV,OR,Fixed,93,,,1373,131,,,1395,0.70209407,,0.53156183,0.92733558,100,Aspirin,Placebo,,,,\n"
        "1,1,0,MRC-1,,,,,49,0,0,615,67,0,0,624,0.71971415,0.19721981,0.48897453,1.05933628,51.4,,,,,1974,1\n"
        "1,1,0,CDP,,,,,44,0,0,758,64,0,0,771,0.6807598,0.20289717,0.4573909,1.01321191,48.6,,,,,1976,2\n"
    )
    project, (result,) = read(tmp_path, text, "review_CR.csv")
    assert (result.measure, result.summary.k, result.experimental_label) == ("OR", 2, "Aspirin")
    assert project.notes[0].startswith("2 of 2 printed study effects")


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_generated_reviews_come_out_as_printed(tmp_path_factory, data):
    code = data.draw(st.sampled_from(["RR", "OR", "RD", "PETO", "MD", "SMD"]))
    k = data.draw(st.integers(1, 6))
    n = data.draw(st.lists(st.integers(5, 80), min_size=2 * k, max_size=2 * k))
    if code in ("MD", "SMD"):
        x = data.draw(st.lists(st.floats(-20, 20).map(lambda v: round(v, 2)), min_size=2 * k, max_size=2 * k))
        sd = data.draw(st.lists(st.floats(0.5, 9).map(lambda v: round(v, 2)), min_size=2 * k, max_size=2 * k))
        columns = {"m1": x[:k], "sd1": sd[:k], "n1": n[:k], "m2": x[k:], "sd2": sd[k:], "n2": n[k:]}
    else:
        e = [data.draw(st.integers(0, size)) for size in n]
        columns = {"e1": e[:k], "n1": n[:k], "e2": e[k:], "n2": n[k:]}
    shown = printed(code, columns)
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    folder = tmp_path_factory.mktemp("review")
    if not any(s["effect"] != "0" for s in shown) or not any(columns.get("e1", [1]) + columns.get("e2", [1])):
        return
    project, (result,) = read(folder, data_rows([{**r, **s} for r, s in zip(rows, shown, strict=True)]))
    compared = list(csv.DictReader(project.files["printed-effects.csv"].splitlines()))
    assert all(row["agrees"] == "yes" for row in compared), (code, result.measure, compared)
    assert set(COLUMNS) == {"counts", "means"}


def totals_by_hand(code, method, columns):
    """A pooled ratio by the formulas of RevMan, written out: 1/2 in all cells of tables with a zero."""
    a, n1, c, n2 = (np.array(columns[n], dtype=float) for n in ("e1", "n1", "e2", "n2"))
    told = (a + c > 0) & ~((code == "OR") & (a == n1) & (c == n2))
    a, n1, c, n2 = a[told], n1[told], c[told], n2[told]
    every = (a == n1) & (c == n2)
    half = 0.5 * ((a == 0) | (c == 0) | (a == n1) | (c == n2))
    a, c, n1, n2 = a + half, c + half, n1 + 2 * half, n2 + 2 * half
    b, d, n = n1 - a, n2 - c, n1 + n2
    if code == "OR":
        y, v = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
        r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        mean = np.log(r.sum() / s.sum())
        parts = (p * r).sum() / r.sum() ** 2, (p * s + q * r).sum() / (r.sum() * s.sum()), (q * s).sum() / s.sum() ** 2
        variance = sum(parts) / 2
    else:
        y = np.where(every, 0.0, np.log((a / n1) / (c / n2)))
        v = 1 / a - 1 / n1 + 1 / c - 1 / n2
        r, s = a * n2 / n, c * n1 / n
        mean = np.log(r.sum() / s.sum())
        variance = ((n1 * n2 * (a + c) - a * c * n) / n**2).sum() / (r.sum() * s.sum())
    if method != "mh":
        w = 1 / v
        about = mean if method == "mh_random" else (w * y).sum() / w.sum()
        excess = (w * (y - about) ** 2).sum() - (len(y) - 1)
        tau2 = (
            max(0.0, excess / (w.sum() - (w**2).sum() / w.sum())) if method.endswith("random") and len(y) > 1 else 0.0
        )
        w = 1 / (v + tau2)
        mean, variance = (w * y).sum() / w.sum(), 1 / w.sum()
    z = 1.959963984540054 * variance**0.5
    return len(y), [float(np.exp(x)) for x in (mean, mean - z, mean + z)]


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_totals_of_generated_reviews_come_out(tmp_path_factory, data):
    code = data.draw(st.sampled_from(["RR", "OR"]))
    method = data.draw(st.sampled_from(["mh", "mh_random", "iv", "iv_random"]))
    k = data.draw(st.integers(2, 6))
    n = data.draw(st.lists(st.integers(5, 80), min_size=2 * k, max_size=2 * k))
    e = [data.draw(st.integers(0, size)) for size in n]
    columns = {"e1": e[:k], "n1": n[:k], "e2": e[k:], "n2": n[k:]}
    told = sum(
        a + c > 0 and not (code == "OR" and a == p and c == q) for a, p, c, q in zip(*columns.values(), strict=True)
    )
    if told < 2:
        return
    used, total = totals_by_hand(code, method, columns)
    folder = tmp_path_factory.mktemp("review")
    words = {"RR": "Risk Ratio", "OR": "Odds Ratio"}[code]
    model = "Random effects" if method.endswith("random") else "Fixed effect"
    (folder / "r-overall-estimates-and-settings.csv").write_text(
        "Analysis group,Analysis number,Analysis name,Data type,Statistical method,Effect measure,Analysis model,"
        "Overall estimates,Estimate CI,Mean,CI start,CI end\n"
        f"1,1,X,Dichotomous,{'MH' if 'mh' in method else 'IV'},{words},{model},true,95%,"
        f"{','.join(f'{x:.6f}' for x in total)}\n",
        encoding="utf-8",
    )
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    shown = printed(code, columns)
    project, (result,) = read(folder, data_rows([{**r, **s} for r, s in zip(rows, shown, strict=True)]))
    assert result.summary.k == used
    (row,) = [r for r in csv.DictReader(project.files["printed-effects.csv"].splitlines()) if r["what"] == "total"]
    found = [float(row[n]) for n in ("ours", "ours_low", "ours_high")]
    assert found == pytest.approx(total, rel=1e-9), (code, method, columns)
