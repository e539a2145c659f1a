"""RevMan files: what is carried over, that it runs, that it agrees with a published review, and what is refused."""

import csv
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.analysis.config_file import read_config
from metarepro.analysis.run import run_analysis
from metarepro.errors import DataError
from metarepro.evidence.dataset import read_dataset
from metarepro.evidence.integrity import check_integrity
from metarepro.importing import write_imported
from metarepro.importing.revman import read_revman
from metarepro.project.reading import read_project
from tests.importing.revman_files import PUBLISHED, ROWS, SETTINGS, SMALL, published


def imported(tmp_path, raw, name="review.rm5", **beside):
    tmp_path.mkdir(exist_ok=True)
    for other, text in beside.items():
        (tmp_path / other).write_text(text, encoding="utf-8")
    path = tmp_path / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return read_revman(path)


def run(project, folder):
    """All analyses of the written project, after `check`."""
    write_imported(project, folder)
    read_project(folder)
    config = read_config(folder / "config.yaml")
    data = read_dataset(folder / "data/raw")
    return {a.id: run_analysis(config, a, data) for a in config.analyses}


def notes_about(project, start):
    return [n for n in project.notes if n.startswith(start)]


# -- RevMan 5 ----------------------------------------------------------------------------------------------------


def test_studies_arms_and_the_source(tmp_path):
    project = imported(tmp_path, SMALL)
    assert project.title == "Drug A & placebo"
    studies = {r["study_id"]: (r["label"], r["year"]) for r in project.tables["studies"]}
    assert studies == {
        "muller_2001": ("Müller 2001", "2001"), "li_2002": ("Li 2002", "2002"), "li_2002_2": ("Li-2002", ""),
        "empty_2003": ("Empty 2003", "2003"), "li_2002_2_2": ("Li 2002", "2002"),
    }  # fmt: skip
    assert {(r["study_id"], r["arm_id"], r["role"], r["drug"]) for r in project.tables["arms"]} == {
        ("muller_2001", "drug_a", "experimental", "Drug A"), ("muller_2001", "placebo", "control", "Placebo"),
        ("muller_2001", "no", "control", "No"), ("li_2002", "drug_a", "experimental", "Drug A"),
        ("li_2002", "placebo", "control", "Placebo"), ("li_2002", "no", "control", "No"),
        ("li_2002_2", "drug_a", "experimental", "Drug A"), ("li_2002_2", "placebo", "control", "Placebo"),
        ("li_2002_2_2", "drug_a", "experimental", "Drug A"), ("li_2002_2_2", "placebo", "control", "Placebo"),
    }  # fmt: skip
    assert project.tables["sources"] == [
        {"source_id": "review", "authors": "Müller A", "year": "2013", "title": "Drug A & placebo",
         "doi": "10.1002/14651858.CD999999", "kind": "meta_analysis"}
    ]  # fmt: skip
    rows = [r for name in ("dichotomous", "continuous", "contrasts") for r in project.tables[name]]
    assert {(r["source_id"], r["level"]) for r in rows} == {("review", "secondary")}
    assert notes_about(project, "Studies without usable numbers") == [
        "Studies without usable numbers, in studies.csv only: Empty 2003."
    ]


def test_counts_means_and_contrasts(tmp_path):
    tables = imported(tmp_path, SMALL).tables
    counts = {(r["study_id"], r["arm_id"], r["outcome"]): (r["events"], r["total"]) for r in tables["dichotomous"]}
    assert counts["muller_2001", "placebo", "c1_1_response"] == ("0", "41")
    assert ("li_2002_2", "drug_a", "c1_1_response") not in counts
    # A study in two subgroups stands there twice, as RevMan pools both.
    assert counts["li_2002", "drug_a", "c1_2_headache"] == ("3", "10")
    assert counts["li_2002_2_2", "drug_a", "c1_2_headache"] == ("4", "20")
    groups = [r["subgroup"] for r in tables["dichotomous"] if r["outcome"] == "c1_2_headache"]
    assert sorted(set(groups)) == ["Men", "Women"]
    means = {(r["study_id"], r["arm_id"]): r for r in tables["continuous"]}
    assert (means["muller_2001", "no"]["mean"], means["muller_2001", "no"]["sd"]) == ("15.1", "5.25")
    kept = means["li_2002", "no"]
    assert (kept["mean"], kept["sd"], kept["poolable"]) == ("2.0", "", "no")
    one, two, three = tables["contrasts"]
    assert (one["measure"], one["se"], one["n"]) == ("HR", "0.2", "41")
    assert float(one["estimate"]) == pytest.approx(math.exp(-0.5), rel=1e-15)
    assert two["n"] == ""
    assert (three["measure"], three["se"], three["derivation"]) == (
        "OR",
        "0.5",
        "exp((O-E)/V), standard error 1/sqrt(V)",
    )
    assert float(three["estimate"]) == pytest.approx(math.exp(-0.5), rel=1e-15)


