"""Settings of the documentation site; docs/build.py calls Sphinx with them."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "src"))

import metarepro  # noqa: E402 - the path must be set first

project, author, copyright = "metarepro", "the metarepro contributors", "the metarepro contributors"  # noqa: A001 - what Sphinx calls it
version = release = metarepro.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"metarepro {version}"
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1f4e79", "color-brand-content": "#1f4e79"},
    "dark_css_variables": {"color-brand-primary": "#8fb8e0", "color-brand-content": "#8fb8e0"},
}
html_show_sourcelink = html_copy_source = False
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
# Docstrings name types in words, so that signatures need not repeat them.
autodoc_typehints = "none"
autodoc_member_order = "bysource"

napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_use_param = False
_NAME = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_BAR = re.compile(r"(?<![\\`])\|")


def write_names(app, what, name, obj, options, lines) -> None:
    """One backtick is a public name, which becomes a link to its page, or code; attributes are a list without links."""
    lines[:] = list_attributes(lines)
    for i, line in enumerate(lines):
        if line.lstrip().startswith((">>>", "...")):
            continue
        line = _NAME.sub(lambda found: _link(found[1]), line)
        # A bar is no substitution, nor is a word that ends with an underscore a reference.
        parts = re.split(r"(``.*?``|:\w+:`.*?`)", line)
        lines[i] = "".join(
            p if n % 2 else re.sub(r"_(?=\W|$)", r"\\_", _BAR.sub(r"\\|", p)) for n, p in enumerate(parts)
        )


def list_attributes(lines: list[str]) -> list[str]:
    """Attributes as definitions: Sphinx would link each to an attribute of that name in any class."""
    found: list[str] = []
    inside = False
    types = dict(m.groups() for line in lines if (m := re.match(r":vartype ([^:]*): (.*)", line)))
    for line in lines:
        if entry := re.match(r":ivar ([^:]*): ?(.*)", line):
            if not inside:
                found += ["", ".. rubric:: Attributes", ""]
            inside = True
            kind = f" : {types[entry[1]]}" if entry[1] in types else ""
            found += ["", f"**{entry[1]}**{kind}", f"    {entry[2]}"]
        elif not line.startswith(":vartype"):
            found.append(f"    {line.strip()}" if inside and line.startswith(" ") else line)
    return found


def _link(name: str) -> str:
    short = name.removesuffix("()").removeprefix("metarepro.").removeprefix("mr.")
    return f":py:obj:`~metarepro.{short}`" if short in metarepro.__all__ else f"``{name}``"


def setup(app) -> None:
    """Register what changes docstrings."""
    app.connect("autodoc-process-docstring", write_names, priority=900)
