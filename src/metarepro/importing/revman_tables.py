"""A review as RevMan holds it -> rows of the raw tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from metarepro.errors import DataError
from metarepro.evidence.bias_tools import MOST_DOMAINS, BiasTool
from metarepro.importing.names import UniqueIds, clean_text, slug
from metarepro.importing.revman_bias import bias_rows
from metarepro.importing.revman_review import Entry, Outcome, Review, count, is_log, number, refuse

Row = dict[str, str]
SOURCE = "review"
# Tables of numbers.
NUMBERS = ("dichotomous", "continuous", "contrasts", "comparisons")
_CONTRASTS = ("MD", "SMD", "OR", "RR", "RD", "HR")
# exp() of more than this is no effect of a treatment.
_LARGEST_LOG = 20.0
# A standard error below this was not entered.
_SMALLEST_SE = 1e-9


@dataclass(frozen=True)
class Part:
    """What becomes one outcome of the tables and one analysis: an analysis of RevMan, or one subgroup of it."""

    id: str
    title: str
    label: str
    outcome: Outcome
    measure: str
    agents: tuple[str, str]
    subgroups: bool = False
    subgroup: str = ""


@dataclass
class Tables:
    """Tables under construction, the analyses to make of them, and what has to be said about it."""

    review: Review
    drawable: Callable[[str], str]
    rows: dict[str, list[Row]] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    agents: dict[str, str] = field(default_factory=dict)
    # That of the judgements of the risk of bias, if there are any.
    bias_tool: BiasTool | None = None
    said: dict[str, list[str]] = field(default_factory=dict)
    # Rows that were not taken: analysis, study, line, reason.
    left_out: list[tuple[str, str, int, str]] = field(default_factory=list)
    # Analysis, study id, and the entry with what RevMan printed of it.
    printed: list[tuple[str, str, Entry]] = field(default_factory=list)
    _studies: UniqueIds = field(default_factory=UniqueIds)
    _outcomes: UniqueIds = field(default_factory=UniqueIds)
    _agents: UniqueIds = field(default_factory=UniqueIds)
    _arms: set[tuple[str, str]] = field(default_factory=set)

    def say(self, what: str, where: str) -> None:
        """Note that something holds at a place."""
        places = self.said.setdefault(what, [])
        if where not in places:
            places.append(where)

    def leave_out(self, entry: Entry, at: str, why: str) -> None:
        """Note that an entry was not taken."""
        study = self.review.studies[entry.study][0] or entry.study
        self.left_out.append((at, study, entry.line, why))
        self.say("Rows that were left out, as their numbers are impossible", f"{study} in {at.lower()[:1]}{at[1:]}, "
                 f"line {entry.line}: {why}")  # fmt: skip


def make_tables(review: Review, drawable: Callable[[str], str]) -> Tables:
    """Rows of all tables.

    Parameters
    ----------
    review : Review
    drawable : callable
        A text without the characters that figures cannot draw.

    Raises
    ------
    DataError
        E041: a number that cannot be used, or nothing at all that can.
    """
    made = Tables(review, drawable)
    made.rows = {"studies": [], "arms": [], "sources": [_source(review)], "dichotomous": [], "continuous": [],
                 "contrasts": [], "comparisons": []}  # fmt: skip
    _add_studies(made)
    for outcome in review.outcomes:
        _add_outcome(made, outcome)
    if not made.parts:
        refuse("E041", "no analysis in it has numbers that can be used", review.shown, 0, 0,
               *(f"{what}: {', '.join(where[:5])}" for what, where in list(made.said.items())[:5]))  # fmt: skip
    _add_bias(made)
    with_data = {r["study_id"] for r in made.rows["arms"]}
    for row in made.rows["studies"]:
        if row["study_id"] not in with_data:
            made.say("Studies without usable numbers, in studies.csv only", row["label"])
    return made


def _add_bias(made: Tables) -> None:
    """Judgements of the risk of bias; a study that an analysis has again has them under each of its ids."""
    ids: dict[str, list[str]] = {}
    for key in made.review.studies:
        ids.setdefault(key.partition("\0")[0], []).append(made._studies.get(key, "", "study"))
    rows, tool, lost = bias_rows(made.review.bias, ids)
    for row in rows:
        row.update({name: made.drawable(text) for name, text in row.items() if name.endswith("_reason")})
    if rows:
        made.rows["risk_of_bias"] = rows
        made.bias_tool = tool
    for name in lost:
        made.say(f"Domains of the risk of bias behind the first {MOST_DOMAINS}, left out", name)


def _source(review: Review) -> Row:
    year = review.year if review.year.isascii() and review.year.isdigit() else ""
    return {
        "source_id": SOURCE, "authors": review.authors, "year": year, "title": review.title, "doi": review.doi,
        "kind": "meta_analysis",
    }  # fmt: skip


def _add_studies(made: Tables) -> None:
    for key, (name, year) in made.review.studies.items():
        label = made.drawable(name)
        known = year.isascii() and year.isdigit() and len(year) == 4 and 1900 <= int(year) <= 2100
        study = made._studies.get(key, name, "study")
        if label != name:
            made.say("Names with characters that the figures cannot draw, replaced by '?'", f"{study}: {label}")
        made.rows["studies"].append(
            {"study_id": study, "label": label or study, "year": year if known else "", "design": "parallel",
             **_provenance("list of studies")}
        )  # fmt: skip


def _provenance(locator: str, derivation: str = "reported") -> Row:
    return {"source_id": SOURCE, "locator": locator, "derivation": derivation, "level": "secondary"}


def _add_outcome(made: Tables, outcome: Outcome) -> None:
    what = f"Analysis {outcome.number} ({outcome.name or 'without a name'})"
    if not outcome.entries:
        made.say("Analyses without data, left out", what)
        return
    if outcome.kind not in ("counts", "means", "generic", "o_e"):
        made.say(f"Analyses of a kind that has no table here ({outcome.kind}), left out", what)
        return
    measure = _measure(outcome)
    if measure is None:
        made.say("Analyses with an effect measure that the tables do not have, left out",
                 f"{what}: {outcome.measure or 'no measure named'}")  # fmt: skip
        return
    agents = _agents(made, outcome)
    subgroups = list(dict.fromkeys(e.subgroup for e in outcome.entries))
    apart = len(subgroups) > 1 and outcome.pooled != "all"
    if apart:
        made.say("Analyses made into one for each subgroup, without a total, as RevMan has none", what)
    if outcome.pooled == "none":
        made.say("Analyses pooled here although RevMan was set to show no total", what)
    if outcome.swapped:
        made.say("Analyses in which RevMan exchanged events and non-events; here events are as in the file", what)
    for subgroup in subgroups if apart else [None]:
        entries = [e for e in outcome.entries if subgroup is None or e.subgroup == subgroup]
        _add_part(made, outcome, measure, agents, entries, subgroup or "")


def _measure(outcome: Outcome) -> str | None:
    """Code of the measure in the configuration; None when the tables have no such effects."""
    if outcome.kind in ("counts", "means"):
        fits = ("OR", "RR", "RD", "PETO") if outcome.kind == "counts" else ("MD", "SMD")
        return outcome.measure if outcome.measure in fits else None
    if outcome.kind == "o_e" and outcome.measure not in ("OR", "HR", "RR"):
        return None
    return outcome.measure if outcome.measure in _CONTRASTS else None


def _agents(made: Tables, outcome: Outcome) -> tuple[str, str]:
    """Ids of the two groups, the same for the same label throughout the review."""
    found: list[str] = []
    for label, otherwise in zip(outcome.labels, ("experimental", "control"), strict=True):
        name = made.drawable(label) or otherwise
        key = name.casefold()
        if found and made._agents.get(key, name, otherwise) == found[0]:
            # One label on both sides: a treatment against itself given otherwise.
            key, name = f"{key}\0control", f"{name} (control)"
        found.append(made._agents.get(key, name, otherwise))
        made.agents.setdefault(found[-1], name)
    return found[0], found[1]


def _add_part(
    made: Tables, outcome: Outcome, measure: str, agents: tuple[str, str], entries: list[Entry], subgroup: str
) -> None:
    name = ": ".join(x for x in (outcome.name, subgroup) if x)
    number_ = outcome.number.replace(".", "_")
    part = f"c{number_}_{slug(name, 'outcome', 30)}"
    identifier = made._outcomes.get((outcome.line, outcome.number, subgroup), part, part, 50)
    title = made.drawable(clean_text(f"{outcome.number} {name}".strip(), 200))
    add = {"counts": _add_counts, "means": _add_means}.get(outcome.kind, _add_contrast)
    used = 0
    again: dict[str, int] = {}
    for entry in entries:
        at = f"Analysis {outcome.number}" + (f", subgroup {entry.subgroup}" if entry.subgroup else "")
        turn = again.get(entry.study, 0)
        try:
            rows = add(made, outcome, identifier, agents, _numbered(made, entry, turn), at)
        except DataError as error:
            made.leave_out(entry, at, error.problems[0].message)
            continue
        if not rows:
            continue
        used += 1
        again[entry.study] = turn + 1
        for row in rows:
            if entry.subgroup:
                row["subgroup"] = entry.subgroup
            if entry.footnote:
                row["footnote"] = made.drawable(entry.footnote)
        made.printed.append((identifier, rows[0]["study_id"], entry))
        if turn:
            made.say("Studies that are more than once in an analysis; each enters, as in RevMan, under an id of its "
                     "own, so that patients of theirs may count twice",
                     f"{rows[0]['study_id']} in analysis {outcome.number}")  # fmt: skip
    if not used:
        made.say("Analyses without usable numbers, left out", title)
        return
    label = made.drawable(clean_text(name, 120)) or title
    several = len({e.subgroup for e in entries}) > 1
    made.parts.append(Part(identifier, title, label, outcome, measure, agents, several, subgroup))


def _numbered(made: Tables, entry: Entry, turn: int) -> Entry:
    """An entry of a study that an analysis has again: under a key of its own, with the name of the study."""
    if not turn:
        return entry
    key = f"{entry.study}\0{turn + 1}"
    if key not in made.review.studies:
        made.review.studies[key] = made.review.studies[entry.study]
        first = next(r for r in made.rows["studies"] if r["study_id"] == made._studies.get(entry.study, "", "study"))
        study = made._studies.get(key, f"{first['study_id']} {turn + 1}", "study")
        made.rows["studies"].append({**first, "study_id": study})
    return replace(entry, study=key)


def _arms(made: Tables, entry: Entry, agents: tuple[str, str], at: str) -> str:
    """The study's id; its arms are made if they are not there yet."""
    study = made._studies.get(entry.study, "", "study")
    for agent, role in zip(agents, ("experimental", "control"), strict=True):
        if (study, agent) not in made._arms:
            made._arms.add((study, agent))
            made.rows["arms"].append(
                {"study_id": study, "arm_id": agent, "role": role, "agent": agent, "drug": made.agents[agent],
                 **_provenance(at)}
            )  # fmt: skip
    return study