def test_the_written_project_is_valid_and_every_analysis_runs_as_revman_computes_it(tmp_path):
    project = imported(tmp_path, SMALL)
    results = run(project, tmp_path / "new")
    assert {
        k: (r.measure, r.rows, r.better, len([s for s in r.studies if s.estimable])) for k, r in results.items()
    } == {
        "c1_1_response": ("OR", "arms", "high", 2),
        "c1_2_headache": ("RR", "arms", "low", 3),
        "c1_3_death": ("PETO", "arms", "low", 2),
        "c2_1_pain": ("SMD", "arms", "low", 1),
        "c2_2_survival": ("HR", "contrasts", "low", 2),
        "c2_3_relapse": ("OR", "contrasts", "low", 1),
    }
    summary = results["c2_2_survival"].summary
    # Two log hazard ratios, -0.5 (0.2) and -0.1 (0.3): Q = 0.16/0.13 is above 1, tau2 = (Q - 1)/C.
    w = [1 / 0.04, 1 / 0.09]
    tau2 = (0.16 / 0.13 - 1) / (sum(w) - sum(x * x for x in w) / sum(w))
    w = [1 / (0.04 + tau2), 1 / (0.09 + tau2)]
    mean = (-0.5 * w[0] - 0.1 * w[1]) / sum(w)
    assert summary.estimate == pytest.approx(math.exp(mean), rel=1e-12)
    assert summary.ci_low == pytest.approx(math.exp(mean - 1.959963984540054 / sum(w) ** 0.5), rel=1e-12)
    config = read_config(tmp_path / "new/config.yaml")
    models = {a.id: (a.model.tau2, a.model.ci, a.model.level) for a in config.analyses}
    assert models["c1_1_response"] == ("DL", "z", 0.9)
    assert models["c1_3_death"] == ("CE", "z", 0.95)
    # The two of almost the same name, and the one that stands twice in an analysis.
    assert [f.code for f in check_integrity(read_dataset(tmp_path / "new/data/raw"))] == ["W027", "W027"]


def test_what_is_left_out_or_assumed_is_said(tmp_path):
    notes = "\n".join(imported(tmp_path, SMALL).notes)
    for sentence in (
        "Studies without numbers in both groups, left out of an analysis: Li-2002 in analysis 1.1.",
        "Studies that are more than once in an analysis; each enters, as in RevMan, under an id of its own, so that "
        "patients of theirs may count twice: li_2002_2_2 in analysis 1.2.",
        "Studies without a standard deviation above 0 in both groups; rows that are not pooled: Li 2002 in analysis 2.1.",
        "Analyses of a kind that has no table here (other data), left out: Analysis 2.4 (Remarks).",
        "RevMan holds no times of measurement; `timepoint_h` is empty.",
    ):
        assert sentence in notes


def test_a_study_twice_in_an_analysis_enters_twice_under_ids_of_its_own(tmp_path):
    again = b'<DICH_DATA EVENTS_1="8" EVENTS_2="4" STUDY_ID="STD-Li-2002" TOTAL_1="29" TOTAL_2="31"/></DICH_OUTCOME>'
    project = imported(tmp_path, SMALL.replace(b"</DICH_OUTCOME>", again, 1))
    result = run(project, tmp_path / "new")["c1_1_response"]
    assert [(s.label, s.inputs["e1"]) for s in result.studies if s.label == "Li 2002"] == [
        ("Li 2002", 9),
        ("Li 2002", 8),
    ]
    assert len({s.study_id for s in result.studies}) == len(result.studies)
    assert "li_2002_2_2 in analysis 1.1" in notes_about(project, "Studies that are more than once")[0]


