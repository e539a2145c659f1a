"""Risk of bias and footnotes of RevMan files: every judgement under its study and domain, and in the pictures."""

import csv
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metarepro.cli import main
from metarepro.importing import write_imported
from metarepro.importing.revman import read_revman
from metarepro.importing.revman_bias import judgement_of
from metarepro.project.reading import read_project
from tests.importing.revman_files import ROWS, SETTINGS, SMALL

ITEMS = """<QUALITY_ITEMS>
<QUALITY_ITEM CHARACTERISTIC="NO" CORE_ITEM="YES" ID="QIT-01" LEVEL="STUDY" NO="1">
<NAME>Random sequence generation (selection bias)</NAME><DESCRIPTION><P>How?</P></DESCRIPTION><QUALITY_ITEM_DATA>
<QUALITY_ITEM_DATA_ENTRY RESULT="YES" STUDY_ID="STD-Li-2002"><DESCRIPTION><P>Quote: "by <B>computer</B>"</P></DESCRIPTION>
</QUALITY_ITEM_DATA_ENTRY>
<QUALITY_ITEM_DATA_ENTRY RESULT="UNKNOWN" STUDY_ID="STD-M_x00fc_ller-2001"><DESCRIPTION><P>Not told</P></DESCRIPTION>
</QUALITY_ITEM_DATA_ENTRY></QUALITY_ITEM_DATA></QUALITY_ITEM>
<QUALITY_ITEM CHARACTERISTIC="NO" ID="QIT-02" LEVEL="GROUP" NO="2"><NAME>Blinding</NAME>
<QUALITY_ITEM_DATA_ENTRY_GROUP ID="QIT-02-GRP-01"><NAME>Pain</NAME></QUALITY_ITEM_DATA_ENTRY_GROUP>
<QUALITY_ITEM_DATA_ENTRY_GROUP ID="QIT-02-GRP-02"><NAME>Deaths</NAME></QUALITY_ITEM_DATA_ENTRY_GROUP><QUALITY_ITEM_DATA>
<QUALITY_ITEM_DATA_ENTRY GROUP_ID="QIT-02-GRP-01" RESULT="NO" STUDY_ID="STD-Li-2002"><DESCRIPTION/></QUALITY_ITEM_DATA_ENTRY>
<QUALITY_ITEM_DATA_ENTRY GROUP_ID="QIT-02-GRP-02" RESULT="YES" STUDY_ID="STD-Li-2002"><DESCRIPTION/></QUALITY_ITEM_DATA_ENTRY>
<QUALITY_ITEM_DATA_ENTRY GROUP_ID="QIT-02-GRP-02" RESULT="UNKNOWN" STUDY_ID="STD-Li-2002a"><DESCRIPTION/>
</QUALITY_ITEM_DATA_ENTRY></QUALITY_ITEM_DATA></QUALITY_ITEM>
<QUALITY_ITEM CHARACTERISTIC="YES" ID="QIT-03" LEVEL="STUDY" NO="3"><NAME>Age</NAME><QUALITY_ITEM_DATA>
<QUALITY_ITEM_DATA_ENTRY RESULT="NO" STUDY_ID="STD-Li-2002"><DESCRIPTION/></QUALITY_ITEM_DATA_ENTRY>
</QUALITY_ITEM_DATA></QUALITY_ITEM></QUALITY_ITEMS>
"""
STANDARD = (
    "Random sequence generation (selection bias)", "Allocation concealment (selection bias)",
    "Blinding of outcome assessment (detection bias)",
)  # fmt: skip


def with_items(items=ITEMS, old=b'TOTAL_1="40" TOTAL_2="41" VAR="0.0"/>'):
    """The small review with a table of the risk of bias, and a footnote."""
    noted = old[:-2] + b"><FOOTNOTE>Dose <I>doubled</I> later</FOOTNOTE></DICH_DATA>"
    assert old in SMALL
    return SMALL.replace(b"<ANALYSES_AND_DATA", items.encode() + b"<ANALYSES_AND_DATA", 1).replace(old, noted)


def written(folder, raw, name="review.rm5"):
    (folder / name).write_bytes(raw)
    project = read_revman(folder / name)
    write_imported(project, folder / "p")
    return project, read_project(folder / "p")


def test_judgements_with_their_support_by_study_and_domain(tmp_path):
    project, read = written(tmp_path, with_items())
    rows = {r["study_id"]: r for r in project.tables["risk_of_bias"]}
    assert set(rows) == {"li_2002", "muller_2001", "li_2002_2_2"}  # the last is Li 2002 again in one analysis
    assert {k: v for k, v in rows["li_2002"].items() if not k.endswith(("_id", "outcome"))} == {
        "tool": "review_domains", "d1": "low", "d1_reason": 'Quote: "by computer"', "d2": "high",
        "d2_reason": "as judged in the review", "d3": "low", "d3_reason": "as judged in the review",
        "assessor": "the authors of the review",
    }  # fmt: skip
    assert (rows["muller_2001"]["d1"], rows["muller_2001"]["d1_reason"]) == ("unclear", "Not told")
    tool = read.config.risk_of_bias["review_domains"]
    assert tool.domains == ("Random sequence generation (selection bias)", "Blinding: Pain", "Blinding: Deaths")
    assert tool.judgements == ("low", "high", "unclear")
    assert read.config.figure.risk_of_bias
    assert any(n.startswith("Risk of bias: 3 of 5 studies are judged") for n in project.notes)