def _place(made: Tables, entry: Entry, at: str) -> str:
    return f"{made.review.studies[entry.study][0] or entry.study} in {at.lower()[:1]}{at[1:]}"


def _whole(values: list[float | None]) -> bool:
    return all(v is None or v == int(v) for v in values)


def _add_counts(
    made: Tables, outcome: Outcome, identifier: str, agents: tuple[str, str], entry: Entry, at: str
) -> list[Row]:
    shown = made.review.shown
    e1, n1, e2, n2 = (count(entry, name, shown) for name in ("e1", "n1", "e2", "n2"))
    for events, total in ((e1, n1), (e2, n2)):
        if events is not None and total is not None and events > total:
            refuse("E041", f"{events:g} events are more than {total:g} patients", shown, entry.line, 0,
                   f"study: {_place(made, entry, at)}", "Fix: correct it in RevMan and export again.")  # fmt: skip
    if not n1 or not n2 or e1 is None or e2 is None:
        made.say("Studies without numbers in both groups, left out of an analysis", _place(made, entry, at))
        return []
    study = _arms(made, entry, agents, at)
    if not _whole([e1, n1, e2, n2]):
        numbers = zip(("e1", "n1", "e2", "n2"), (e1, n1, e2, n2), strict=True)
        return _in_one_row(made, study, identifier, agents, {n: f"{x:g}" for n, x in numbers}, entry, at)
    rows = [
        {"study_id": study, "arm_id": agent, "outcome": identifier, "events": f"{events:.0f}", "total": f"{total:.0f}",
         **_provenance(at)}
        for agent, events, total in zip(agents, (e1, e2), (n1, n2), strict=True)
    ]  # fmt: skip
    made.rows["dichotomous"] += rows
    return rows