def test_a_published_review_is_reproduced(tmp_path):
    results = list(run(imported(tmp_path, published()), tmp_path / "new").values())
    for result, (_, entries, effect, low, high, tau2) in zip(results, PUBLISHED.values(), strict=True):
        s = result.summary
        used = [x for x in result.studies if x.estimable]
        # With the file's own tau2 the imported studies give the file's result to its last digits.
        w = [1 / (x.vi + tau2) for x in used]
        mean, half = sum(a * x.yi for a, x in zip(w, used, strict=True)) / sum(w), 1.959963984540054 / sum(w) ** 0.5
        assert [math.exp(v) for v in (mean, mean - half, mean + half)] == pytest.approx([effect, low, high], rel=1e-9)
        # RevMan takes Q around the Mantel-Haenszel mean, which makes another tau2 unless both are 0.
        tables = [t[1:] for t in entries if t[1] or t[3]]
        tables = [t if t[0] and t[2] else (t[0] + 0.5, t[1] + 1, t[2] + 0.5, t[3] + 1) for t in tables]
        pooled = math.log(
            sum(e1 * n2 / (n1 + n2) for e1, n1, _, n2 in tables) / sum(e2 * n1 / (n1 + n2) for _, n1, e2, n2 in tables)
        )
        w = [1 / x.vi for x in used]
        q = sum(a * (x.yi - pooled) ** 2 for a, x in zip(w, used, strict=True))
        found = (q - len(used) + 1) / (sum(w) - sum(a * a for a in w) / sum(w))
        assert max(found, 0.0) == pytest.approx(tau2, rel=1e-9, abs=1e-15)
        assert [s.estimate, s.ci_low, s.ci_high] == pytest.approx([effect, low, high], rel=1e-9)
        assert (s.tau2, s.tau2_method) == (pytest.approx(tau2, rel=1e-9, abs=1e-15), "DL-MH")
        assert result.better == "low" and s.k == len(used)


def test_effects_without_a_place_in_the_tables_are_left_out_and_said(tmp_path):
    for words, measure in (("Rate Ratio", ""), ("lnRR", ""), ("Difference in FEV1", "MD"), ("Risk Ratio", "RR")):
        raw = SMALL.replace(b"Hazard Ratio", words.encode())
        project = imported(tmp_path, raw)
        found = {r["measure"] for r in project.tables["contrasts"] if r["outcome"] == "c2_2_survival"}
        assert found == ({measure} if measure else set())
        said = notes_about(project, "Analyses with an effect measure that the tables do not have, left out")
        assert [n.endswith(f"Analysis 2.2 (Survival): {words}.") for n in said] == ([] if measure else [True])


# -- RevMan Web --------------------------------------------------------------------------------------------------

SETTINGS_NAME = "CD999999-overall-estimates-and-settings.csv"


def test_data_rows_with_their_settings(tmp_path):
    project = imported(tmp_path, "\ufeff" + ROWS, "CD999999-data-rows.csv", **{SETTINGS_NAME: SETTINGS})
    results = run(project, tmp_path / "new")
    assert [(r.measure, r.better, r.experimental_label, r.section) for r in results.values()] == [
        ("RR", "high", "Drug A", "Drug A versus placebo"),
        ("SMD", "low", "Drug A", "Drug A versus placebo"),
        ("HR", "low", "Drug A", "Drug A versus placebo"),
    ]
    config = read_config(tmp_path / "new/config.yaml")
    assert [(a.model.tau2, a.model.ci) for a in config.analyses] == [("REML", "HK"), ("CE", "z"), ("DL", "z")]
    assert project.tables["studies"][1]["label"] == "Müller 2001"


def test_data_rows_alone_tell_the_measure_by_the_printed_effects(tmp_path):
    project = imported(tmp_path, ROWS, "CD999999-data-rows.csv")
    assert [r.measure for r in run(project, tmp_path / "new").values()] == ["RR", "MD", "RR"]
    assert any("do not lie beside CD999999-data-rows.csv" in n for n in project.notes)
    assert "Analysis 1.3: the file does not tell the effect measure; RR was taken." in project.notes
    odds = ROWS.replace("60,2.325", "60,2.893").replace("40,2.05", "40,2.5")
    assert run(imported(tmp_path / "o", odds), tmp_path / "odds")["c1_1_response"].measure == "OR"


