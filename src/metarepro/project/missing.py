"""Analyses and printed results that are named and not there: told once, with the lines of every file that name them.

Who takes an analysis out of a configuration leaves panels, targets and claims behind that name it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from metarepro.analysis.csv_settings import SharedByTable, Tables, dialects_of
from metarepro.analysis.yaml_reader import read_yaml
from metarepro.claims.evaluation import calls_in, calls_of_text
from metarepro.claims.grammar import Call, RuleError, parse_conditions, parse_rules
from metarepro.errors import MetareproError, Problem
from metarepro.evidence.dataset import find_table
from metarepro.evidence.reader import Cell, Dialect
from metarepro.project.settings import data_folder

ANALYSIS, RESULT = "analysis", "printed result"
_KINDS = {
    **dict.fromkeys(("pooled", "lowest", "highest", "per100", "says", "certainty"), ANALYSIS),
    "printed": RESULT,
    "verdict": RESULT,
}
_CODES = ("E042", "E044", "E106")
_SHOWN = 5


@dataclass(frozen=True)
class Naming:
    """A place that names what is not there.

    Attributes
    ----------
    file : str
        As messages name it.
    first, last : int
        Lines that would go with it; in a sheet of a workbook, rows.
    kind, name : str
        What is not there.
    part : str
        What would be taken out of the lines where they stay.
    """

    file: str
    first: int
    last: int
    kind: str
    name: str
    part: str = ""


def tell_at_once(error: MetareproError, folder: Path, config_name: str) -> MetareproError:
    """An error whose problems with missing analyses and printed results are one problem, if there are several.

    Parameters
    ----------
    error : MetareproError
    folder : Path
        The project.
    config_name : str
        File of the configuration in it.
    """
    if not any(p.code in _CODES for p in error.problems):
        return error
    found, whole, known = _find_namings(folder, config_name)
    lines = {(n.file, line) for n in found for line in range(n.first, n.last + 1)}
    others = [p for p in error.problems if p.code not in _CODES or (p.path, p.line) not in lines]
    concerned = [p for p in error.problems if p not in others]
    if not concerned or max(len(concerned), len(found)) < 2:
        return error
    first = min(concerned, key=lambda p: (p.path, p.line, p.column))
    names = {kind: list(dict.fromkeys(n.name for n in found if n.kind == kind)) for kind in (ANALYSIS, RESULT)}
    what = " and ".join(_there_is_no(kind, listed) for kind, listed in names.items() if listed)
    hints = [
        f"Is {name!r} a slip for {near[0]!r}?"
        for kind, listed in names.items()
        for name in listed[:_SHOWN]
        if (near := get_close_matches(name, known[kind], n=1, cutoff=0.8))
    ]
    problem = Problem(
        first.code, f"{what}, which {_places(len(found))}", first.path, first.line, first.column,
        (*hints, *_listed(found, whole), "Fix: delete these lines, or put back what they name."),
    )  # fmt: skip
    return type(error)([*others, problem])


def _places(number: int) -> str:
    return f"{number} places name" if number > 1 else "one place names"


def _there_is_no(kind: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"there is no {kind} {names[0]!r}"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    things = "analyses" if kind == ANALYSIS else "printed results"
    return f"there are no {things} {', '.join(map(repr, names[:_SHOWN]))}{more}"


def _listed(found: Sequence[Naming], whole: Iterable[str]) -> Iterator[str]:
    """A line for each file: its lines that would go, or what would go of lines that stay."""
    for file in dict.fromkeys(n.file for n in found):
        mine = [n for n in found if n.file == file]
        if file in whole:
            yield f"{file}: {'all rows' if '.xlsx:' in file else 'the whole file'}"
            continue
        numbers = sorted({line for n in mine if not n.part for line in range(n.first, n.last + 1)})
        parts = [f"in line {n.first} {n.part}" for n in mine if n.part and n.first not in numbers]
        thing = "row" if ".xlsx:" in file else "line"
        lines = [f"{thing}{'s' * (len(numbers) > 1)} {_ranges(numbers)}"] if numbers else []
        yield f"{file}: {'; '.join([*lines, *dict.fromkeys(parts)])}"


def _ranges(numbers: Sequence[int]) -> str:
    """Sorted numbers as 3, 5-8."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def _find_namings(folder: Path, config_name: str) -> tuple[list[Naming], set[str], dict[str, list[str]]]:
    """Places that name what is not there, files that hold nothing else, and the names that are there.

    Configuration and tables may be wrong in any way; what cannot be read names nothing.
    """
    try:
        text = (folder / config_name).read_text(encoding="utf-8-sig")
        raw, _ = read_yaml(text, config_name)
        csv = Tables.model_validate(raw.get("csv") or {})
    except (OSError, ValueError, AttributeError, ValidationError):
        return [], set(), {ANALYSIS: [], RESULT: []}
    dialects = dialects_of(csv, SharedByTable())
    shown = data_folder(raw)
    tables = {
        name: _rows(folder / shown, shown, name, dialects, folder)
        for name in ("published_results", "published_inputs", "claims")
    }
    known = {
        ANALYSIS: [str(a.get("id")) for a in _dicts(raw.get("analyses"))],
        RESULT: [row["analysis_id"].text for _, row in tables["published_results"] if "analysis_id" in row],
    }
    found = list(_in_config(raw, text, config_name, known))
    whole = set()
    for name, names_of in (("published_inputs", _input_names), ("claims", _claim_names)):
        gone = 0
        for file, row in tables[name]:
            named = [(kind, x) for kind, x in names_of(row) if x not in known[kind]]
            first = next(iter(row.values())).line
            last = max(cell.line + cell.text.count("\n") for cell in row.values())
            found += [Naming(file, first, last, kind, x) for kind, x in named]
            gone += bool(named)
        if gone and gone == len(tables[name]):
            whole.add(tables[name][0][0])
    return found, whole, known


