"""Columns of a forest plot: what stands in them by the kind of the studies' numbers, and how they read when folded.

A column that has no room beside the plot is folded: its cell moves under the label of its row, in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from metarepro.analysis.decimals import decimals_of_means
from metarepro.analysis.result import AnalysisResult, StudyEffect
from metarepro.effects import Measure
from metarepro.figures.page import numbers as fmt
from metarepro.figures.page.layout import Align, Cell
from metarepro.figures.page.text import one_line
from metarepro.figures.styles import NO_BREAK, Style
from metarepro.figures.wording import effect_label, level_text, method_word, model_word

# In the order in which they give way where there is no room; `effect` is stacked in two lines before it is folded.
Fold = Literal["user", "data", "weight", "effect"]


@dataclass
class Column:
    """A column: its head, an optional spanning head shared with neighbours, its alignment, and when it is folded."""

    key: str
    heads: list[str]
    align: Align
    fold: Fold
    span: str = ""
    x: float = 0.0
    width: float = 0.0
    header: list[str] = field(default_factory=list)  # the heads, wrapped where the column is narrow
    before: float = 0.0  # room that a wide spanning head adds, half of it on each side
    lines: dict[int, list[str]] = field(default_factory=dict)
    point: float = 0.0  # where decimal points stand, from its left; 0 where its texts are not aligned so


@dataclass(frozen=True)
class DataKind:
    """What the studies' own numbers are, and the columns that show them."""

    kind: Literal["one_arm", "counts", "rates", "means", "effects", "steps"]
    columns: tuple[Column, ...]
    decimals: int = 1


def data_kind(result: AnalysisResult, measure: Measure, style: Style) -> DataKind:
    """The columns of the studies' own numbers."""
    kinds = {s.kind for s in result.studies}

    def known(*names: str) -> bool:
        return all(set(names) <= set(s.inputs) for s in result.studies)

    one = capital(one_line(result.experimental_label)) or "Group 1"
    two = capital(one_line(control_name(result))) or "Group 2"
    if result.combine == "compound":
        return DataKind("steps", (_column("n", ["N"]),))
    if kinds <= {"counts"} and known("e", "n") and measure.inputs == "one_arm_counts":
        return DataKind("one_arm", tuple(_counts(style, one, "")))
    if kinds <= {"counts"} and known("e1", "n1", "e2", "n2") and measure.inputs != "one_arm_counts":
        return DataKind("counts", (*_counts(style, one, "1"), *_counts(style, two, "2")))
    if kinds <= {"means"} and known("m1", "sd1", "n1", "m2", "sd2", "n2"):
        columns = [
            _column(key + arm, head, name)
            for arm, name in (("1", one), ("2", two))
            for key, head in (("m", ["Mean (SD)"]), ("n", ["N"]))
        ]
        return DataKind("means", tuple(columns), decimals_of_means(result.studies))
    if len(kinds) == 1 and measure.inputs in ("two_arm_rates", "one_arm_rates") and kinds == {measure.inputs}:
        arms = (("1", one), ("2", two)) if measure.inputs == "two_arm_rates" else (("", one),)
        return DataKind("rates", tuple(_column("et" + arm, ["Events/", "time"], name) for arm, name in arms))
    # Where all studies give the same family of numbers there is nothing to tell apart.
    alike = kinds <= {"effects"} or (len(kinds) == 1 and kinds <= set(GIVEN_AS))
    given = [] if alike else [Column("given", ["Effect", "given as"], "left", "data")]
    sizes = [_column("n", ["N"])] if any(s.participants for s in result.studies) else []
    return DataKind("effects", (*given, *sizes))


def _counts(style: Style, span: str, arm: str) -> list[Column]:
    if style.merged_counts:
        head = ["No./", "total"] if style.name == "jama" else ["n/N"] if style.name == "bmj" else ["Events/", "total"]
        return [_column("en" + arm, head, span)]
    return [_column("e" + arm, ["Events"], span), _column("n" + arm, ["Total"], span)]


def _column(key: str, header: list[str], span: str = "") -> Column:
    return Column(key, header, "right", "data", span)


def effect_column(result: AnalysisResult, style: Style) -> Column:
    """The column of effects with their intervals."""
    words = {"level": level_text(result), "model": model_word(result), "method": method_word(result)}
    # Steps of a compound rate are weighted by nothing.
    second = ("({level}% CI)" if result.combine == "compound" else style.effect_head).format(**words)
    return Column("effect", [effect_label(result), second], "left", "effect")


def weight_column(style: Style) -> Column:
    """The column of weights."""
    head, _, unit = style.weight_head.rpartition(" ") if "%" in style.weight_head else (style.weight_head, "", "")
    return Column("weight", [head, unit] if unit else [head], "right", "weight")


def study_cells(study: StudyEffect, kind: DataKind, style: Style) -> dict[str, str]:
    """Cells of a study's own numbers."""
    i = study.inputs
    if kind.kind in ("one_arm", "counts"):
        return _count_cells(kind, i)
    if kind.kind == "means":
        cells = {"n1": fmt.count(i["n1"]), "n2": fmt.count(i["n2"])}
        for arm in "12":
            mean, sd = (fmt.fixed(i[name + arm], kind.decimals) for name in ("m", "sd"))
            cells["m" + arm] = style.number(f"{mean} ({sd})")
        return cells
    if kind.kind == "rates":
        return _rate_cells(kind, i)
    given = {"counts": "counts", "means": "means, SDs", **GIVEN_AS}.get(study.kind)
    if given is None:
        given = next((word for name, word in _PRINTED_WITH.items() if name in i), "P value")
    return {"given": given, "n": fmt.count(study.participants)}


