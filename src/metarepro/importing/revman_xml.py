"""RevMan 5 files (.rm5): XML -> review.

No document type is accepted, so there are no entities to expand and nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from metarepro.errors import DataError
from metarepro.importing.names import clean_text
from metarepro.importing.revman_bias import BiasItem
from metarepro.importing.revman_review import Entry, Outcome, Printed, Review, measure_code, refuse

MAX_DEPTH = 100
_KINDS = {
    "DICH_OUTCOME": "counts", "CONT_OUTCOME": "means", "IV_OUTCOME": "generic", "IPD_OUTCOME": "o_e",
    "OTHER_OUTCOME": "other data",
}  # fmt: skip
_NUMBERS = {
    "EVENTS_1": "e1", "TOTAL_1": "n1", "EVENTS_2": "e2", "TOTAL_2": "n2", "MEAN_1": "m1", "SD_1": "sd1",
    "MEAN_2": "m2", "SD_2": "sd2", "ESTIMATE": "estimate", "SE": "se", "O_E": "o_e", "VAR": "variance",
    "EFFECT_SIZE": "effect", "CI_START": "low", "CI_END": "high", "WEIGHT": "weight",
}  # fmt: skip
_POOLED = {"YES": "all", "SUB": "subgroups", "NO": "none"}


@dataclass
class Element:
    """An XML element and the line it starts in."""

    tag: str
    attributes: dict[str, str]
    line: int
    content: list[Element | str] = field(default_factory=list)

    @property
    def children(self) -> list[Element]:
        """The elements in it, without the texts between them."""
        return [c for c in self.content if isinstance(c, Element)]

    def all(self, *path: str) -> list[Element]:
        """Elements at the end of a path of tags."""
        found = [self]
        for tag in path:
            found = [c for e in found for c in e.children if c.tag == tag]
        return found

    def text(self, *path: str) -> str:
        """Text of the first element at the end of a path, in one clean line."""
        return next((clean_text("".join(e.pieces())) for e in self.all(*path)), "")

    def pieces(self) -> Iterator[str]:
        """All text inside, in its order."""
        for part in self.content:
            if isinstance(part, str):
                yield part
            else:
                yield from part.pieces()


def parse_xml(raw: bytes, shown: str) -> Element:
    """Parse XML bytes into elements.

    Raises
    ------
    DataError
        E040: no well-formed XML, or with a document type or too many levels.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    top = Element("", {}, 0)
    stack = [top]

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            refuse("E040", f"the elements are nested more than {MAX_DEPTH} deep", shown, parser.CurrentLineNumber)
        element = Element(tag, attributes, parser.CurrentLineNumber)
        stack[-1].content.append(element)
        stack.append(element)

    def refuse_doctype(*_: object) -> None:
        refuse("E040", "a document type is declared, which no RevMan file has", shown, parser.CurrentLineNumber, 0,
               "Allowed: a file as RevMan 5 saves it.")  # fmt: skip

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: stack.pop()
    parser.CharacterDataHandler = lambda text: stack[-1].content.append(text)
    parser.StartDoctypeDeclHandler = refuse_doctype
    parser.EntityDeclHandler = refuse_doctype
    try:
        parser.Parse(raw, True)
    except DataError:
        raise
    except expat.ExpatError as error:
        what = f"the XML is broken: {expat.ErrorString(error.code)}"
        refuse("E040", what, shown, error.lineno, error.offset + 1, "Fix: save the review in RevMan again.")
    except (LookupError, ValueError) as error:
        refuse("E040", f"the XML cannot be read: {clean_text(str(error), 100)}", shown, 1)
    return top.children[0]


def read_xml(raw: bytes, shown: str) -> Review:
    """Read a RevMan 5 file.

    Raises
    ------
    DataError
        E040: no RevMan 5 file.
    """
    root = parse_xml(raw, shown)
    if root.tag != "COCHRANE_REVIEW":
        refuse("E040", f"the file is XML, but no RevMan review: its root is {clean_text(root.tag, 40)!r}", shown,
               root.line, 0, "Allowed: COCHRANE_REVIEW, as RevMan 5 writes it.")  # fmt: skip
    studies: dict[str, tuple[str, str]] = {}
    included = root.all("STUDIES_AND_REFERENCES", "STUDIES", "INCLUDED_STUDIES", "STUDY")
    every = [s for group in root.all("STUDIES_AND_REFERENCES", "STUDIES") for g in group.children for s in g.children]
    outcomes = tuple(
        _outcome(comparison, element)
        for comparison in root.all("ANALYSES_AND_DATA", "COMPARISON")
        for element in comparison.children
        if element.tag in _KINDS
    )
    # A study in awaiting or excluded ones counts if it has data.
    used = {entry.study for outcome in outcomes for entry in outcome.entries}
    for element in (*included, *(s for s in every if s.attributes.get("ID") in used)):
        at = element.attributes
        studies.setdefault(at.get("ID", ""), (clean_text(at.get("NAME", "")), at.get("YEAR", "").strip()))
    for outcome in outcomes:
        for entry in outcome.entries:
            if entry.study not in studies:
                what = f"the study {clean_text(entry.study, 60)!r} is not among the studies of the file"
                refuse("E041", what, shown, entry.line, 0, f"analysis: {outcome.number}",
                       "Fix: open and save the file in RevMan again.")  # fmt: skip
    people = root.all("COVER_SHEET", "CREATORS", "PERSON")
    return Review(
        shown, "RevMan 5 file", root.text("COVER_SHEET", "TITLE"),
        ", ".join(f"{p.text('LAST_NAME')} {p.text('FIRST_NAME')[:1]}".strip() for p in people if p.text("LAST_NAME")),
        next((e.attributes.get("YEAR", "") for e in root.all("COVER_SHEET", "DATES", "LAST_CITATION_ISSUE")), ""),
        clean_text(root.attributes.get("DOI", "")), studies, outcomes, (), tuple(_bias(root)),
    )  # fmt: skip


