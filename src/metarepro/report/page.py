"""The report: one HTML file without scripts, requests or fonts of its own choosing."""

from __future__ import annotations

import base64
import io
import re
import string
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metarepro import __version__
from metarepro.analysis.decimals import decimals_of_means, measure_of
from metarepro.analysis.result import AnalysisResult, SensitivityResult, StudyEffect, Summary
from metarepro.changes import setting_text
from metarepro.claims.result import AuditedClaim
from metarepro.effects import get_measure
from metarepro.evidence.integrity import Finding
from metarepro.evidence.tables import Source
from metarepro.evidence.times import in_unit
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.fonts import FILES, WEB_FAMILY
from metarepro.figures.wording import (
    describe_figure,
    effect_label,
    headline,
    heterogeneity_line,
    subgroup_test_line,
)
from metarepro.report.anchors import anchor_of
from metarepro.report.audit import claims_view, reproductions_view
from metarepro.report.regression import regression_view
from metarepro.reproduction.result import Reproduction

_TEMPLATES = Path(__file__).parent / "templates"
# Tags of an SVG or a page. Texts between them hold no "<", so that nothing a user wrote is ever taken for one.
_TAG = re.compile(r"<[^>]*>")
# Only what a style sheet takes as it stands.
_STYLE = re.compile(r'style="([^"<>{}&]*)"')
_URL = re.compile(r"https?://[^\s<>\"']+")


def render_report(
    title: str,
    authors: str,
    results: Sequence[AnalysisResult],
    figures: Mapping[str, str],
    sources: Mapping[str, Source],
    findings: Sequence[Finding] = (),
    unused: Sequence[Mapping[str, str]] = (),
    changes: Mapping[str, Any] | None = None,
    files: Mapping[str, str] | None = None,
    reproductions: Sequence[Reproduction] = (),
    claims: Sequence[AuditedClaim] = (),
    printed_figures: Sequence[str] = (),
    panels: Sequence[str] = (),
    evidence_figures: Mapping[str, str] | None = None,
    further: Mapping[str, Sequence[str]] | None = None,
    bubbles: Mapping[str, Sequence[str]] | None = None,
    time_unit: str = "auto",
) -> str:
    """Render the report.

    Parameters
    ----------
    title, authors : str
        From the configuration.
    results : sequence of AnalysisResult
        In the order of the page.
    figures : mapping of str to str
        SVG text of the forest plot of each analysis that has one, by analysis id.
    sources : mapping of str to Source
        The bibliography.
    findings : sequence of Finding
        What does not fit in the tables.
    unused : sequence of mapping
        Findings that the configuration accepts and nothing is found of: `code`, `study`, `column`, `reason`.
    changes : mapping, optional
        Content of changes.json; nothing is said about it when there was no run before, or nothing changed.
    files : mapping, optional
        Name of the file (and sheet) of each table; NAME.csv if left out.
    reproductions : sequence of Reproduction
        Printed results; nothing is said about them if there are none.
    claims : sequence of AuditedClaim
    printed_figures : sequence of str
        SVG texts of the pages of printed against recomputed results.
    panels : sequence of str
        SVG texts of the figures of several analyses.
    evidence_figures : mapping of str to str
        SVG texts of the figures of the tables: risk of bias, findings, time courses; by name.
    further : mapping of str to sequence of str
        Addresses of further figures of an analysis, by its id.
    bubbles : mapping of str to sequence of str
        SVG texts of the bubble plots of an analysis, by its id.
    time_unit : str
        Unit of times: h, d, wk, mo, or auto.

    Returns
    -------
    str
        The page. All text is escaped; links lead to http(s) only; nothing is requested from anywhere.
    """
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["link"] = link_of
    environment.filters["words"] = words_of
    environment.filters["anchor"] = anchor_of
    pictures = _Pictures()
    sections: dict[str, list[dict[str, Any]]] = {}
    cited: set[str] = set()
    for result in results:
        # The figure is the workflow's own SVG, whose texts are escaped where it is written.
        figure = pictures.add(figures[result.id], anchor_of(result.id)) if result.id in figures else ""
        plots = enumerate((bubbles or {}).get(result.id, ()), 1)
        shown = [pictures.add(svg, f"{anchor_of(result.id)}-bubble-{i}") for i, svg in plots]
        view = {
            **analysis_view(result, time_unit),
            "figure": figure,
            "bubbles": shown,
            "regression": regression_view(result),
        }
        sections.setdefault(result.section, []).append(view)
        cited |= {p.source_id for s in result.studies for p in s.provenance}
        cited |= {r.provenance.source_id for r in result.references}
    cited |= {r.source_id for r in reproductions}
    cited |= {ref.source_id for c in claims for e in c.evidence for ref in e.references}
    bibliography = [sources[s] for s in sorted(cited) if s in sources]
    listed = [pictures.add(f, f"_panels-{i}") for i, f in enumerate(panels, 1)]
    evidence = {name: pictures.add(f, f"_evidence-{name}") for name, f in (evidence_figures or {}).items()}
    pages = [pictures.add(f, f"_printed-page-{i}") for i, f in enumerate(printed_figures, 1)]
    rules = pictures.share_styles()
    body = environment.get_template("report.html").render(
        title=title, authors=authors, version=__version__, sections=sections, bibliography=bibliography,
        total=len(results), changes=changes_view(changes, results),
        findings=sorted((f for f in findings if not f.accepted), key=lambda f: f.severity != "warning"),
        files=files or {},
        accepted=[f for f in findings if f.accepted], unused=unused,
        printed=reproductions_view(reproductions, _agents(results)) if reproductions else None,
        claims=claims_view(claims) if claims else None,
        panels=listed, evidence=evidence, further=further or {}, printed_figures=pages,
    )  # fmt: skip
    fonts = font_faces(set(_TAG.sub("", body)) | set(title) | set(string.printable))
    page = environment.get_template("page.html")
    return page.render(title=title, styles=Markup(f"{fonts}\n{rules}"), body=Markup(body))


