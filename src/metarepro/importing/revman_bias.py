"""Risk of bias as a RevMan file holds it -> rows of risk_of_bias.csv and the tool that the review used."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import get_args

from metarepro.evidence.bias_tools import BIAS_TOOLS, MOST_DOMAINS, OVERALL, BiasTool, Judgement, numbered

OWN_TOOL = "review_domains"
_REASON, _ASSESSOR = "as judged in the review", "the authors of the review"
_OVERALL = re.compile(r"overall (bias|risk)", re.I)
# Words of RevMan, by what is left of them in small letters.
_WORDS = {
    "yes": "low", "low": "low", "no": "high", "high": "high", "unknown": "unclear", "unclear": "unclear",
    "some concerns": "some", "moderate": "moderate", "serious": "serious", "critical": "critical",
    "no information": "no_information",
}  # fmt: skip
_Row = dict[str, str]


@dataclass
class BiasItem:
    """A domain: its name, and by study the judgement and the support for it, both as the file has them."""

    name: str
    judged: dict[str, tuple[str, str]] = field(default_factory=dict)


def judgement_of(words: str, support: str) -> str:
    """Our word for a judgement; empty for none, which "unclear" without a reason is in RevMan, too."""
    text = re.sub(r"\s*\brisk\b( of bias)?|[^a-z ]", "", words.strip().lower()).strip()
    found = _WORDS.get(text, "")
    return "" if words.strip().upper() == "UNKNOWN" and not support else found


def bias_rows(items: Iterable[BiasItem], ids: Mapping[str, list[str]]) -> tuple[list[_Row], BiasTool, list[str]]:
    """Rows of the table, the tool that they are of, and names of domains for which there is no column.

    Parameters
    ----------
    items : iterable of BiasItem
    ids : mapping of str to list of str
        Ids of the studies in the tables, by their keys in the file.
    """
    used = [item for item in items if any(judgement_of(*j) for j in item.judged.values())]
    overall = next((item for item in used if _OVERALL.match(item.name)), None)
    domains = [item for item in used if item is not overall]
    lost = [item.name for item in domains[MOST_DOMAINS:]]
    domains = domains[:MOST_DOMAINS]
    words = {judgement_of(*j) for i in used for j in i.judged.values()} - {""}
    tool, places = _tool([item.name for item in domains], words)
    columns = list(zip(places, domains, strict=True))
    if overall is not None:
        columns.append((OVERALL, overall))
    rows = []
    for key, studies in ids.items():
        row: _Row = {}
        for column, item in columns:
            judged, support = item.judged.get(key, ("", ""))
            if word := judgement_of(judged, support):
                row |= {column: word, f"{column}_reason": support or _REASON}
        rows += [{"study_id": s, "outcome": "", "tool": tool.id, **row, "assessor": _ASSESSOR} for s in studies if row]
    return rows, tool, lost


def _tool(names: list[str], words: set[str]) -> tuple[BiasTool, list[str]]:
    """The known tool that has these domains and makes these judgements, else the review's own; and their columns."""
    plain = [_plain(name) for name in names]
    for tool in BIAS_TOOLS.values():
        column_of = {_plain(name): column for column, name in tool.domains.items()}
        if len(set(plain)) == len(plain) and set(plain) <= set(column_of) and words <= set(tool.judgements):
            return tool, [column_of[name] for name in plain]
    judgements = tuple(j for j in get_args(Judgement) if j in words | {"low", "high", "unclear"})
    own = BiasTool(OWN_TOOL, "as in the review", numbered(*names), judgements, has_overall=False)
    return own, list(own.domains)


def _plain(name: str) -> str:
    """A name of a domain in one spelling."""
    text = re.sub(r"\(.*?\)|[^a-z ]", "", name.lower().replace("randomiz", "randomis"))
    return " ".join(text.split())
