"""The figures that the workflow draws: which, where, why not, and that the gate has seen them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from metarepro.analysis import read_config, read_flow, run_analysis
from metarepro.analysis.selection import select
from metarepro.analysis.shown_evidence import ShownEvidence, shown_evidence
from metarepro.evidence import read_dataset
from metarepro.evidence.integrity import check_integrity
from metarepro.figures import check_files, draw_analysis, draw_evidence
from metarepro.project.looks import looks_text, with_looks
from metarepro.records import from_plain, to_plain
from tests.conftest import ROOT

KINDS = ("svg", "pdf", "png", "csv", "alt.txt")
PSILOCYBIN = ROOT / "examples/psilocybin"


def files(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


def test_an_analysis_has_its_figures_and_says_why_others_are_missing(results, tmp_path):
    found = draw_analysis(results["response_24h_or"], tmp_path)
    assert found.drawn == ("forest", "drapery")
    assert list(found.not_drawn) == ["funnel"] and "k = 3 studies, fewer than 10" in found.not_drawn["funnel"]
    written = {f"{name}.{kind}" for name in found.drawn for kind in KINDS} - {"drapery.png"}
    assert files(tmp_path) == written == {f.name for f in found.files}
    for name in found.drawn:
        assert check_files(tmp_path / name) == []


@pytest.mark.parametrize(("png", "wanted"), [("none", set()), ("all", {"forest.png", "drapery.png"})])
def test_pictures_as_png_are_written_where_they_are_asked_for(results, png, wanted, tmp_path):
    draw_analysis(results["response_24h_or"], tmp_path, png=png)
    assert {name for name in files(tmp_path) if name.endswith(".png")} == wanted


def test_one_study_is_no_figure(results, tmp_path):
    found = draw_analysis(results["remission_24h_or_wide"], tmp_path)
    assert found.drawn == found.files == () and files(tmp_path) == set()
    assert "There is one study" in found.not_drawn["forest"] and set(found.not_drawn) == {"forest", "funnel", "drapery"}


def test_compounded_rates_have_a_forest_plot(results, tmp_path):
    found = draw_analysis(results["stard_cumulative"], tmp_path)
    assert "forest" in found.drawn and {"funnel", "drapery"} <= set(found.not_drawn)


@pytest.mark.parametrize("name", ["default", "psilocybin"])
def test_the_tables_have_their_figures(name, config, data, tmp_path):
    if name == "psilocybin":
        config = read_config(PSILOCYBIN / "config.yaml")
        data = read_dataset(PSILOCYBIN / "data/raw", config.data, config.dialects)
    shown = shown_evidence(config, data)
    # What the workflow writes of it and reads again is the same.
    assert from_plain(ShownEvidence, json.loads(json.dumps(to_plain(shown)))) == shown
    drawn = {f.name.split(".")[0] for f in draw_evidence(shown, check_integrity(data), None, tmp_path)}
    drawn -= {name for name in drawn if re.search(r"-\d$", name)}
    assert "integrity" in drawn and "flow" not in drawn
    assert {"risk_of_bias", "risk_of_bias_bars"} <= set(drawn)
    assert any(n.startswith("time_course-") for n in drawn)
    for figure in drawn:
        assert check_files(tmp_path / figure) == [], figure


def test_a_flow_beside_the_tables_is_drawn(config, data, tmp_path):
    flow = read_flow(ROOT / "examples/flow/flow.yaml")
    assert tmp_path / "flow.svg" in draw_evidence(shown_evidence(config, data), (), flow, tmp_path)
    assert "Records identified (n = 162)" in (tmp_path / "flow.svg").read_text(encoding="utf-8").replace("\u00a0", " ")


@pytest.mark.slow
@pytest.mark.parametrize("project", [ROOT, PSILOCYBIN], ids=["default", "psilocybin"])
def test_every_figure_of_every_analysis_passes_the_gate(project, tmp_path):
    config = read_config(project / "config.yaml")
    data = read_dataset(project / config.data, config.data, config.dialects)
    for analysis in config.analyses:
        folder = tmp_path / analysis.id
        folder.mkdir()
        for name in draw_analysis(run_analysis(config, analysis, data), folder).drawn:
            assert check_files(folder / name) == [], (analysis.id, name)


def test_figure_settings_of_the_configuration_reach_the_picture(config, data, tmp_path):
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    settings = (
        "figure:\n  style: lancet\n  width_mm: 120\n  models: [common_effect]\n  risk_of_bias: true\n"
        "  columns: [{head: Diagnosis, from: studies.diagnosis}, {head: mg/kg, from: arms.dose_mg_per_kg}]\n"
    )
    (tmp_path / "config.yaml").write_text(text.replace("model:\n", settings + "model:\n", 1), encoding="utf-8")
    config = read_config(tmp_path / "config.yaml")
    analysis = next(a for a in config.analyses if a.id == "score_24h_md_wide")
    selections = {analysis.id: select(analysis, data)}
    looks = json.loads(looks_text(config, [analysis], selections, data))[analysis.id]
    result = with_looks(run_analysis(config, analysis, data), looks)
    assert result.figure.style == "lancet" and result.figure.columns == ("Diagnosis", "mg/kg")
    assert {s.columns["Diagnosis"] for s in result.studies} >= {"MDD"}
    judged = {s.study_id: s.risk_of_bias for s in result.studies}
    assert judged["lii2023"] == {"d1": "some", "d2": "low", "d3": "low", "d4": "low", "d5": "", "overall": ""}
    assert set(judged["lapidus2014"].values()) == {""}
    draw_analysis(result, tmp_path)
    svg = (tmp_path / "forest.svg").read_text(encoding="utf-8")
    assert "\u22126\u00b764" in svg and "Common effect" in svg and "Diagnosis" in svg and "RoB" in svg
    assert 'width="340.15' in svg.replace("340.157", "340.15")
    twin = (tmp_path / "forest.csv").read_text(encoding="utf-8")
    assert (
        json.loads(json.dumps(result.summary.estimate)) == result.summary.estimate
        and repr(result.summary.estimate) in twin
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"formats": "gif"}, r"^formats = 'gif' is not known\. Fix: write_figure\(figure, 'name'"),
        ({"dpi": 0}, r"^dpi = 0 is not possible\. Give 36 to 1200"),
        ({"dpi": "600"}, r"^dpi = '600' is not possible"),
        ({"stem": "fig.png"}, r"^fig\.png has an ending\. Fix: write_figure"),
    ],
)
def test_nothing_is_written_when_an_option_is_wrong(results, options, message, tmp_path):
    from metarepro.errors import ConfigError
    from metarepro.figures import forest, write_figure

    stem = tmp_path / options.pop("stem", "fig")
    with pytest.raises(ConfigError, match=message):
        write_figure(forest(results["rate_24h"]), stem, **options)
    assert files(tmp_path) == set()
    written = write_figure(forest(results["rate_24h"]), tmp_path / "new" / "fig", formats="svg")
    assert [p.name for p in written] == ["fig.svg", "fig.csv", "fig.alt.txt"]