def _add_means(
    made: Tables, outcome: Outcome, identifier: str, agents: tuple[str, str], entry: Entry, at: str
) -> list[Row]:
    shown = made.review.shown
    totals = [count(entry, name, shown) for name in ("n1", "n2")]
    means = [number(entry, name, shown) for name in ("m1", "m2")]
    sds = [number(entry, name, shown) for name in ("sd1", "sd2")]
    if any(sd is not None and sd < 0 for sd in sds):
        refuse("E041", "a standard deviation is below 0", shown, entry.line, 0, f"study: {_place(made, entry, at)}",
               "Fix: correct it in RevMan and export again.")  # fmt: skip
    if not all(totals) or None in means:
        made.say("Studies without numbers in both groups, left out of an analysis", _place(made, entry, at))
        return []
    study = _arms(made, entry, agents, at)
    if not _whole(totals):
        numbers = {n: entry.numbers.get(n, "").strip() for n in ("m1", "sd1", "n1", "m2", "sd2", "n2")}
        return _in_one_row(made, study, identifier, agents, numbers, entry, at)
    rows = []
    for side, agent in enumerate(agents):
        n, sd = totals[side] or 0.0, sds[side]
        written_mean = entry.numbers[f"m{side + 1}"].strip()
        mean = written_mean if float(written_mean) else "0"  # -0.0 is no number of ours
        written = entry.numbers.get(f"sd{side + 1}", "").strip() if sd and n > 1 else ""
        rows.append(
            {"study_id": study, "arm_id": agent, "outcome": identifier, "statistic": "endpoint", "n": f"{n:.0f}",
             "mean": mean, "sd": written, **_provenance(at)}
        )  # fmt: skip
    if not all(r["sd"] for r in rows):
        _not_poolable(rows, "no standard deviation above 0 of at least two patients in each group")
        made.say("Studies without a standard deviation above 0 in both groups; rows that are not pooled",
                 _place(made, entry, at))  # fmt: skip
    made.rows["continuous"] += rows
    return rows


