"""What differs between two results files: numbers first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def compare_results(old: Any, new: Any, tolerance: float = 1e-9) -> list[str]:
    """Differences between two parsed results.json, in words, by analysis.

    Parameters
    ----------
    old, new : dict
        Contents of results.json.
    tolerance : float
        Relative difference above which a number counts as moved (another processor may differ in the last digits).
    """
    before = {a["id"]: a for a in old["analyses"]}
    after = {a["id"]: a for a in new["analyses"]}
    differences = [f"analysis {name} is gone" for name in before if name not in after]
    differences += [f"analysis {name} is new" for name in after if name not in before]
    for name in before:
        if name in after:
            differences += [f"{name}: {line}" for line in _walk("", before[name], after[name], tolerance)]
    return differences


def _walk(path: str, a: Any, b: Any, tolerance: float) -> Iterator[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        for key in dict.fromkeys([*a, *b]):
            if key == "iterations":
                continue  # how many steps a processor needs is not a result
            if key not in a or key not in b:
                yield f"{path}{key} {'is new' if key in b else 'is gone'}"
            else:
                yield from _walk(f"{path}{key}.", a[key], b[key], tolerance)
    elif isinstance(a, list) and isinstance(b, list):
        named_a, named_b = _by_name(a), _by_name(b)
        if named_a is not None and named_b is not None:
            yield from _walk(path, named_a, named_b, tolerance)
            return
        if len(a) != len(b):
            yield f"{path.rstrip('.')}: {len(a)} entries became {len(b)}"
        for x, y in zip(a, b, strict=False):
            yield from _walk(path, x, y, tolerance)
    elif _is_number(a) and _is_number(b):
        if abs(a - b) > tolerance * max(abs(a), abs(b)):
            share = f" ({_percent(100 * (b - a) / abs(a))}%)" if a else ""
            yield f"{path.rstrip('.')} {a:.10g} -> {b:.10g}{share}"
    elif a != b:
        yield f"{path.rstrip('.')} {a!r} -> {b!r}"


def _percent(value: float) -> str:
    return f"{value:+.0f}" if abs(value) >= 100 else f"{value:+.2g}"


def _by_name(entries: list[Any]) -> dict[str, Any] | None:
    """Entries by their label, where each has one of its own, so that a new one does not seem to change the others."""
    if not all(isinstance(x, dict) and "label" in x for x in entries):
        return None
    named = {str(x["label"]): x for x in entries}
    return named if len(named) == len(entries) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
