"""What changed since the run before: data rows, settings, numbers, figures.

A run keeps what it was made of and what it gave (`keep_run`), so that the next one can tell. The last two different
states are kept: a run that is repeated or healed tells the same changes again, not that there are none.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metarepro.analysis.compare import compare_results
from metarepro.difference import compare_figures
from metarepro.errors import place

if TYPE_CHECKING:
    from metarepro.analysis.config import Config
    from metarepro.evidence.dataset import Dataset

TOLERANCE = 1e-9
# A key that is not there and one that holds nothing are alike.
_NOTHING: tuple[Any, ...] = (None, "", [], {})
NUMBERS = ("k", "participants", "estimate", "ci_low", "ci_high", "pi_low", "pi_high", "tau2", "i2", "p_value")


@dataclass(frozen=True)
class RowChange:
    """A row of a table: its place now (or before, if removed), its key, and the cells that changed (old, new)."""

    change: str
    place: str
    key: str
    cells: dict[str, tuple[str, str]]


@dataclass(frozen=True)
class SettingChange:
    """A key of the configuration; None where it is not there."""

    key: str
    old: Any
    new: Any


@dataclass(frozen=True)
class NumberChange:
    """A main number of an analysis; None where it does not exist."""

    analysis: str
    title: str
    number: str
    old: float | None
    new: float | None

    @property
    def percent(self) -> float | None:
        """By how much it moved, in percent of the old."""
        if self.old is None or self.new is None or self.old == 0:
            return None
        return 100 * (self.new - self.old) / abs(self.old)


@dataclass(frozen=True)
class Changes:
    """What changed since the run before.

    Attributes
    ----------
    compared : bool
        Whether there was a run before.
    rows, settings, numbers : tuple
    others : dict
        How many other numbers or texts moved (subgroups, sensitivity analyses), by analysis.
    figures : dict
        What differs in a figure, by analysis.
    added, removed : tuple of str
        Ids of analyses.
    """

    compared: bool
    rows: tuple[RowChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    numbers: tuple[NumberChange, ...] = ()
    others: Mapping[str, int] | None = None
    figures: Mapping[str, tuple[str, ...]] | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def to_json(self) -> str:
        """As changes.json."""
        content = asdict(self)
        for entry, number in zip(content["numbers"], self.numbers, strict=True):
            entry["percent"] = number.percent
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def inputs_of(config: Config, data: Dataset) -> dict[str, Any]:
    """Rows of all tables and settings, as they are compared."""
    from metarepro.evidence.tables import TABLES

    rows: dict[str, Any] = {}
    for (file, line), texts in data.printed.items():
        table = next((t for t in TABLES if t in file.rsplit("/", 1)[-1]), file)
        names = [texts[n] for n in TABLES[table].key if texts.get(n)] if table in TABLES else []
        key = f"{table}: {', '.join(names)}"
        number = 2
        while key in rows:  # rows that compete for one quantity
            key, number = f"{table}: {', '.join(names)} ({number})", number + 1
        rows[key] = {"place": place(file, line), "cells": texts}
    return {"rows": rows, "settings": dict(_flat("", config.model_dump(mode="json", by_alias=True)))}


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Settings by dotted key; entries of a list by their id, those of printed results by their result."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list) and (name := next((n for n in ("id", "result") if _named_by(value, n)), "")):
        for inner in value:
            yield from _flat(f"{path}.{inner[name]}", {k: v for k, v in inner.items() if k != name} or {"": None})
    else:
        yield path, value


def _named_by(entries: list[Any], name: str) -> bool:
    return bool(entries) and all(isinstance(x, dict) and name in x for x in entries)


def find_changes(old: Path, new: Path) -> Changes:
    """Changes between two kept runs (folders with inputs.json, results.json and the forest plots that were drawn)."""
    before, after = (json.loads((f / "inputs.json").read_text(encoding="utf-8")) for f in (old, new))
    results = [json.loads((f / "results.json").read_text(encoding="utf-8")) for f in (old, new)]
    analyses = [{a["id"]: a for a in r["analyses"]} for r in results]
    both = [name for name in analyses[1] if name in analyses[0]]
    numbers = tuple(n for name in both for n in _numbers(analyses[0][name], analyses[1][name]))
    told = (line.partition(": ") for line in compare_results(results[0], results[1], TOLERANCE))
    moved = [name for name, _, what in told if what.partition(" ")[0] not in _SETTINGS_IN_RESULTS]
    shown = [n.analysis for n in numbers]
    others = {name: moved.count(name) - shown.count(name) for name in both}
    return Changes(
        compared=True,
        rows=tuple(_rows(before["rows"], after["rows"])),
        settings=tuple(_settings(before["settings"], after["settings"])),
        numbers=numbers,
        others={name: n for name, n in others.items() if n > 0},
        figures={name: lines for name in both if (lines := compare_figures(old, new, name))},
        added=tuple(name for name in analyses[1] if name not in analyses[0]),
        removed=tuple(name for name in analyses[0] if name not in analyses[1]),
    )


# Words of the settings that results.json repeats: told as settings, not as results that moved.
_SETTINGS_IN_RESULTS = {
    "title", "section", "outcome_label", "experimental_label", "control_label", "sort", "primary",
}  # fmt: skip


def _settings(before: dict[str, Any], after: dict[str, Any]) -> Iterator[SettingChange]:
    found: dict[str, tuple[Any, Any]] = {}
    for key in dict.fromkeys([*before, *after]):
        change = (before.get(key), after.get(key))
        if change[0] in _NOTHING and change[1] in _NOTHING:
            continue
        # An analysis that takes a key of the default model over has not been changed itself.
        inherited = key.startswith("analyses.") and found.get("model." + key.partition(".model.")[2]) == change
        if change[0] != change[1] and not inherited:
            found[key] = change
            yield SettingChange(key, *_entries(*change))


def _entries(old: Any, new: Any) -> tuple[Any, Any]:
    """Of two lists of entries only what was taken out and what was put in."""
    if not all(isinstance(x, list) and any(isinstance(entry, dict) for entry in x) for x in (old, new)):
        return old, new
    gone, added = [x for x in old if x not in new], [x for x in new if x not in old]
    return (gone, added) if gone or added else (old, new)  # in another order


def _rows(before: dict[str, Any], after: dict[str, Any]) -> Iterator[RowChange]:
    for key, row in after.items():
        if key not in before:
            yield RowChange("added", row["place"], key, {})
        elif row["cells"] != before[key]["cells"]:
            old = before[key]["cells"]
            names = [n for n in dict.fromkeys([*old, *row["cells"]]) if old.get(n, "") != row["cells"].get(n, "")]
            if names:
                cells = {n: (old.get(n, ""), row["cells"].get(n, "")) for n in names}
                yield RowChange("changed", row["place"], key, cells)
    for key, row in before.items():
        if key not in after:
            yield RowChange("removed", row["place"], key, {})


def _numbers(old: Any, new: Any) -> Iterator[NumberChange]:
    before, after = (_main_numbers(a["summary"]) for a in (old, new))
    for name in NUMBERS:
        a, b = before.get(name), after.get(name)
        same = a == b if a is None or b is None else abs(a - b) <= TOLERANCE * max(abs(a), abs(b))
        if not same:
            yield NumberChange(new["id"], new["title"], name, a, b)


def _main_numbers(summary: dict[str, Any] | None) -> dict[str, Any]:
    if not summary or "heterogeneity" not in summary:
        return summary or {}  # nothing is pooled, or an earlier version wrote it
    spread = summary["heterogeneity"]
    return {**summary, "i2": spread["i2"], "tau2": next((c["tau2"] for c in spread["components"]), None)}


def keep_run(results: Path, inputs: dict[str, Any], store: Path) -> Changes:
    """Keep this run beside the ones before and tell what changed.

    Parameters
    ----------
    results : Path
        The results folder, with results.json and the figures.
    inputs : dict
        From `inputs_of`.
    store : Path
        Folder of the kept runs, `last` and `previous`.
    """
    store.mkdir(parents=True, exist_ok=True)
    now = store / "now.part"
    shutil.rmtree(now, ignore_errors=True)
    now.mkdir()
    (now / "inputs.json").write_text(json.dumps(inputs, ensure_ascii=False), encoding="utf-8")
    shutil.copy(results / "results.json", now / "results.json")
    content = json.loads((now / "results.json").read_text(encoding="utf-8"))
    for name in (a["id"] for a in content["analyses"]):
        (now / "analyses" / name).mkdir(parents=True)
        figure = results / "analyses" / name / "forest.svg"
        if figure.exists():
            shutil.copy(figure, now / "analyses" / name / "forest.svg")
    last, previous = store / "last", store / "previous"
    before = _fingerprint(last)
    if before and before == _fingerprint(now):
        shutil.rmtree(now)
        return find_changes(previous, last) if _fingerprint(previous) else Changes(compared=False)
    if before:
        shutil.rmtree(previous, ignore_errors=True)
        last.rename(previous)
    else:
        shutil.rmtree(last, ignore_errors=True)
    now.rename(last)
    return find_changes(previous, last) if before or _fingerprint(previous) else Changes(compared=False)


def _fingerprint(run: Path) -> str:
    """Of all that is compared, where a row stands aside; empty where there is no run, or none by this version."""
    try:
        inputs = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
        cells = {key: row["cells"] for key, row in inputs["rows"].items()}
        digest = hashlib.sha256(json.dumps([cells, inputs["settings"]], sort_keys=True).encode())
        for file in (run / "results.json", *sorted(run.glob("analyses/*/forest.svg"))):
            digest.update(str(file.relative_to(run)).encode() + b"\0" + file.read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return digest.hexdigest()


def setting_text(value: Any) -> str:
    """A setting as one would write it in the configuration."""
    if value is None:
        return "(not set)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(setting_text(v) for v in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{k}: {setting_text(v)}' for k, v in value.items())}}}"
    return str(value)


def short_text(content: Mapping[str, Any]) -> str:
    """The changes of a parsed changes.json in a few lines for the terminal; empty if there is nothing to say."""
    if not content["compared"]:
        return ""
    lines = []
    for row in content["rows"][:3]:
        cells = "; ".join(f"{n} {old or '(empty)'} -> {new or '(empty)'}" for n, (old, new) in row["cells"].items())
        lines.append(f"  {row['place']} {row['change']}{': ' + cells if cells else ''}")
    lines += _rest(content["rows"], 3, "rows")
    lines += [
        f"  config.yaml {s['key']}: {setting_text(s['old'])} -> {setting_text(s['new'])}"
        for s in content["settings"][:3]
    ]
    lines += _rest(content["settings"], 3, "settings")
    estimates = [n for n in content["numbers"] if n["number"] == "estimate"]
    for n in estimates[:3]:
        share = f" ({n['percent']:+.2g} %)" if n["percent"] is not None else ""
        lines.append(f"  {n['analysis']}: estimate {_short(n['old'])} -> {_short(n['new'])}{share}")
    lines += _rest(estimates, 3, "estimates")
    lines += [f"  analysis {name} is {word}" for word in ("added", "removed") for name in content[word]]
    if not lines:
        if not content["figures"] and not content["numbers"] and not content["others"]:
            return ""
        lines.append("  no data row and no setting, so it is the program that changed")
    moved = len({n["analysis"] for n in content["numbers"]} | set(content["others"]))
    figures = len(content["figures"])
    counts = f"{moved} {'analysis' if moved == 1 else 'analyses'} moved, {figures} figure{'s' * (figures != 1)} differ"
    counts += f"{'s' * (figures == 1)}: results/changes.json"
    return "\n".join(["Changed since the run before:", *lines, f"  {counts}"])


def _rest(entries: list[Any], shown: int, what: str) -> list[str]:
    return [f"  and {len(entries) - shown} more {what}"] if len(entries) > shown else []


def _short(value: float | None) -> str:
    return "none" if value is None else f"{value:.4g}"
