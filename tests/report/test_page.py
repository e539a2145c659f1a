"""The page as a document: self-contained, escaped, every number from the results, every link with an end."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import math
import re

import pytest

from metarepro.analysis.questions import find_questions
from metarepro.claims.grammar import calls_of, parse_finding
from metarepro.claims.lookups import Library
from metarepro.claims.page_sentences import _NO_CLAIM
from metarepro.claims.quantities import look_up
from metarepro.effects import get_measure
from metarepro.report.anchors import anchor_of
from metarepro.report.page import link_of, render_report
from metarepro.report.time_plot import time_view
from metarepro.report.words import Reader, verdict
from tests.conftest import ROOT
from tests.report.dom import Node, parse
from tests.report.pages import (
    HOSTILE,
    Made,
    copy_of,
    default_page,
    make_page,
    one_study,
    sixty_studies,
    write_project,
)

PROJECTS = ["default", "psilocybin", "one study", "sixty studies"]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Made]:
    folder = tmp_path_factory.mktemp("projects")
    return {
        "default": default_page(),
        "psilocybin": make_page(copy_of(ROOT / "examples/psilocybin", folder / "psilocybin"), with_printed=False),
        "one study": make_page(one_study(folder / "one")),
        "sixty studies": make_page(sixty_studies(folder / "sixty")),
    }


@pytest.fixture(scope="module")
def trees(made) -> dict[str, Node]:
    return {name: parse(m.html) for name, m in made.items()}


@pytest.mark.parametrize("name", PROJECTS)
def test_nothing_is_requested_and_only_our_style_and_script_are_allowed(made, trees, name):
    html, tree = made[name].html, trees[name]
    assert {n.name for n in tree.walk()} & {
        "iframe",
        "object",
        "embed",
        "img",
        "video",
        "audio",
        "base",
        "form",
    } == set()
    assert not [
        n for n in tree.walk() if "src" in n.attrs or "style" in n.attrs or any(a.startswith("on") for a in n.attrs)
    ]
    assert [n.attrs["href"] for n in tree.all(tag="link")] == ["data:,"]
    assert "url(" not in html
    (policy,) = [n.attrs["content"] for n in tree.all(tag="meta") if "http-equiv" in n.attrs]
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    for tag in ("style", "script"):
        (node,) = tree.all(tag=tag)
        digest = base64.b64encode(hashlib.sha256("".join(c.text for c in node.children).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("name", PROJECTS)
def test_ids_are_unique_and_inner_links_have_an_end(trees, name):
    ids = [n.attrs["id"] for n in trees[name].walk() if "id" in n.attrs]
    assert len(ids) == len(set(ids))
    targets = [n.attrs["href"][1:] for n in trees[name].walk() if n.attrs.get("href", "").startswith("#")]
    assert targets and set(targets) <= set(ids)
    for n in trees[name].walk():
        for attr in ("aria-labelledby", "for"):
            assert n.attrs.get(attr) is None or n.attrs[attr] in ids


def _at(plain, node: Node, attr: str) -> tuple[dict, list[str]]:
    """The analysis that an address is of, and the rest of the address."""
    first, *rest = node.attrs[attr].split("/")
    if first == ".":
        panel = node.closest("data-m")
        assert panel is not None
        first = panel.attrs["data-m"]
    return plain[first], rest


def _values(analysis: dict, rest: list[str]) -> list[float | None]:
    """Estimate and ends of the interval that an address names."""
    kind = rest[0] if rest else ""
    if kind == "p":
        return [analysis["summary"]["pi_low"], analysis["summary"]["pi_high"]]
    if kind == "ci":
        return [analysis["summary"]["ci_low"], analysis["summary"]["ci_high"]]
    part = {
        "": lambda: analysis["summary"],
        "s": lambda: analysis["studies"][int(rest[1])],
        "g": lambda: analysis["subgroups"][int(rest[1])]["summary"],
        "v": lambda: next(x for x in analysis["sensitivity"] if x["id"] == rest[1])["summary"],
        "w": lambda: next(x for x in analysis["leave_one_out"] if x["study_id"] == rest[1]),
        "r": lambda: analysis["robustness"]["what_if"][int(rest[1])],
        "u": lambda: analysis["multiverse"]["universes"][int(rest[1])],
        "b": lambda: [analysis["bayes"]["main"], *analysis["bayes"]["others"]][int(rest[1])],
        "t": lambda: (
            analysis["over_time"]["main"] if rest[1] == "main" else analysis["over_time"][rest[1]][int(rest[2])]
        ),
    }[kind]()
    return [part["estimate"], part["ci_low"], part["ci_high"]]


_PRINTED = re.compile(r"(<|>)?([\u2212-]?\d[\d\u2009]*(?:\.\d+)?)")


def _agree(text: str, values: list[float | None], percent: bool) -> bool:
    """Whether printed numbers are these, at the precision in which they are printed."""
    found = [(sign, number) for sign, number in _PRINTED.findall(text)]
    if text == "unbounded" or not found:
        return not found
    known = [math.inf if v is None else (100 * v if percent else v) for v in values]
    for (sign, number), value in zip(found, known, strict=False):
        number = number.replace("\u2212", "-").replace("\u2009", "")
        decimals = len(number.partition(".")[2])
        if sign == "<":
            assert value < float(number)
        elif sign == ">":
            assert value > float(number)
        elif abs(float(number) - value) > 0.5000001 * 10**-decimals:
            return False
    return True


@pytest.mark.parametrize("name", PROJECTS)
def test_every_number_is_that_of_the_results_at_its_printed_precision(made, trees, name):
    plain, seen = made[name].plain, 0
    for node in trees[name].walk():
        if "data-e" in node.attrs:
            analysis, rest = _at(plain, node, "data-e")
            percent = get_measure(analysis["measure"]).percent
            assert _agree(node.words(), _values(analysis, rest), percent), (node.attrs, node.words())
        elif "data-m" in node.attrs and node.name == "span":
            analysis, rest = _at(plain, node, "data-m")
            percent = get_measure(analysis["measure"]).percent
            value = _values(analysis, rest)[0]
            # "on average 6.6 points lower" is without the sign.
            assert any(_agree(node.words(), [sign * value], percent) for sign in (1, -1)), node.attrs
        elif "data-v" in node.attrs and node.name == "span":
            analysis, (_, part) = _at(plain, node, "data-v")
            assert _agree(node.words().replace("+", ""), [analysis["absolute"][part]], True), node.attrs
        else:
            continue
        seen += 1
    assert seen >= {"default": 500, "psilocybin": 60, "one study": 3, "sixty studies": 130}[name]


def test_quantities_in_sentences_of_the_settings_are_those_of_the_grammar(made, trees):
    m = made["default"]
    by_id = {r.id: r for r in m.results.analyses}
    library = Library(m.project.data, tuple(by_id), by_id, {})
    shown = [n for n in trees["default"].walk() if "data-q" in n.attrs]
    assert len(shown) > 8
    for node in shown:
        (term,) = parse_finding("{" + node.attrs["data-q"] + "}")
        (call,) = calls_of(term)
        assert node.words() == look_up(library, call, _NO_CLAIM).shown


_COUNTED = re.compile(
    r"\d+ (?:trials?|effects?|studies|study|groups?|people|steps?)|95%|(?:^| )100 people|of 100|\d+ of \d+ with|in \d+ (?:trials|groups)"
)


@pytest.mark.parametrize("name", PROJECTS)
def test_a_number_in_a_sentence_is_an_address_in_the_results_or_a_count(made, trees, name):
    labels = {s.label for r in made[name].results.analyses for s in r.studies}
    labels |= {s.scale for r in made[name].results.analyses for s in r.studies if s.scale}
    labels |= {r.outcome_label for r in made[name].results.analyses}
    sentences = [n for kind in ("lede", "sn", "lead") for n in trees[name].all(kind=kind)]
    assert sentences
    for sentence in sentences:
        kept = []
        for n in sentence.walk():
            if n.name:
                continue
            if not any(
                n.closest(a) not in (None, *_above(sentence, a)) for a in ("data-e", "data-v", "data-m", "data-q")
            ):
                kept.append(n.text)
        text = " ".join("".join(kept).split())
        for label in sorted(labels, key=len, reverse=True):
            text = text.replace(label, "")
        assert not re.search(r"\d", _COUNTED.sub("", re.sub(r"at \d[\w. ]*?(?:hours?|days?)", "", text))), text


def _above(sentence: Node, attr: str) -> list[Node]:
    """Elements around a sentence, whose attributes are not of its numbers."""
    found, node = [], sentence.closest(attr)
    while node is not None:
        found.append(node)
        node = node.parent.closest(attr) if node.parent else None
    return found


@pytest.mark.parametrize("name", PROJECTS)
def test_every_plotted_place_is_that_of_its_number(made, trees, name):
    """Marks of rows, read back from their percents, within 0.1% of the axis."""
    plain, seen = made[name].plain, 0
    grids = {g.attrs["id"]: n for n in trees[name].all(kind="grid") for g in n.all(tag="g")}
    for row in trees[name].all(tag="tr"):
        plots, numbers = [n for n in row.walk() if n.has("rp")], [n for n in row.walk() if "data-e" in n.attrs]
        if len(plots) != len(numbers):
            continue
        for plot, cell in zip(plots, numbers, strict=True):
            (use,) = plot.all(tag="use")
            grid = grids[use.attrs["href"][1:]]
            low, high = (float(grid.attrs[f"data-{end}"]) for end in ("low", "high"))
            log = grid.attrs["data-log"] == "1"

            def place(value, low=low, high=high, log=log):
                share = math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
                return 3 + 94 * min(max(share, 0), 1)

            analysis, rest = _at(plain, cell, "data-e")
            wanted = _values(analysis, rest)
            lines = [n for n in plot.walk() if n.has("ci") or n.has("sp") or n.has("cd")]
            for line in lines:
                for attr, value in zip(("x1", "x2"), wanted[1:], strict=True):
                    assert abs(float(line.attrs[attr].rstrip("%")) - place(value if value is not None else high)) < 0.1
                    seen += 1
            for circle in plot.all(tag="circle"):
                assert abs(float(circle.attrs["cx"].rstrip("%")) - place(wanted[0])) < 0.1
            for diamond in [n for n in plot.all(tag="svg") if n.has("dm")]:
                x, width = (float(diamond.attrs[a].rstrip("%")) for a in ("x", "width"))
                ends = [place(v if v is not None else high) for v in wanted[1:]]
                assert abs(x - ends[0]) < 0.1 and abs(x + max(width, 0.4) - max(ends[1], ends[0] + 0.4)) < 0.2
    assert seen >= {"default": 200, "psilocybin": 50, "one study": 1, "sixty studies": 100}[name] or name == "one study"


@pytest.mark.parametrize("name", PROJECTS)
def test_a_diamond_needs_three_trials_and_a_card_says_how_far_it_reaches(made, trees, name):
    plain = made[name].plain
    for row in trees[name].all(tag="tr"):
        if [n for n in row.walk() if n.has("dm")]:
            (cell,) = [n for n in row.walk() if "data-e" in n.attrs]
            analysis, rest = _at(plain, cell, "data-e")
            part = analysis["subgroups"][int(rest[1])]["summary"] if rest else analysis["summary"]
            assert part["k"] >= 3 or analysis["combine"] == "compound"
    cards = trees[name].all(kind="card")
    assert 1 <= len(cards) <= 6
    for card in cards:
        terms = [n.words() for n in card.all(tag="dt")]
        assert terms == ["Evidence", "Against", "When", "Certainty"]
        assert all(n.words() for n in card.all(tag="dd"))


def test_a_rate_of_one_arm_is_on_no_card_and_after_what_is_controlled(made, trees):
    results = {r.id: r for r in made["default"].results.analyses}
    order = [n.attrs["data-m"] for n in trees["default"].all(kind="ms")]
    assert set(order) == set(results)
    controlled = [get_measure(results[name].measure).null is not None for name in order]
    last = max(i for i, c in enumerate(controlled) if c)
    # Within a part, too, what has a control group comes first; parts without any come last.
    sections = [results[name].section for name in order]
    assert all(sections[i] in sections[: last + 1] for i, c in enumerate(controlled) if not c and i < last)
    assert not controlled[-1]


def test_every_study_shows_its_sources_and_every_exclusion_its_reason(made, trees):
    panels = {n.attrs["data-m"]: n for n in trees["default"].all(kind="ms")}
    first = {q.analyses[0] for q in made["default"].results.questions}
    for r in made["default"].results.analyses:
        words, html = panels[r.id].words(), panels[r.id]
        for x in r.left_out:
            assert x.label in words and (x.elsewhere or " ".join(x.reason.split()) in words)
        if r.id not in first:
            continue
        links = {n.attrs["href"] for n in html.all(tag="a")}
        for study in r.studies:
            for p in study.provenance:
                assert f"#source-{p.source_id}" in links or p.source_id not in made["default"].project.data.sources
                assert " ".join(p.key.split()) in words


@pytest.mark.parametrize("name", ["answer", "findings", "source-x", "printed", "forest-title", "response", "f-x"])
def test_an_analysis_may_be_called_like_a_part_of_the_page(tmp_path, name):
    write_project(tmp_path, [{"label": f"S {i}", "e1": 5 + i, "n1": 20, "e2": 3, "n2": 20} for i in range(3)])
    text = (tmp_path / "config.yaml").read_text().replace("id: main", f"id: {name}")
    (tmp_path / "config.yaml").write_text(text)
    tree = parse(make_page(tmp_path).html)
    ids = [n.attrs["id"] for n in tree.walk() if "id" in n.attrs]
    assert len(ids) == len(set(ids)) and anchor_of(name) in ids


def test_hostile_text_stands_in_the_page_as_it_is(trees):
    tree = trees["sixty studies"]
    assert len(tree.all(tag="script")) == 1 and len(tree.all(tag="style")) == 1
    assert not [n for n in tree.walk() if "onload" in n.attrs or "onmouseover" in n.attrs]
    seen = " ".join(HOSTILE.split())
    assert tree.words().count(seen[:60]) >= 20 and "{{ 7*7 }}" in tree.words()


@pytest.mark.parametrize(
    "text", ["{{ 7*7 }}", "{% if x %}", "{# x #}", "%(a)s", r"\1 \g<0>", "</style>", "-->", "&amp;", "${x}"]
)
def test_a_label_that_looks_like_a_placeholder_is_a_label(tmp_path, text):
    label = f"A {text} b"
    studies = [{"label": f"{label} {i}", "e1": 5 + i, "n1": 20, "e2": 3, "n2": 20} for i in range(3)]
    tree = parse(make_page(write_project(tmp_path, studies, title=label, outcome=label)).html)
    assert tree.words().count(label) >= 8


def test_only_http_addresses_become_links(made):
    assert link_of("https://a.org/x (as stored in https://b.org)") == "https://a.org/x"
    assert link_of("javascript:alert(1)") == "" and link_of("ftp://a.org") == "" and link_of("") == ""
    result = made["default"].results.analyses[5]
    study = result.studies[0]
    bad = dataclasses.replace(study.provenance[0], source_url="javascript:alert(1)", locator="javascript:alert(2)")
    result = dataclasses.replace(result, studies=(dataclasses.replace(study, provenance=(bad,)), *result.studies[1:]))
    content = made["default"].content
    results = dataclasses.replace(content.results, analyses=(result,), questions=())
    config = content.config.model_copy(update={"page": type(content.config.page)()})
    tree = parse(render_report(dataclasses.replace(content, results=results, filled={}, config=config)))
    assert not [n for n in tree.walk() if n.attrs.get("href", "").startswith("javascript")]


def test_the_page_is_the_same_twice(made):
    assert render_report(made["psilocybin"].content) == made["psilocybin"].html


def test_findings_stand_with_their_study_warnings_first(made, trees):
    rows = {n.attrs["id"]: n for n in trees["default"].all(tag="tr") if n.attrs.get("id", "").startswith("study-")}
    assert len(rows) == len(made["default"].project.data.studies)
    by_study: dict[str, list] = {}
    for f in made["default"].content.findings:
        by_study.setdefault(f.study_id, []).append(f)
    for study, found in by_study.items():
        if f"study-{study}" not in rows:
            assert found[0].message in trees["default"].all(id="integrity")[0].words()
            continue
        words = rows[f"study-{study}"].words()
        places = {f.severity: [words.index(" ".join(f.message.split())) for f in found if f.severity == s]
                  for s in ("warning", "note") for f in found if f.severity == s}  # fmt: skip
        if len(places) == 2:
            assert max(places["warning"]) < min(places["note"])


def test_measures_of_one_question_stand_behind_one_switch(made, trees):
    (group,) = [q for q in made["default"].results.questions if "response_24h_or" in q.analyses]
    assert group.analyses == ("response_24h_or", "response_24h_rr", "response_24h_rd") and group.measures_agree is True
    found = [n for n in trees["default"].all(kind="mx") if n.all(data_m="response_24h_rr")]
    (switch,) = found[0].all(kind="seg")
    assert [b.words() for b in switch.all(tag="button")] == ["Odds ratio", "Risk ratio", "Risk difference"]
    assert (
        find_questions(made["default"].project.config, made["default"].results.analyses)
        == made["default"].results.questions
    )


def test_the_budget_holds(made, trees):
    """700 kB for 30 analyses, without printed results and claims, which the browser test counts in."""
    analyses = len(made["default"].results.analyses)
    assert len(made["default"].html.encode()) < 700_000 * max(1.0, analyses / 30)
    css, js = ("".join(c.text for c in trees["default"].all(tag=t)[0].children) for t in ("style", "script"))
    assert len(css) < 20_500 and len(js) < 9_000


def test_the_flow_of_studies_adds_up(trees):
    """Every study that has the outcome is used or left out for a reason that is told."""
    (flow,) = trees["default"].all(kind="flow")
    reasons = [n for n in flow.walk() if n.name == "li" and n.parent.name == "ul"]
    numbers = [int(n.words().split()[0]) for n in flow.walk() if n.name == "b"]
    assert numbers[1] == numbers[2] + sum(int(n.words().split()[0]) for n in reasons)
    assert len(reasons) == 9 and reasons[-1].words().endswith("other reasons: flows.csv")


def test_a_verdict_says_whether_more_is_better(made):
    by_id = {r.id: r for r in made["default"].results.analyses}
    assert "More with ketamine: better" in verdict(by_id["suicidality_24h_or"])
    assert "Lower with ketamine: better" in verdict(by_id["score_24h_md_wide"])
    worse = dataclasses.replace(by_id["suicidality_24h_or"], better="low")
    assert "More with ketamine: worse" in verdict(worse)


def test_a_control_arm_over_time_stands_beside_the_arm_that_it_was_compared_with(made):
    """Evans 2025 has 6 of 27 in all periods; its 0 of 13 with saline is of the first period only."""
    course = time_view(made["default"].results.analyses, Reader())
    arms = {(p["study"], p["arm"], p["hours"]): (p["events"], p["total"]) for p in course["points"]}
    assert arms["Evans 2025 (NIMH)", "ketamine", 48] == ("6", "27")
    assert ("Evans 2025 (NIMH)", "control", 48) not in arms
    assert arms["Sos 2013", "control", 24] == ("1", "27") and arms["Sos 2013", "ketamine", 24] == ("10", "27")


@pytest.mark.slow
def test_thirty_analyses_with_all_printed_results_and_statements_have_700_kb():
    made = make_page(ROOT)
    config, kept = made.project.config, made.results.analyses[:30]
    config = config.model_copy(update={"analyses": config.analyses[:30], "page": type(config.page)()})
    results = dataclasses.replace(made.results, analyses=kept, questions=find_questions(config, kept))
    html = render_report(dataclasses.replace(made.content, config=config, results=results, filled={}))
    assert len(made.content.reproductions) > 100 and len(made.content.claims) > 30
    assert len(html.encode()) < 700_000


def test_the_first_lines_say_how_many_of_the_studies_are_in_results(made, trees):
    used = {s["study_id"] for a in made["default"].plain.values() for s in a["studies"] if s["estimable"]}
    (line,) = trees["default"].all(kind="by")
    assert f"{len(made['default'].project.data.studies)} studies ({len(used)} in results)" in line.words()