class _Picture:
    """An SVG in the page; its text is asked for when the page is made."""

    def __init__(self, svg: str) -> None:
        self.svg = svg

    def __html__(self) -> str:
        return self.svg


class _Pictures:
    """The figures of a page, which share their styles."""

    def __init__(self) -> None:
        self.all: list[_Picture] = []

    def add(self, svg: str, name: str) -> _Picture:
        self.all.append(_Picture(inline_svg(svg, name)))
        return self.all[-1]

    def share_styles(self) -> str:
        """Make the styles that the figures repeat to classes, and return the rules of these classes."""
        tags = (tag for picture in self.all for tag in _TAG.findall(picture.svg))
        counts = Counter(style for tag in tags for style in _STYLE.findall(tag))
        names = {style: f"f{i}" for i, (style, n) in enumerate(counts.most_common()) if n > 3}

        def named(match: re.Match[str]) -> str:
            return f'class="{names[match.group(1)]}"' if match.group(1) in names else match.group()

        for picture in self.all:
            picture.svg = _TAG.sub(lambda tag: _STYLE.sub(named, tag.group()), picture.svg)
        return "\n".join(f".{name}{{{style}}}" for style, name in names.items())


def changes_view(changes: Mapping[str, Any] | None, results: Sequence[AnalysisResult]) -> dict[str, Any] | None:
    """What the template shows of the changes since the run before; None if there is nothing to show."""
    if changes is None or not changes["compared"]:
        return None
    measures = {r.id: get_measure(r.measure) for r in results}
    numbers = []
    for n in changes["numbers"]:
        measure = measures.get(n["analysis"])
        shown = [_changed_number(n["number"], measure, n[side]) for side in ("old", "new")]
        share = f"{n['percent']:+.2g}%".replace("-", "\u2212") if n["percent"] is not None else ""
        numbers.append({**n, "label": _NUMBER_NAMES.get(n["number"], n["number"]), "shown": shown, "share": share})
    settings = [{**s, "shown": [setting_text(s[side]) for side in ("old", "new")]} for s in changes["settings"]]
    view = {**changes, "numbers": numbers, "settings": settings}
    view["moved"] = sorted({n["analysis"] for n in numbers} | set(changes["others"]))
    parts = ("rows", "settings", "figures", "added", "removed", "moved")
    return view if any(view[part] for part in parts) else None