def _outcome(comparison: Element, element: Element) -> Outcome:
    at = element.attributes
    kind = _KINDS[element.tag]
    prefix = element.tag.removesuffix("_OUTCOME")
    entries = [_entry(d, "") for d in element.all(f"{prefix}_DATA")]
    for subgroup in element.all(f"{prefix}_SUBGROUP"):
        name = subgroup.text("NAME") or f"subgroup {clean_text(subgroup.attributes.get('NO', ''), 10)}"
        entries += [_entry(d, name) for d in subgroup.all(f"{prefix}_DATA")]
    # Counts and means have the measure as an attribute, the other kinds as a text.
    words = clean_text(at.get("EFFECT_MEASURE", "")) or element.text("EFFECT_MEASURE")
    method = {"MH": "mh", "PETO": "peto"}.get(at.get("METHOD", ""), "iv") if kind == "counts" else "iv"
    if method != "peto" and at.get("RANDOM", "NO") == "YES":
        method += "_random"
    return Outcome(
        number=f"{_digits(comparison.attributes.get('NO', ''))}.{_digits(at.get('NO', ''))}",
        name=element.text("NAME"),
        comparison=comparison.text("NAME"),
        kind=kind,
        measure=measure_code(words, kind),
        method=method,
        tau2="",
        ci="z",
        level=level(at.get("CI_TOTAL", "")),
        labels=(element.text("GROUP_LABEL_1"), element.text("GROUP_LABEL_2")),
        sides=(element.text("GRAPH_LABEL_1"), element.text("GRAPH_LABEL_2")),
        pooled=_POOLED.get(at.get("TOTALS", "YES"), "all"),
        swapped=at.get("SWAP_EVENTS", "NO") == "YES",
        entries=tuple(entries),
        line=element.line,
        totals=tuple(_totals(element, prefix)),
    )


def _totals(element: Element, prefix: str) -> Iterator[Printed]:
    """Pooled results that the file holds, of each subgroup and of the whole."""
    for part in (*element.all(f"{prefix}_SUBGROUP"), element):
        at = part.attributes
        name = "" if part is element else part.text("NAME") or f"subgroup {clean_text(at.get('NO', ''), 10)}"
        if part is element and at.get("TOTALS", "YES") != "YES":
            continue
        texts = [at.get(n, "").strip() for n in ("EFFECT_SIZE", "CI_START", "CI_END")]
        if all(texts):
            yield Printed(name, *texts)


def _entry(data: Element, subgroup: str) -> Entry:
    numbers = {name: data.attributes[key] for key, name in _NUMBERS.items() if key in data.attributes}
    return Entry(data.attributes.get("STUDY_ID", ""), subgroup, numbers, data.line, data.text("FOOTNOTE"))


def _bias(root: Element) -> Iterator[BiasItem]:
    """Domains of the risk-of-bias table; one for each group of outcomes where a domain is judged by groups."""
    for element in root.all("QUALITY_ITEMS", "QUALITY_ITEM"):
        if element.attributes.get("CHARACTERISTIC", "NO") == "YES":
            continue
        groups = {
            g.attributes.get("ID", ""): g.text("NAME") for g in element.all("QUALITY_ITEM_DATA_ENTRY_GROUP")
        }  # fmt: skip
        items: dict[str, BiasItem] = {}
        for entry in element.all("QUALITY_ITEM_DATA", "QUALITY_ITEM_DATA_ENTRY"):
            group = groups.get(entry.attributes.get("GROUP_ID", ""), "")
            name = ": ".join(n for n in (element.text("NAME"), group) if n)
            judged = (entry.attributes.get("RESULT", ""), entry.text("DESCRIPTION"))
            items.setdefault(name, BiasItem(name)).judged[entry.attributes.get("STUDY_ID", "")] = judged
        yield from items.values()


def level(text: str) -> float:
    """Level of intervals from a percentage; 0.95 when none is given."""
    digits = text.strip().removesuffix("%").strip()
    return int(digits) / 100 if digits.isascii() and digits.isdigit() and 50 < int(digits[:4]) < 100 else 0.95


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) <= 6 else "0"
