"""A page as a tree: enough of a document to ask it where its numbers stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "input", "img", "hr"}


@dataclass
class Node:
    """An element, or a text (`name` is empty then)."""

    name: str
    attrs: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list[Node] = field(default_factory=list)
    parent: Node | None = None

    def walk(self) -> Iterator[Node]:
        """The element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def words(self) -> str:
        """Its text as a reader sees it."""
        return " ".join("".join(n.text for n in self.walk()).split())

    def closest(self, attr: str) -> Node | None:
        """The nearest element with an attribute, from here upwards."""
        node: Node | None = self
        while node is not None and attr not in node.attrs:
            node = node.parent
        return node

    def has(self, kind: str) -> bool:
        """Whether it is of a class."""
        return kind in self.attrs.get("class", "").split()

    def all(self, **wanted: str) -> list[Node]:
        """Elements with attributes, by name or by class (`kind`)."""
        found = []
        for n in self.walk():
            same = all(
                n.has(v) if k == "kind" else n.name == v if k == "tag" else n.attrs.get(k.replace("_", "-")) == v
                for k, v in wanted.items()
            )
            if n.name and same:
                found.append(n)
        return found


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("document")

    def handle_starttag(self, tag, attrs):
        node = Node(tag, {k: v or "" for k, v in attrs}, parent=self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag, attrs):
        self.at.children.append(Node(tag, {k: v or "" for k, v in attrs}, parent=self.at))

    def handle_endtag(self, tag):
        node: Node | None = self.at
        while node is not None and node.name != tag:
            node = node.parent
        assert node is not None, f"</{tag}> closes nothing"
        assert node is self.at or tag in ("tr", "td", "li", "p", "tbody", "thead"), f"</{tag}> closes <{self.at.name}>"
        self.at = node.parent or self.root

    def handle_data(self, data):
        self.at.children.append(Node("", text=data, parent=self.at))


def parse(html: str) -> Node:
    """The tree of a page; elements that are closed in the wrong order are refused."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root