_NUMBER_NAMES = {
    "k": "studies", "ci_low": "interval, low", "ci_high": "interval, high", "pi_low": "prediction interval, low",
    "pi_high": "prediction interval, high", "tau2": "τ²", "i2": "I²", "p_value": "P",
}  # fmt: skip


def _changed_number(name: str, measure: Any, value: float | None) -> str:
    """A number with more digits than elsewhere, so that a small change shows."""
    if value is None:
        return "\u2013"
    if measure is not None and measure.percent and name in ("estimate", "ci_low", "ci_high", "pi_low", "pi_high"):
        return f"{100 * value:.4g}%".replace("-", "\u2212")
    return f"{value:.5g}".replace("-", "\u2212")


def analysis_view(result: AnalysisResult, time_unit: str = "auto") -> dict[str, Any]:
    """What the template shows of one analysis: numbers as text, nothing left to compute."""
    measure = measure_of(result)
    decimals = decimals_of_means(result.studies)
    weights = fmt.weights([s.weight for s in result.studies])
    studies = [
        {
            "study": s,
            "numbers": _inputs(s, decimals),
            "effect": fmt.with_interval(measure, s.estimate, s.ci_low, s.ci_high) if s.estimable else "not estimable",
            "weight": w if result.combine == "pool" and s.estimable else "\u2013",
            "time": in_unit(s.timepoint_h, time_unit) if s.timepoint_h is not None else "not printed",
        }
        for s, w in zip(result.studies, weights, strict=True)
    ]
    changed = [x for x in result.sensitivity if _differs(x, result.summary)]
    return {
        "result": result,
        "headline": headline(result),
        "alt": describe_figure(result),
        "label": effect_label(result),
        "unit": fmt.unit(measure),
        "measure": measure,
        "studies": studies,
        "k": result.summary.k if result.summary else 0,
        "patients": fmt.count(result.summary.participants) if result.summary else "\u2013",
        "effect": "" if result.is_of_few else _effect(measure, result.summary),
        "folded": _effect(measure, result.summary) if result.is_of_few else "",
        "prediction": _prediction(measure, result.summary),
        "heterogeneity": heterogeneity_line(result.summary)
        if result.summary and result.summary.k > 1 and result.combine == "pool"
        else "",
        "subgroups": [(g.label, g.summary.k, _effect(measure, g.summary)) for g in result.subgroups]
        if len(result.subgroups) > 1
        else [],
        "subgroup_test": subgroup_test_line(result)
        if result.subgroup_test is not None and result.subgroup_test.df > 0
        else "",
        "sensitivity": [
            {
                "label": x.label,
                "k": x.summary.k if x.summary else 0,
                "effect": _effect(measure, x.summary) if x.summary else x.note,
                "what": _what_changed(x),
            }
            for x in changed
        ],
        "unchanged": [x.label for x in result.sensitivity if x not in changed],
        "references": [
            {
                "label": r.label,
                "value": fmt.effect(measure, r.estimate) + ("%" if measure.percent else ""),
                "source": r.provenance.source_id,
                "locator": r.provenance.locator,
            }
            for r in result.references
        ],
        "warnings": result.summary.notes if result.summary else (),
    }


def _inputs(study: StudyEffect, decimals: int) -> str:
    i = study.inputs
    if {"e", "n"} <= set(i):
        return f"{fmt.count(i['e'])}/{fmt.count(i['n'])}"
    if {"e1", "n1", "e2", "n2"} <= set(i):
        return f"{fmt.count(i['e1'])}/{fmt.count(i['n1'])} v {fmt.count(i['e2'])}/{fmt.count(i['n2'])}"
    if {"m1", "sd1", "n1", "m2", "sd2", "n2"} <= set(i):
        return " v ".join(
            f"{fmt.fixed(i['m' + a], decimals)} (SD {fmt.fixed(i['sd' + a], decimals)}, n {fmt.count(i['n' + a])})"
            for a in "12"
        )
    if i and study.kind != "contrast":
        return ", ".join(f"{name} = {value:g}" for name, value in i.items())
    return "; ".join(p.says for p in study.provenance)