def test_footnotes_stay_with_their_rows(tmp_path):
    project, read = written(tmp_path, with_items())
    noted = [r for r in project.tables["dichotomous"] if r.get("footnote")]
    assert {(r["study_id"], r["footnote"]) for r in noted} == {("muller_2001", "Dose doubled later")}
    assert any(r.own.get("footnote") == "Dose doubled later" for r in read.data.dichotomous)
    assert "Footnotes stand in the column `footnote` of 2 rows." in project.notes


def test_unclear_without_a_word_is_not_assessed():
    assert judgement_of("UNKNOWN", "") == "" and judgement_of("UNKNOWN", "no details") == "unclear"
    assert judgement_of("Unclear risk", "") == "unclear" and judgement_of("Not applicable", "") == ""
    assert judgement_of("Some concerns", "") == "some" and judgement_of("Low risk of bias", "") == "low"


def bias_csv(head, rows):
    text = io.StringIO()
    csv.writer(text).writerows([head, *rows])
    return "\ufeff" + text.getvalue()


@pytest.mark.parametrize("form", ["Domain ({what}): {name}", "{name} ({what})"])
@pytest.mark.parametrize("packed", [True, False])
def test_the_known_tool_is_told_by_its_domains(tmp_path, form, packed):
    study = next(csv.DictReader(io.StringIO(ROWS.lstrip("\ufeff"))))["Study"]
    head = ["Study", *(form.format(name=n, what=w) for n in STANDARD for w in ("judgement", "support"))]
    table = bias_csv(head, [[study, "Low risk", "<p>Coin and list</p>", "High risk", "", "Unclear risk", "no word"]])
    files = {
        "CD1-data-rows.csv": ROWS,
        "CD1-overall-estimates-and-settings.csv": SETTINGS,
        "CD1-risk-of-bias.csv": table,
    }
    raw = ROWS.encode()
    if packed:
        with zipfile.ZipFile(tmp_path / "CD1.zip", "w") as package:
            for name, text in files.items():
                package.writestr(f"CD1-files/{name}", text)
        raw = (tmp_path / "CD1.zip").read_bytes()
    else:
        for name, text in files.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
    project, read = written(tmp_path, raw, "CD1.zip" if packed else "CD1-data-rows.csv")
    (row, *more) = project.tables["risk_of_bias"]
    assert row["tool"] == "rob1" and {r["d1"] for r in (row, *more)} == {"low"}
    assert (row["d1_reason"], row["d2"], row["d4"], row["d4_reason"]) == ("Coin and list", "high", "unclear", "no word")
    assert "d3" not in row and not read.config.risk_of_bias


def test_rob2_with_its_overall_judgement(tmp_path):
    study = next(csv.DictReader(io.StringIO(ROWS.lstrip("\ufeff"))))["Study"]
    names = ["Bias arising from the randomization process", "Bias in measurement of the outcome", "Overall bias"]
    head = ["Study", *(f"{n} (judgement)" for n in names)]
    (tmp_path / "CD1-risk-of-bias.csv").write_text(bias_csv(head, [[study, "Low risk", "Some concerns", "High risk"]]))
    project, _ = written(tmp_path, ROWS.encode(), "CD1-data-rows.csv")
    row = project.tables["risk_of_bias"][0]
    assert (row["tool"], row["d1"], row["d4"], row["overall"]) == ("rob2", "low", "some", "high")


@pytest.mark.slow
def test_judgements_are_in_the_forest_plots_and_have_figures_of_their_own(tmp_path):
    (tmp_path / "review.rm5").write_bytes(with_items())
    assert main(["import", "revman", str(tmp_path / "review.rm5"), "--to", str(tmp_path / "p")]) == 0
    assert main(["run", "--directory", str(tmp_path / "p")]) == 0
    lights = (tmp_path / "p/results/evidence/risk_of_bias.alt.txt").read_text()
    assert 'Li 2002: D1 low risk (Quote: "by computer"), D2 high risk' in lights
    forest = next((tmp_path / "p/results/analyses").glob("c1_1*/forest.svg")).read_text()
    assert "Blinding: Pain" in forest


DOMAIN = st.text(st.characters(codec="latin-1", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=40)
JUDGED = st.sampled_from(["Low risk", "High risk", "Unclear risk", "Some concerns", "Not applicable", "", "?"])


@given(st.lists(DOMAIN, min_size=1, max_size=15, unique_by=str.casefold), st.data())
@settings(max_examples=25, deadline=None)
def test_any_domains_and_judgements_are_taken(tmp_path_factory, names, data):
    folder = tmp_path_factory.mktemp("bias")
    studies = list(dict.fromkeys(r["Study"] for r in csv.DictReader(io.StringIO(ROWS.lstrip("\ufeff")))))
    judged = {s: [data.draw(JUDGED) for _ in names] for s in studies}
    table = bias_csv(["Study", *(f"{n} (judgement)" for n in names)], [[s, *j] for s, j in judged.items()])
    (folder / "CD1-risk-of-bias.csv").write_text(table, encoding="utf-8")
    _, read = written(folder, ROWS.encode(), "CD1-data-rows.csv")
    wanted = sum(judgement_of(j, "") != "" for own in judged.values() for j in own)
    given_out = [r.judgement(f"d{n}") for r in read.data.others.get("risk_of_bias", ()) for n in range(1, 13)]
    overall = [r.overall for r in read.data.others.get("risk_of_bias", ())]
    if len(names) <= 12 and not any("study" in n.lower() for n in names):
        assert sum(map(bool, (*given_out, *overall))) >= wanted
