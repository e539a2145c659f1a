"""The gate lets good figures through and stops every planted fault, in memory and in the files."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metarepro import effect_sizes, pool
from metarepro.analysis.from_fit import result_of
from metarepro.figures import LayoutError, demand_files, forest, forest_pages, write_figure
from metarepro.figures.page.check_page import check_page
from metarepro.figures.page.figure import figure_of
from metarepro.figures.page.layout import Canvas
from metarepro.figures.page.read_back import read_data_csv, read_picture
from metarepro.figures.page.shapes import diamond, square
from metarepro.records import to_plain
from tests.figures.canvases import draw_forest
from tests.figures.places import check_all, misplaced_marks, numbers_of
from tests.figures.test_forest_torture import SPECIAL
from tests.figures.torture import STYLES, WIDTHS, drawn, edited, judged, lost, made


def good():
    """Subgroups, judgements, a study without an estimate."""
    return lost(judged(made("counts", 7, groups=list("aabbbcc"))), 4)


@pytest.fixture
def written(tmp_path) -> Path:
    write_figure(forest(good()), tmp_path / "f")
    assert check_all(tmp_path / "f") == []
    return tmp_path / "f"


def change(path: Path, old: str, new: str, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


# -- good figures ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
def test_files_of_every_kind_pass(style, tmp_path):
    for number, (name, make) in enumerate(SPECIAL.items()):
        result = drawn(make(), style=style, width_mm=WIDTHS[number % 3])
        write_figure(forest_pages(result), tmp_path / name, formats=("svg",))
        assert check_all(tmp_path / name, set(numbers_of(to_plain(result)))) == [], name


def test_files_of_pages_pass_and_the_pdf_has_all(tmp_path):
    pages = forest_pages(made("counts", 120, groups=[f"G{i // 30}" for i in range(120)]))
    paths = write_figure(pages, tmp_path / "f", dpi=50)
    assert len(pages) > 2 and sum(p.suffix == ".png" for p in paths) == len(pages)
    assert check_all(tmp_path / "f") == []
    pdf = (tmp_path / "f.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == len(pages)
    write_figure(pages[:2], tmp_path / "g", formats=("pdf",))
    (tmp_path / "f.pdf").write_bytes((tmp_path / "g.pdf").read_bytes())
    assert check_all(tmp_path / "f") == [f"f.pdf: 2 pages, but {len(pages)} pictures"]


@pytest.mark.slow  # the workflow itself runs the gate on every figure
def test_every_analysis_passes(results, tmp_path):
    for number, result in enumerate(results.values()):
        style, width = STYLES[number % 5], WIDTHS[number % 3]
        write_figure(forest_pages(result, style=style, width_mm=width), tmp_path / "f", formats=("svg",))
        assert check_all(tmp_path / "f", set(numbers_of(to_plain(result)))) == [], (result.id, style)


ratio = st.tuples(st.floats(-6, 6), st.floats(0.02, 3))


@given(st.lists(ratio, min_size=2, max_size=9), st.sampled_from(["OR", "MD", "RD"]), st.sampled_from(STYLES), st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_results_pass_and_their_marks_map_back(tmp_path_factory, values, code, style, data):
    scale = 0.05 if code == "RD" else 1.0
    fit = pool([scale * y for y, _ in values], [(scale * s) ** 2 for _, s in values])
    groups = data.draw(
        st.one_of(st.none(), st.lists(st.sampled_from("ab"), min_size=len(values), max_size=len(values)))
    )
    result = drawn(result_of(fit, measure=code, groups=groups, experimental="x", control="y"), style=style,
                   width_mm=data.draw(st.sampled_from(WIDTHS)))  # fmt: skip
    stem = tmp_path_factory.mktemp("g") / "f"
    write_figure(forest(result), stem, formats=("svg",))
    assert check_all(stem, set(numbers_of(to_plain(result)))) == []
    # The same by another way: places of squares against the labels of the axis, in this test's own arithmetic.
    picture, rows = read_picture(stem.with_name("f.svg")), read_data_csv(stem.with_name("f.csv"))
    ticks = sorted(
        (w.x, float(w.text.replace("\u2212", "-").replace("\u00b7", "."))) for w in picture.words if w.kind == "tick"
    )
    (x0, v0), (x1, v1) = ticks[0], ticks[-1]
    place = math.log if code == "OR" else float
    factor = 100 if code == "RD" else 1
    for shape in picture.shapes:
        if shape.kind == "square":
            x = sum(x for x, _ in shape.points) / len(shape.points)
            shown = place(v0) + (x - x0) / (x1 - x0) * (place(v1) - place(v0))
            per_point = abs(place(v1) - place(v0)) / (x1 - x0)
            assert shown == pytest.approx(place(factor * rows[shape.row]["estimate"]), abs=0.1 * per_point + 1e-9)


# -- faults in the files ------------------------------------------------------------------------------------------------


def test_a_number_altered_in_the_picture(written):
    text = next(
        w.text for w in read_picture(written.with_name("f.svg")).words if re.fullmatch(r"\d\.\d\d \(.*\)", w.text)
    )
    change(written.with_name("f.svg"), f">{text}<", f">{text[:3]}{(int(text[3]) + 1) % 10}{text[4:]}<")
    assert any("shows" in f and "no number of row" in f for f in check_all(written))
    with pytest.raises(LayoutError, match="1 faults in the figure f"):
        demand_files(written)


@pytest.mark.parametrize("name", ["estimate", "ci_low", "ci_high", "e1", "n2", "weight_printed"])
def test_a_number_altered_in_the_csv(written, name):
    path = written.with_name("f.csv")
    lines = path.read_text().splitlines()
    column, kinds = lines[0].split(",").index(name), lines[0].split(",").index("row_kind")
    number = next(i for i, line in enumerate(lines) if line.split(",")[kinds] == "study")
    cells = lines[number].split(",")
    cells[column] = repr(float(cells[column]) * 1.2 + 1)
    lines[number] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    assert check_all(written)


def test_a_number_that_is_no_result_of_the_analysis(written):
    known = set(numbers_of(to_plain(good())))
    assert check_all(written, known) == []
    path = written.with_name("f.csv")
    value = next(v for r in read_data_csv(path) if isinstance(v := r.get("tau2_high"), float) and v > 0)
    change(path, repr(value), repr(value * (1 + 1e-9)))
    assert any("no number of the results" in f for f in check_all(written, known))


@pytest.mark.parametrize("kind", ["svg", "csv", "alt.txt"])
def test_a_deleted_file(written, kind):
    written.with_name(f"f.{kind}").unlink()
    assert check_all(written) == [f"f.{kind} is missing"]


def test_empty_words_for_those_who_do_not_see_it(written):
    written.with_name("f.alt.txt").write_text(" \n")
    assert check_all(written) == ["f.alt.txt is empty"]
    svg = written.with_name("f.svg")
    svg.write_text(re.sub(r"<desc id.*?</desc>", "<desc></desc>", svg.read_text(encoding="utf-8"), flags=re.DOTALL))
    assert "f.svg: title or description is missing" in check_all(written)


def test_text_made_too_small_in_the_file(written):
    svg = written.with_name("f.svg")
    svg.write_text(re.sub(r"6\.5px", "5px", svg.read_text(encoding="utf-8")), encoding="utf-8")
    assert any("has 5 pt, less than 6" in f for f in check_all(written))


def test_a_label_of_the_axis_altered(written):
    picture = read_picture(written.with_name("f.svg"))
    tick = next(w for w in picture.words if w.kind == "tick")
    words = tuple(dataclasses.replace(w, text="0.6") if w is tick else w for w in picture.words)
    faults = misplaced_marks(dataclasses.replace(picture, words=words), read_data_csv(written.with_name("f.csv")))
    assert "the labels of the axis stand on no linear or logarithmic scale" in faults


def test_fonts_that_a_journal_refuses(tmp_path):
    import matplotlib as mpl
    from matplotlib.backends.backend_pdf import PdfPages

    figure = forest(made("counts", 2))
    write_figure(figure, tmp_path / "f")
    with mpl.rc_context({"pdf.fonttype": 3}), PdfPages(tmp_path / "f.pdf") as pdf:
        figure.savefig(pdf, format="pdf")
    assert "f.pdf: a Type 3 font is embedded" in check_all(tmp_path / "f")


# -- faults on the page -----------------------------------------------------------------------------------------------


def planted(tmp_path: Path, kind: str, **ways) -> list[str]:
    """Faults in the files of a plot of which one mark was changed before it was drawn."""
    canvas = draw_forest(good())
    number = next(i for i, m in enumerate(canvas.marks) if m.kind == kind and m.row is not None)
    mark = canvas.marks[number]
    x0, x1 = mark.box[0], mark.box[2]
    move = {
        "moved": lambda x: x + 2,
        "shorter": lambda x: min(x, x1 - 0.1 * (x1 - x0)),
        "wider": lambda x: x0 + 1.2 * (x - x0),
    }
    canvas.marks[number] = dataclasses.replace(mark, points=tuple((move[ways["way"]](x), y) for x, y in mark.points))
    write_figure(figure_of(canvas, "t", "d"), tmp_path / "p", formats=("svg",))
    return check_all(tmp_path / "p")


@pytest.mark.parametrize(
    "kind,way", [("square", "moved"), ("interval", "moved"), ("interval", "shorter"), ("interval", "wider"),
                 ("diamond", "moved"), ("diamond", "shorter")],
)  # fmt: skip
def test_a_mark_that_is_not_where_its_number_is(tmp_path, kind, way):
    found = planted(tmp_path, kind, way=way)
    assert len(found) == 1 and f"{kind} of row" in found[0]


def test_the_prediction_interval_is_checked_too(tmp_path):
    canvas = draw_forest(made("counts", 6))
    number = next(i for i, m in enumerate(canvas.marks) if m.name == "interval: prediction interval")
    mark = canvas.marks[number]
    canvas.marks[number] = dataclasses.replace(mark, points=tuple((x + 2, y) for x, y in mark.points))
    write_figure(figure_of(canvas, "t", "d"), tmp_path / "p", formats=("svg",))
    assert len(check_all(tmp_path / "p")) == 1


def test_faults_of_a_page_are_found_before_it_is_written():
    def with_text(change_text):
        canvas = draw_forest(good())
        number = next(i for i, t in enumerate(canvas.texts) if t.text == "Smith 2 2013")
        canvas.texts[number] = change_text(canvas.texts[number])
        return check_page(canvas)

    assert with_text(lambda t: t) == []
    assert any("overlap" in f for f in with_text(lambda t: dataclasses.replace(t, y=t.y + 6)))
    assert any("less than 6" in f for f in with_text(lambda t: dataclasses.replace(t, size=5)))
    assert any("contrast" in f for f in with_text(lambda t: dataclasses.replace(t, color="#999999")))
    assert any("no number of its row" in f for f in with_text(lambda t: dataclasses.replace(t, text="Smith 2 2014")))
    assert any("leaves the canvas" in f for f in with_text(lambda t: dataclasses.replace(t, x=-5)))


def test_kinds_told_apart_by_colour_alone():
    canvas = Canvas(100, 50)
    canvas.polygon(square(4, 20, 20), "#0072B2", "one kind: a")
    canvas.polygon(square(4, 40, 20), "#b5430e", "another kind: b")
    assert any("differ by colour alone" in f for f in check_page(canvas))
    canvas.marks[1] = dataclasses.replace(canvas.marks[1], points=tuple(diamond(4, 40, 20)))
    assert check_page(canvas) == []


def test_words_that_look_like_numbers_stay_words(tmp_path):
    result = made("counts", 4)
    for number, label in enumerate(("1e5", "1_000", "nan", "2013")):
        result = edited(result, number, label=label, study_id=label)
    columns = {"Dose": ["0.50", "nan", "1_000", "-0.2"]}
    es = effect_sizes("OR", e1=[3, 4, 5, 6], n1=[10, 11, 12, 13], e2=[2, 3, 4, 6], n2=[10, 12, 14, 16])
    further = result_of(pool(es.yi, es.vi), measure="OR", labels=["inf", "-1", "7", "0.5"], columns=columns)
    for drawn_result in (result, further):
        write_figure(forest(drawn_result), tmp_path / "f", formats=("svg",))
        assert check_all(tmp_path / "f", set(numbers_of(to_plain(drawn_result)))) == []


# -- planted in ways that leave the numbers alone --------------------------------------------------------------------


def test_a_prediction_bar_at_the_confidence_limits_is_found(written):
    path = written.with_suffix(".svg")
    text = path.read_text(encoding="utf-8")
    pooled = next(r for r in read_data_csv(written.with_suffix(".csv")) if "Random" in str(r.get("label")))
    assert pooled["pi_low"] is not None
    number = f"{pooled['row']:.0f}"

    def group(kind: str) -> str:
        return re.search(rf'<g class="mr-{kind}" data-row="{number}">.*?</g>', text, re.S).group()

    ends = [float(x) for x in re.findall(r"[ML] ([\d.]+) ", group("diamond"))]
    bar = group("interval")
    places = iter((min(ends), max(ends)))
    moved = re.sub(r"([ML]) [\d.]+ ", lambda m: f"{m.group(1)} {next(places)} ", bar)
    change(path, bar, moved)
    assert any("does not stand at pi_low and pi_high" in fault for fault in check_all(written))


def test_a_shape_moved_by_a_transform_is_found(written):
    change(written.with_suffix(".svg"), '<g class="mr-square"', '<g transform="translate(40 0)" class="mr-square"')
    assert any("moved by a transform" in fault for fault in check_all(written))


def test_a_text_beside_all_groups_is_found(written):
    change(written.with_suffix(".svg"), "</svg>", '<text x="50" y="50">OR 99</text></svg>')
    assert any("'OR 99' is in no group" in fault for fault in check_all(written))