def _effect(measure: Any, s: Summary | None) -> str:
    return "\u2013" if s is None else fmt.with_interval(measure, s.estimate, s.ci_low, s.ci_high)


def _agents(results: Sequence[AnalysisResult]) -> list[str]:
    """Experimental treatments of at least two analyses."""
    counts = Counter(r.experimental_label for r in results)
    return [label for label, n in counts.items() if label and n > 1]


def _prediction(measure: Any, s: Summary | None) -> str:
    if s is None or s.pi_low != s.pi_low:
        return "\u2013"
    return fmt.interval(measure, s.pi_low, s.pi_high)


def _differs(x: SensitivityResult, main: Summary | None) -> bool:
    if x.summary is None or main is None:
        return x.summary is not main
    same = (x.summary.estimate, x.summary.ci_low, x.summary.ci_high) == (main.estimate, main.ci_low, main.ci_high)
    return not (same and x.same_studies)


def _what_changed(x: SensitivityResult) -> str:
    parts = []
    if x.left_out:
        parts.append("without " + ", ".join(o.label for o in x.left_out))
    if x.added:
        parts.append("with " + ", ".join(x.added))
    return "; ".join(parts) or "same studies"


def link_of(text: str) -> str:
    """The first http(s) address in a text, or nothing."""
    found = _URL.search(text)
    return found.group().rstrip(".,;)") if found else ""


def words_of(text: str) -> str:
    """A text without line breaks and control characters, shortened when very long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= 400 else flat[:397] + "..."


def inline_svg(svg: str, name: str) -> str:
    """An SVG file as part of a page: no prolog, no global style, ids that no other figure has."""
    svg = svg[svg.index("<svg") :]
    # matplotlib repeats every text in a comment; rows are of use in the files only.
    svg = re.sub(r"<!--.*?-->\n?", "", svg, flags=re.S)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.S)
    svg = re.sub(r"<style[^>]*>.*?</style>", "", svg, flags=re.S)
    return _TAG.sub(lambda tag: _inline_tag(tag.group(), name), svg)


def _inline_tag(tag: str, name: str) -> str:
    """A tag of an SVG whose ids are of this figure only. A dot stands in no id of an analysis."""
    if re.fullmatch(r'<g class="mr-[^"]*"(?: data-row="\d+")?>', tag):
        return "<g>"
    tag = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", tag)
    tag = re.sub(r'\bid="([^"]+)"', rf'id="{name}.\1"', tag)
    tag = re.sub(r'(xlink:href|href)="#([^"]+)"', rf'\1="#{name}.\2"', tag)
    tag = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}.\1)", tag)
    return re.sub(
        r'aria-labelledby="([^"]+)"',
        lambda m: 'aria-labelledby="' + " ".join(f"{name}.{i}" for i in m.group(1).split()) + '"',
        tag,
    )


def font_faces(characters: set[str]) -> str:
    """The figures' font, cut to the characters of the page, as CSS: measured widths hold on every machine."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    faces = []
    for weight, file in FILES.items():
        font = TTFont(file, recalcTimestamp=False, lazy=True)
        options = subset.Options()
        options.layout_features = ["kern"]
        options.hinting = False
        tool = subset.Subsetter(options)
        tool.populate(unicodes=sorted(ord(c) for c in characters))
        tool.subset(font)
        font.flavor = "woff"
        buffer = io.BytesIO()
        font.save(buffer)
        data = base64.b64encode(buffer.getvalue()).decode("ascii")
        faces.append(
            f"@font-face{{font-family:'{WEB_FAMILY}';font-weight:{'bold' if weight == 'bold' else 'normal'};"
            f"src:url(data:font/woff;base64,{data}) format('woff')}}"
        )
    return "\n".join(faces)
