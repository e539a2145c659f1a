"""The account of an import: lines read, taken, left out and why, what was guessed, in sentences and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from metarepro.csv_output import csv_text
from metarepro.importing.metapsy_effects import at_lines
from metarepro.importing.metapsy_lines import UNSPECIFIED, LeftOut, LineReader
from metarepro.importing.metapsy_tables import Tables


def account(read: int, left_out: Sequence[LeftOut]) -> list[str]:
    """Lines read, taken, left out with reasons, in sentences.

    Parameters
    ----------
    read : int
        Lines of the file.
    left_out : sequence of LeftOut
    """
    out, unused = ([x for x in left_out if x.in_tables == flag] for flag in (False, True))
    gone = len({x.line for x in out})
    sentences = [f"Lines: {read} read, {read - gone} taken, {gone} left out."]
    for head, found in (("Left out", out), ("In the tables, but not used", unused)):
        for why in dict.fromkeys(x.why for x in found):
            sentences.append(f"{head}: {why}: {at_lines(x.line for x in found if x.why == why)} (left-out.csv).")
    return sentences


def left_out_csv(left_out: Sequence[LeftOut]) -> str:
    """Every line that is not used, with its reason; empty if there is none."""
    rows = [
        (str(x.line), x.study, x.kind, "no" if x.in_tables else "yes", x.why + (f": {x.detail}" if x.detail else ""))
        for x in sorted(left_out, key=lambda x: x.line)
    ]
    return csv_text(("line", "study", "outcome_type", "left_out", "reason"), rows) if rows else ""


def guesses(reader: LineReader, tables: Tables) -> list[str]:
    """What was read otherwise than it is written, and how to say otherwise."""
    said = []
    for word, lines in reader.words.items():
        said.append(f"{word!r} in columns of numbers is taken as missing: {at_lines(lines)}.")
    for name, lines in reader.unread.items():
        said.append(f"{name} holds texts that are no numbers, taken as missing: {at_lines(lines)}.")
    if reader.unspecified:
        said.append(f"The instrument is missing, and called {UNSPECIFIED!r}: {at_lines(reader.unspecified)}.")
    if reader.renamed:
        pairs = ", ".join(f"{old} ({near})" for old, near in reader.renamed.items())
        said.append(
            f"Instruments whose name may be a slip of a known one (in brackets) are kept apart, with '(AS WRITTEN)' "
            f"behind the name; if it is one, correct it in the file: {pairs}."
        )
    if reader.turned:
        said.append(
            f"The arms stand the other way round than in an earlier line, and were turned: {at_lines(reader.turned)}."
        )
    if tables.turned:
        said.append(
            "Printed effects without numbers were taken with the sign turned, so that they point as the means do: "
            f"{at_lines(tables.turned)}."
        )
    if tables.years:
        said.append(
            f"Years that are no single year: the first is taken, if there is one ({'; '.join(tables.years[:10])})."
        )
    said += _risk(tables.risk_words, tables)
    if tables.baselines:
        said.append(
            "Baselines that differ from another line of the same arm and instrument were left out: "
            f"{at_lines(tables.baselines)}."
        )
    return said


def _risk(words: Mapping[str, set[str]], tables: Tables) -> list[str]:
    said = []
    for name, found in words.items():
        shown = ", ".join(sorted(found)[:6])
        said.append(
            f"{name} is no judgement in the words of RoB 2 ({shown}): kept as {name}_as_written in studies.csv."
        )
    if tables.risk_differs:
        named = ", ".join(sorted(tables.risk_differs)[:10])
        said.append(f"Risk of bias that differs between the lines of a study: the first is taken ({named}).")
    return said