def _rows(
    folder: Path, shown: str, name: str, dialects: dict[str, Dialect], project: Path
) -> list[tuple[str, dict[str, Cell]]]:
    try:
        table, _ = find_table(folder, shown, name, dialects, False, project)
    except MetareproError:
        return []
    return [(table.path, row) for row in table.named() if row] if table else []


def _input_names(row: dict[str, Cell]) -> Iterator[tuple[str, str]]:
    if "analysis_id" in row:
        yield RESULT, row["analysis_id"].text


def _claim_names(row: dict[str, Cell]) -> Iterator[tuple[str, str]]:
    """What rule and finding of a claim name, each once."""
    calls: list[Call] = []
    try:
        if "rule" in row and row["rule"].text:
            calls += [call for r in parse_rules(row["rule"].text) for call in calls_in(r.comparisons)]
        if "finding" in row and row["finding"].text:
            calls += calls_of_text(row["finding"].text)
    except RuleError:
        return
    yield from _named_by(calls)


def _named_by(calls: Iterable[Call]) -> Iterator[tuple[str, str]]:
    yield from dict.fromkeys((_KINDS[c.name], c.arguments[0]) for c in calls if c.name in _KINDS and c.arguments)


def _sentence_names(sentence: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a card or a first sentence of the page names."""
    if isinstance(sentence.get("analysis"), str):
        yield ANALYSIS, sentence["analysis"]
    calls: list[Call] = []
    try:
        calls += calls_of_text(str(sentence.get("text") or ""))
        calls += calls_in(parse_conditions(str(sentence["when"]))) if sentence.get("when") else []
    except RuleError:
        return
    yield from _named_by(calls)


def _in_config(raw: Any, text: str, shown: str, known: dict[str, list[str]]) -> Iterator[Naming]:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    lines = text.splitlines()

    def naming(path: tuple[Any, ...], kind: str, name: str, part: str = "") -> Naming:
        if not part and isinstance(path[-1], int) and _node(root, path[:-1])[1].flow_style:
            part = f"the entry with {name}"
        return Naming(shown, *_lines_of(root, path, lines), kind, name, part)

    reproduction = raw.get("reproduction")
    targets = _dicts(reproduction.get("targets")) if isinstance(reproduction, dict) else []
    named = [
        (i, kind, str(t[key]))
        for i, t in enumerate(targets)
        for key, kind in (("analysis", ANALYSIS), ("result", RESULT))
        if t.get(key) is not None and str(t[key]) not in known[kind]
    ]
    if named and len({i for i, _, _ in named}) == len(targets):
        above = ("reproduction",) if set(reproduction) == {"targets"} else ("reproduction", "targets")
        yield from (naming(above, kind, name) for _, kind, name in named)
    else:
        yield from (naming(("reproduction", "targets", i), kind, name) for i, kind, name in named)
    outcomes = raw.get("outcomes")
    for outcome, settings in outcomes.items() if isinstance(outcomes, dict) else ():
        primary = settings.get("primary") if isinstance(settings, dict) else None
        if primary is not None and str(primary) not in known[ANALYSIS]:
            flow = _node(root, ("outcomes", outcome))[1].flow_style
            part = f"the setting primary: {primary}" if flow else ""
            yield naming(("outcomes", outcome, "primary"), ANALYSIS, str(primary), part)
    page = raw.get("page")
    page = page if isinstance(page, dict) else {}
    for key in ("lede", "cards"):
        sentences = _dicts(page.get(key))
        lost = [(i, kind, x) for i, s in enumerate(sentences) for kind, x in _sentence_names(s) if x not in known[kind]]
        every = len({i for i, _, _ in lost}) == len(sentences)
        yield from (naming(("page", key) if every else ("page", key, i), kind, x) for i, kind, x in lost)
    chosen = _texts(page.get("findings"))
    for j, name in enumerate(chosen):
        if name not in known[ANALYSIS]:
            alone = all(x not in known[ANALYSIS] for x in chosen)
            part = "" if alone else f"the analysis {name}"
            yield naming(("page", "findings") if alone else ("page", "findings", j), ANALYSIS, name, part)
    panels = _dicts(raw.get("panels"))
    left = [[a for a in _texts(p.get("analyses")) if a in known[ANALYSIS]] for p in panels]
    for i, panel in enumerate(panels):
        heads = _texts(panel.get("heads"))
        for j, name in enumerate(_texts(panel.get("analyses"))):
            if name in known[ANALYSIS]:
                continue
            if all(len(x) < 2 for x in left):
                yield naming(("panels",), ANALYSIS, name)
            elif len(left[i]) < 2:  # a panel alone is no figure of several
                yield naming(("panels", i), ANALYSIS, name)
            else:
                yield naming(("panels", i, "analyses", j), ANALYSIS, name, f"the analysis {name}")
                if j < len(heads):
                    yield naming(("panels", i, "heads", j), ANALYSIS, name, f"the head {heads[j]}")


def _lines_of(root: Any, path: tuple[Any, ...], lines: Sequence[str]) -> tuple[int, int]:
    """First and last line of a key with its value, or of an entry of a list."""
    start, node = _node(root, path)
    end = node.end_mark.line
    # The end of a block is where the next one begins; blank lines and comments before that are not its own.
    if end >= len(lines) or not lines[end][: node.end_mark.column].strip():
        end -= 1
    while end > start.start_mark.line and lines[end].lstrip()[:1] in ("", "#"):
        end -= 1
    return start.start_mark.line + 1, end + 1


def _node(root: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """Where a key or an entry begins, and its value."""
    start = node = root
    for step in path:
        if isinstance(node, yaml.MappingNode):
            start, node = next((k, v) for k, v in node.value if k.value == step)
        else:
            start = node = node.value[step]
    return start, node


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [x for x in value if isinstance(x, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [str(x) for x in value] if isinstance(value, list) else [str(value)] if value is not None else []
