"""The page: one HTML file with one style and one script of its own, and no request to anywhere."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from metarepro import __version__
from metarepro.analysis.config import Config
from metarepro.analysis.flow import Flow
from metarepro.analysis.result import MadeOf, Results
from metarepro.claims.result import AuditedClaim
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity import Finding
from metarepro.evidence.tables import Source
from metarepro.report.anchors import anchor_of
from metarepro.report.assurance import assurance_view, levels_of
from metarepro.report.audit import claims_view, reproductions_view
from metarepro.report.cards import Filled, cards_view, chosen_cards, chosen_findings, filled_text
from metarepro.report.changes_part import changes_view
from metarepro.report.findings_table import findings_view
from metarepro.report.methods_part import methods_view
from metarepro.report.outcomes import outcomes_view, sections_of
from metarepro.report.over_time_plot import over_time_views
from metarepro.report.picture import picture_view
from metarepro.report.robustness_view import robustness_views
from metarepro.report.studies import flags_of, studies_view
from metarepro.report.time_plot import time_view
from metarepro.report.words import Reader, plural
from metarepro.reproduction.result import Reproduction

_TEMPLATES = Path(__file__).parent / "templates"
_URL = re.compile(r"https?://[^\s<>\"']+")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
# Files beside the page, with what they hold.
DOWNLOADS = (
    ("results.json", "every number at full precision"),
    ("summary.csv", "one row for each result and each variant"),
    ("flows.csv", "which studies are left out of which analysis, and why"),
    ("claims.csv", "the statements"),
    ("reproduction.csv", "printed and recomputed results"),
    ("integrity.csv", "automatic notes on the tables"),
    ("tables/summary_of_findings.csv", "summary of findings"),
    ("tables/leave_one_out.csv", "each pooled result without each study"),
    ("tables/characteristics.csv", "characteristics of the studies"),
    ("tables/certainty.csv", "certainty, domain by domain"),
    ("tables/prisma_checklist.csv", "PRISMA 2020 checklist"),
    ("methods.md", "methods as text"),
    ("references.bib", "references of the methods"),
)


@dataclass(frozen=True)
class Content:
    """What a page is made of.

    Attributes
    ----------
    config : Config
    data : Dataset
        Tables of trials and sources.
    results : Results
    filled : mapping
        Sentences of the settings with their quantities filled in.
    findings : sequence of Finding
        What does not fit in the tables.
    unused : sequence of mapping
        Findings that the configuration accepts and nothing is found of: `code`, `study`, `column`, `reason`.
    changes : mapping or None
        Content of changes.json.
    reproductions, claims : sequence
    further : mapping of str to sequence of str
        Addresses of the figures of an analysis, by its id.
    flow : Flow or None
        Of the review.
    downloads : collection of str
        Files beside the page that exist; links to others are left out.
    """

    config: Config
    data: Dataset
    results: Results
    filled: Filled = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    unused: Sequence[Mapping[str, str]] = ()
    changes: Mapping[str, Any] | None = None
    reproductions: Sequence[Reproduction] = ()
    claims: Sequence[AuditedClaim] = ()
    further: Mapping[str, Sequence[str]] = field(default_factory=dict)
    flow: Flow | None = None
    downloads: Sequence[str] = ()


def render_report(content: Content) -> str:
    """Render the page.

    Parameters
    ----------
    content : Content

    Returns
    -------
    str
        The page. All text is escaped; links lead to http(s) only; nothing is requested from anywhere. Style and script
        are allowed by their hash and nothing else is.
    """
    context = _context(content)
    style, script = _style(), _script()
    environment = _environment()
    parts = {**context, "style": Markup(style), "script": Markup(script), "style_hash": _hash(style),
             "script_hash": _hash(script)}  # fmt: skip
    return environment.get_template("page.html").render(**parts)


def _environment() -> Any:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "link": link_of,
        "words": words_of,
        "host": host_of,
        "spelled": lambda n: _NUMBERS[n].capitalize() if n < len(_NUMBERS) else str(n),
    }
    return environment


def _context(c: Content) -> dict[str, Any]:
    config, results = c.config, c.results.analyses
    by_id = {r.id: r for r in results}
    meaning = {config.agents.get(agent, agent): words for agent, words in config.page.meaning.items()}
    reader = Reader(config.time_unit, meaning)
    sections = sections_of(results, c.results.questions)
    chosen = chosen_cards(config, by_id)
    names = chosen_findings(config, chosen, by_id)
    flags = flags_of(c.findings)
    opens = {r.id: anchor_of(q[0].id) for s in sections for q in s.questions for r in q}
    cards = cards_view(config, chosen, by_id, c.filled, reader, opens)
    lede = [filled_text(c.filled[at]) for at in sorted(k for k in c.filled if k[:2] == ("page", "lede"))]
    claims, printed = claims_view(config, c.claims), reproductions_view(c.reproductions)
    pictures, course = picture_view(sections, reader), time_view(results, reader)
    findings, models = findings_view(names, by_id, reader), over_time_views(results, reader)
    sources = _cited(c)
    studies = len(c.data.studies)
    parts = (
        ("answer", "Answers", True),
        ("picture", "One picture", bool(pictures)),
        ("findings", "Summary of findings", bool(findings["rows"])),
        ("time", "How long", course is not None or bool(models)),
        ("outcomes", "Outcomes", True),
        ("sure", "How sure", True),
        ("claims", "Statements, checked", claims is not None),
        ("reproduction", "Other reviews, recomputed", printed is not None),
        ("studies", "Studies", True),
        ("methods", "Methods, glossary", True),
        ("files", "Files, sources, run", True),
    )
    question = config.page.question or config.title
    files = {table: file.removeprefix(f"{config.data}/") for table, file in c.data.files.items()}
    changes = changes_view(c.changes, results)
    contents = [(anchor, name) for anchor, name, shown in parts if shown]
    # Anchors that exist: links lead nowhere else.
    anchors = {anchor_of(r.id) for r in results} | {anchor for anchor, _ in contents} | {"sources"}
    anchors |= {f"printed-{r.id}" for r in c.reproductions}
    by = f"{config.authors}. " if config.authors else ""
    used = len({s.study_id for r in results for s in r.studies if s.estimable})
    return {
        "title": config.title, "question": question, "lede": lede, "version": __version__,
        "updated": config.page.updated, "description": " ".join(x.striptags() for x in lede) or question,
        "counts": {"studies": plural(studies, "study"), "used": used, "sources": plural(len(sources), "source")},
        "contents": contents, "cards": cards, "has_icons": any(card["icons"] for card in cards), "pictures": pictures,
        "findings": findings, "course": course, "models": models, "claims": claims, "printed": printed,
        "outcomes": outcomes_view(sections, reader, flags, files, c.further),
        "sure": assurance_view(results, names, flags, levels_of(results)),
        "robust": robustness_views([by_id[name] for name in names]),
        "studies": studies_view(config, c.data, results, c.findings),
        "methods": methods_view(results, c.flow, studies, reader),
        "accepted": [f for f in c.findings if f.accepted], "unused": c.unused, "changes": changes,
        "bibliography": sources, "sources": {s.source_id for s in sources}, "anchors": anchors,
        "downloads": [d for d in DOWNLOADS if d[0] in c.downloads], "made_of": _made_of(c.results.made_of),
        "citation": f"{by}{config.title}. metarepro {__version__}"
        f"{f', data of {config.page.updated}' if config.page.updated else ''}.",
    }  # fmt: skip


def _cited(c: Content) -> list[Source]:
    """Sources that anything on the page rests on."""
    cited = {p.source_id for r in c.results.analyses for s in r.studies for p in s.provenance}
    cited |= {x.provenance.source_id for r in c.results.analyses for x in r.references}
    cited |= {r.source_id for r in c.reproductions}
    cited |= {ref.source_id for claim in c.claims for e in claim.evidence for ref in e.references}
    return [c.data.sources[s] for s in sorted(cited) if s in c.data.sources]


def _made_of(made: MadeOf) -> dict[str, str]:
    return {"rows": made.rows[:12], "settings": made.settings[:12], "code": made.code[:12]}


def _script() -> str:
    """The script of the page without comments and spaces."""
    import rjsmin

    return str(rjsmin.jsmin((_TEMPLATES / "page.js").read_text(encoding="utf-8")))


def _style() -> str:
    """The style sheet of the page without comments and indentation."""
    lines = [line.strip() for line in (_TEMPLATES / "page.css").read_text(encoding="utf-8").splitlines()]
    kept = "\n".join(line for line in lines if line and not line.startswith("/*"))
    return re.sub(r"\s*([{};,])\s*|(:)\s+", r"\1\2", kept)


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def link_of(text: str) -> str:
    """The first http(s) address in a text, or nothing."""
    found = _URL.search(text)
    return found.group().rstrip(".,;)") if found else ""


def host_of(address: str) -> str:
    """The host of an address, by which a link is named."""
    return re.sub(r"^https?://(www\.)?|/.*$", "", address)


def words_of(text: str, most: int = 400) -> str:
    """A text without line breaks and control characters, shortened when it is longer than `most`."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else flat[: most - 3] + "..."