def _in_one_row(
    made: Tables, study: str, identifier: str, agents: tuple[str, str], numbers: Row, entry: Entry, at: str
) -> list[Row]:
    """A row of comparisons, which takes sizes that are no whole numbers."""
    made.say("Studies whose events or totals are no whole numbers (adjusted for clusters?); they stand in "
             "comparisons.csv", _place(made, entry, at))  # fmt: skip
    row = {"study_id": study, "experimental_arm": agents[0], "control_arm": agents[1], "outcome": identifier, **numbers,
           **_provenance(at)}  # fmt: skip
    made.rows["comparisons"].append(row)
    return [row]


def _not_poolable(rows: list[Row], why: str) -> None:
    for row in rows:
        row["poolable"], row["poolable_reason"] = "no", why


def _add_contrast(
    made: Tables, outcome: Outcome, identifier: str, agents: tuple[str, str], entry: Entry, at: str
) -> list[Row]:
    shown, measure = made.review.shown, outcome.measure
    estimate, se, how = number(entry, "estimate", shown), number(entry, "se", shown), "reported"
    ratio = measure in ("OR", "RR", "HR")
    if outcome.kind == "o_e":
        o_e, variance = number(entry, "o_e", shown), number(entry, "variance", shown)
        estimate = se = None
        if o_e is not None and variance:
            if variance < 0:
                refuse("E041", "a variance is below 0", shown, entry.line, 0, f"study: {_place(made, entry, at)}")
            estimate, se, how = o_e / variance, 1 / math.sqrt(variance), "exp((O-E)/V), standard error 1/sqrt(V)"
    elif ratio:
        how = "exponential of the log entered in RevMan"
        if is_log(entry, shown) is False:
            made.say("Studies whose ratio was not entered as a logarithm, so that its standard error is of another "
                     "scale; left out of an analysis", _place(made, entry, at))  # fmt: skip
            return []
    if estimate is None or (not se and not estimate):
        made.say("Studies without an estimate, left out of an analysis", _place(made, entry, at))
        return []
    negative = se is not None and se < 0
    if negative or (ratio and abs(estimate) > _LARGEST_LOG):
        what = "a standard error is below 0" if negative else f"a log ratio is {estimate:g}"
        refuse("E041", what, shown, entry.line, 0, f"study: {_place(made, entry, at)}",
               "Fix: correct it in RevMan and export again.")  # fmt: skip
    if se is not None and se < _SMALLEST_SE:
        se = None
    sizes = [count(entry, name, shown) for name in ("n1", "n2")]
    total = sum(s or 0.0 for s in sizes) if all(sizes) and _whole(sizes) else 0.0
    study = _arms(made, entry, agents, at)
    as_written = outcome.kind == "generic" and not ratio
    row = {
        "study_id": study, "experimental_arm": agents[0], "control_arm": agents[1], "outcome": identifier,
        "measure": measure, "estimate": entry.numbers["estimate"].strip() if as_written else
        repr(math.exp(estimate)), "se": repr(se) if se else "", "n": f"{total:.0f}" if total else "",
        **_provenance(at, how),
    }  # fmt: skip
    if not se:
        _not_poolable([row], "no standard error above 0")
        made.say("Studies without a standard error above 0; rows that are not pooled", _place(made, entry, at))
    made.rows["contrasts"].append(row)
    return [row]