# What the numbers of a study are, by their kind; and what a printed effect came with.
GIVEN_AS = {
    "averaged": "average", "two_arm_rates": "rates", "one_arm_rates": "rate", "one_arm_means": "mean, SD",
    "correlations": "correlation", "paired_means": "means, SDs", "paired_counts": "paired counts",
    "paired_margins": "paired counts", "diagnostic_counts": "counts",
}  # fmt: skip
_PRINTED_WITH = {"se": "SE", "ci_low": "interval", "variance": "variance", "t_value": "t value"}


def _rate_cells(kind: DataKind, numbers: dict[str, float]) -> dict[str, str]:
    arms = [column.key.removeprefix("et") for column in kind.columns]
    return {f"et{a}": f"{fmt.count(numbers['e' + a])}/{fmt.count(round(numbers['t' + a]))}" for a in arms}


def _count_cells(kind: DataKind, numbers: dict[str, float]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for arm in ("",) if kind.kind == "one_arm" else ("1", "2"):
        e, n = fmt.count(numbers["e" + arm]), fmt.count(numbers["n" + arm])
        cells |= {f"e{arm}": e, f"n{arm}": n, f"en{arm}": f"{e}/{n}"}
    return cells


def sums_of(studies: list[StudyEffect], kind: DataKind) -> tuple[dict[str, str], dict[str, Cell]]:
    """Sums under the columns, as cells and as numbers; empty where a sum would mean nothing."""
    # The same arms at several times are the same patients.
    arms = [tuple(s.effect_id.split("/")[:2]) for s in studies if "/" in s.effect_id]
    if not studies or kind.kind == "steps" or len(set(arms)) < len(arms):
        return {}, {}
    if kind.kind in ("one_arm", "counts"):
        names = ("e", "n") if kind.kind == "one_arm" else ("e1", "n1", "e2", "n2")
        sums = {name: float(sum(s.inputs[name] for s in studies)) for name in names}
        return _count_cells(kind, sums), dict(sums)
    if kind.kind == "means":
        sums = {name: float(sum(s.inputs[name] for s in studies)) for name in ("n1", "n2")}
        return {name: fmt.count(value) for name, value in sums.items()}, dict(sums)
    if kind.kind == "rates":
        given = [x + c.key.removeprefix("et") for c in kind.columns for x in ("e", "t")]
        sums = {name: float(sum(s.inputs[name] for s in studies)) for name in given}
        return _rate_cells(kind, sums), dict(sums)
    known = [s.participants for s in studies if s.participants is not None]
    if len(known) < len(studies):
        return {}, {}
    return {"n": fmt.count(sum(known))}, {"participants": sum(known)}


def folded_words(cells: dict[str, str], kind: DataKind) -> str:
    """The studies' own numbers as they read under a label."""
    if kind.kind == "one_arm":
        return cells.get("en", "")
    if kind.kind == "counts":
        return f"{cells['en1']}{NO_BREAK}v{NO_BREAK}{cells['en2']}" if "en1" in cells else ""
    if kind.kind == "rates":
        return f"{NO_BREAK}v{NO_BREAK}".join(cells[c.key] for c in kind.columns if c.key in cells)
    if kind.kind == "means":
        if "m1" not in cells:
            return f"N {cells['n1']} v {cells['n2']}" if "n1" in cells else ""
        one, two = (f"{cells['m' + a]}, N {cells['n' + a]}".replace(" ", NO_BREAK) for a in "12")
        return f"{one} v{NO_BREAK}{two}"
    return f"N{NO_BREAK}{cells['n']}" if cells.get("n", "\u2013") != "\u2013" else ""


def folded_note(result: AnalysisResult, kind: DataKind, folded: frozenset[Fold]) -> str:
    """What the numbers under the labels are, where columns were folded."""
    if not result.studies:
        return ""
    arms = f", {result.experimental_label or 'group 1'} v {control_name(result) or 'group 2'}"
    names = {
        "one_arm": "events/total",
        "rates": f"events/person-time{arms}",
        "counts": f"events/total{arms}",
        "means": f"mean (SD) and N{arms}",
    }
    words = [names[kind.kind]] if "data" in folded and kind.kind in names else []
    words += ["weight"] if "weight" in folded and result.combine == "pool" else []
    if "effect" in folded:
        words.insert(0, f"{effect_label(result)} ({level_text(result)}% CI)")
    return f"Under the labels: {'; '.join(words)}." if words else ""


def control_name(result: AnalysisResult) -> str:
    """The control's name when there is one, `control` when studies used several."""
    return "control" if " or " in result.control_label else result.control_label


def capital(text: str) -> str:
    """With a capital at its start."""
    return text[:1].upper() + text[1:]


def favours(result: AnalysisResult, word: str) -> tuple[str, str]:
    """What stands left and right of no effect, by the outcome's polarity: "Favours ketamine" with an arrow."""
    good, bad = f"{word} {result.experimental_label}", f"{word} {control_name(result)}"
    left, right = (bad, good) if result.better == "high" else (good, bad)
    return f"\u2190 {one_line(left)}", f"{one_line(right)} \u2192"