# -- names and texts ---------------------------------------------------------------------------------------------


def test_names_from_a_file_are_text_and_nothing_else(tmp_path):
    nasty = "=HYPERLINK(&quot;x&quot;) &lt;script&gt; \u7814\u7a76 {a: &amp;b} #"
    raw = SMALL.decode("latin-1").replace("ISO-8859-1", "UTF-8").replace('NAME="Li 2002"', f'NAME="{nasty}"')
    raw = raw.replace("<GROUP_LABEL_2>No<", "<GROUP_LABEL_2>no: [1, *x] \u200b<").replace(
        "<NAME>Pain<", "<NAME>- 'Pain': |<"
    )
    project = imported(tmp_path, raw)
    results = run(project, tmp_path / "new")
    assert any(r.control_label == "no: [1, *x]" for r in results.values())
    text = (tmp_path / "new/data/raw/studies.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK" in text and "\u7814" not in text and "??" in text
    assert "<script>" not in (tmp_path / "new/NOTES.md").read_text(encoding="utf-8").replace("\\<script>", "")


# -- refused -----------------------------------------------------------------------------------------------------


def refusal(tmp_path, raw, name="review.rm5"):
    with pytest.raises(DataError) as error:
        imported(tmp_path, raw, name)
    return str(error.value)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "review.rm5:1: E040 the file is no RevMan export\n"
         "    missing in the first line: Analysis group, Analysis number, Study\n"
         "    Allowed: a RevMan 5 file (.rm5), or the data rows of RevMan Web (...-data-rows.csv)."),
        (b"study;n\nA;1\n", "review.rm5:1: E040 the file is no RevMan export\n"
         "    missing in the first line: Analysis group, Analysis number, Study\n"
         "    Allowed: a RevMan 5 file (.rm5), or the data rows of RevMan Web (...-data-rows.csv).\n"
         "    Fix: if it is a sheet of your own: metarepro import table review.rm5"),
        (b"\x89PNG\r\n\x1a\n", "review.rm5:1: E040 the file is no RevMan export: it is neither XML nor text in UTF-8\n"
         "    Allowed: a RevMan 5 file (.rm5), or the data rows of RevMan Web (...-data-rows.csv)."),
        (b"<html>\n</html>", "review.rm5:1: E040 the file is XML, but no RevMan review: its root is 'html'\n"
         "    Allowed: COCHRANE_REVIEW, as RevMan 5 writes it."),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><COCHRANE_REVIEW>&b;</COCHRANE_REVIEW>',
         "review.rm5:1: E040 a document type is declared, which no RevMan file has\n"
         "    Allowed: a file as RevMan 5 saves it."),
        (b"<COCHRANE_REVIEW>\n<A></COCHRANE_REVIEW>",
         "review.rm5:2:6: E040 the XML is broken: mismatched tag\n    Fix: save the review in RevMan again."),
        (b"<a>" * 200, "review.rm5:1: E040 the elements are nested more than 100 deep"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "review.rm5:1: E040 the XML cannot be read: unknown encoding: klingon"),
        (b"<COCHRANE_REVIEW/>", "review.rm5: E041 no analysis in it has numbers that can be used"),
        (SETTINGS.encode(), "review.rm5:1: E040 the file is no RevMan export\n"
         "    missing in the first line: Study\n"
         "    Fix: this holds the settings; name the file that ends in -data-rows.csv."),
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path, raw, message):
    assert refusal(tmp_path, raw) == message


