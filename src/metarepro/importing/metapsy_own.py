"""Columns of a Metapsy table that no table of ours has: what they say of the studies stays, as columns of its own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from metarepro.evidence.reader import Cell
from metarepro.importing.metapsy_lines import Line, is_taken, text_of
from metarepro.importing.sheet.own import own_names, own_texts

# Columns of one arm, and those that the makers of the file computed.
_OF_ARMS = re.compile(r"(arm[ _.]?[12]|[ _.](ig|cg))$|^\.", re.I)


@dataclass(frozen=True)
class StudyColumns:
    """Columns that say one thing of each study: their texts by study, and how they are named."""

    texts: Mapping[str, Mapping[str, str]]
    names: Mapping[str, str]


def study_columns(lines: Sequence[Line], columns: Collection[str], decimal: str) -> StudyColumns:
    """What the lines of each study say in the same words.

    Parameters
    ----------
    lines : sequence of Line
    columns : collection of str
        Columns that nothing else is made of.
    decimal : str
        The sign before decimals, of which either is read.
    """
    kept: dict[str, dict[str, str]] = {}
    for column in columns:
        if not column or _OF_ARMS.search(column):
            continue
        of_study: dict[str, set[str]] = {}
        texts = [_text(line.cells, column) for line in lines]
        for line, text in zip(lines, own_texts(_one_sign(texts, decimal), "."), strict=True):
            of_study.setdefault(line.study, set()).update({text} - {""})
        if any(of_study.values()) and all(len(found) < 2 for found in of_study.values()):
            kept[column] = {study: next(iter(found), "") for study, found in of_study.items()}
    names = own_names(list(kept), frozenset(kept), "file")
    texts_of = {line.study: {names[c]: found[line.study] for c, found in kept.items()} for line in lines}
    return StudyColumns(texts_of, names)


def _text(cells: Mapping[str, Cell], column: str) -> str:
    text = text_of(cells, column)
    return text if text.isprintable() and is_taken(column, text) else ""


def _one_sign(texts: Sequence[str], decimal: str) -> list[str]:
    """Numbers with a decimal comma with a point, where the table is not separated by commas."""
    if decimal != ",":
        return list(texts)
    return [t.replace(",", ".") if t.replace(",", "", 1).lstrip("-").isdecimal() else t for t in texts]