@pytest.mark.parametrize(
    ("old", "new", "line", "study", "reason"),
    [
        ('EVENTS_1="12"', 'EVENTS_1="42"', 18, "Müller 2001", "42 events are more than 40 patients"),
        ('EVENTS_1="12"', 'EVENTS_1="12,5"', 18, "Müller 2001", "the events of group 1 '12,5' is not a usable number"),
        ('EVENTS_1="12"', 'EVENTS_1="-1"', 18, "Müller 2001", "the events of group 1 -1 is not a number of patients"),
        ('SD_1="4.0"', 'SD_1="-4.0"', 42, "Müller 2001", "a standard deviation is below 0"),
        ('SE="0.2"', 'SE="-0.2"', 47, "Müller 2001", "a standard error is below 0"),
        ('ESTIMATE="-0.5"', 'ESTIMATE="1e999"', 47, "Müller 2001", "the estimate '1e999' is not a usable number"),
    ],
)  # fmt: skip
def test_an_impossible_row_is_left_out_with_its_place_and_the_review_gets_in(tmp_path, old, new, line, study, reason):
    project = imported(tmp_path, SMALL.replace(old.encode(), new.encode(), 1))
    (row,) = list(csv.DictReader(project.files["left-out.csv"].splitlines()))
    assert (row["study"], row["line"], row["reason"]) == (study, str(line), reason)
    (note,) = notes_about(project, "Rows that were left out")
    assert f"{study} in analysis" in note and f"line {line}: {reason}" in note
    assert run(project, tmp_path / "new")


def test_data_of_a_study_that_the_file_does_not_know_are_refused(tmp_path):
    old, new = b'O_E="-2.0" VAR="4.0" STUDY_ID="STD-Li-2002"', b'STUDY_ID="STD-Who"'
    assert refusal(tmp_path, SMALL.replace(old, new, 1)) == (
        "review.rm5:52: E041 the study 'STD-Who' is not among the studies of the file\n"
        "    analysis: 2.3\n    Fix: open and save the file in RevMan again."
    )


def test_missing_and_large_files(tmp_path):
    with pytest.raises(DataError, match=r"^none\.rm5: E001 there is no such file$"):
        read_revman(tmp_path / "none.rm5")
    (tmp_path / "large.rm5").write_bytes(b"<a>" + b" " * 10_000_000)
    with pytest.raises(DataError, match=r"E001 the file has 10,000,003 bytes; at most 10,000,000 are read"):
        read_revman(tmp_path / "large.rm5")


def survives(path, raw):
    """Any bytes: a project that passes `check`, or a coded error."""
    path.write_bytes(raw)
    try:
        project = read_revman(path)
    except DataError as error:
        assert error.problems and all(re.fullmatch(r"E\d{3}", p.code) for p in error.problems)
        return
    folder = path.parent / "written"
    write_imported(project, folder)
    try:
        read_project(folder)
    finally:
        for file in sorted(folder.rglob("*"), reverse=True):
            file.rmdir() if file.is_dir() else file.unlink()
        folder.rmdir()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_mutated_files_give_a_valid_project_or_a_coded_error(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("mutated")
    base = data.draw(st.sampled_from([SMALL, ROWS.encode()]))
    raw = bytearray(base)
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        length = data.draw(st.integers(0, 12))
        piece = data.draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from(
                    [b"-1", b"0", b"0.5", b"1e-320", b"NaN", b'"', b"&#0;", b"\n", b",", b"<!--", b"99999"]
                ),
            )
        )
        raw[at : at + length] = piece
    survives(folder / "CD1-data-rows.csv", bytes(raw))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_coded_error(tmp_path_factory, raw):
    survives(tmp_path_factory.mktemp("any") / "x", raw)


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=30), min_size=6, max_size=6))
def test_any_names_give_a_valid_project(tmp_path_factory, names):
    from xml.sax.saxutils import quoteattr

    safe = ["".join(c for c in n if c in "\t\n" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd") for n in names]
    raw = SMALL.decode("latin-1").replace("ISO-8859-1", "UTF-8").replace('NAME="Li 2002"', f"NAME={quoteattr(safe[0])}")
    old = ("<NAME>Response", "Drug <I>A</I> &amp; placebo", "Drug A versus no", ">Placebo<", ">Drug A<")
    for before, name in zip(old, safe[1:], strict=True):
        text = quoteattr(name)[1:-1].replace("'", "&apos;")
        raw = raw.replace(before, {"<": f">{text}<", "e": f"<NAME>{text}"}.get(before[-1], text))
    survives(tmp_path_factory.mktemp("names") / "r.rm5", raw.encode())
