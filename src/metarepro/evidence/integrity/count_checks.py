"""Checks of counts, sizes and the percentages printed with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Severity, Texts, finding
from metarepro.evidence.integrity.granularity import counts_of_percent, percent_attainable, sizes_of_percent
from metarepro.evidence.integrity.printed import shown
from metarepro.evidence.integrity.structure import (
    duplicated_cohorts,
    near_identical_rows,
    remission_above_response,
    sizes_disagree,
    totals_growing,
)
from metarepro.evidence.tables import Claim, Continuous, Dichotomous, Row, Study

# "70% of 11", and "0.71*17" as derivations write it.
_PERCENT_OF = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?) ?% of (\d+)(?!\d|\.\d|%)")
_SHARE_TIMES = re.compile(r"(?<![\d.])0\.(\d{2,4}) ?\* ?(\d+)(?!\d|\.\d)")
# "46 (63.0%)": a count with its percentage.
_COUNT_PERCENT = re.compile(r"(?<![\d./])(\d+) \((\d{1,3}(?:\.\d+)?) ?%\)")
_QUOTING = ("locator", "derivation", "poolable_reason", "choice_reason", "remark", "notes")
# Studies that one finding names.
_NAMED = 20
_RATES = ("response", "remission", "si_response", "si_remission", "ptsd_response")


def quoted_percentages(text: str) -> tuple[tuple[str, int], ...]:
    """Percentages that a text gives of a number of patients: `70% of 11` and `0.708*24` are two."""
    found = [(m[1], int(m[2])) for m in _PERCENT_OF.finditer(text)]
    for m in _SHARE_TIMES.finditer(text):
        whole, rest = m[1][:2], m[1][2:]
        found.append((f"{int(whole)}.{rest}" if rest else str(int(whole)), int(m[2])))
    return tuple(f for f in dict.fromkeys(found) if f[1] > 0 and Fraction(f[0]) <= 100)


def check_percentages(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Percentages quoted of a number of patients, that no number of patients is."""
    seen: set[tuple[str, str, int]] = set()
    rows: list[Row] = [*dataset.dichotomous, *dataset.contrasts, *dataset.arms.values(), *dataset.studies.values()]
    for row in rows:
        for column in _QUOTING:
            for percent, n in quoted_percentages(getattr(row, column, "")):
                key = (str(getattr(row, "study_id", "")), percent, n)
                result = percent_attainable(percent, n)
                if result.possible or key in seen:
                    continue
                seen.add(key)
                where = f"{percent} % of {n} patients is no whole number of patients: {', '.join(result.nearest)}."
                if result.cut_off:
                    message = f"{where} It fits when the further digits were cut off, not rounded."
                    yield finding("W029", "note", row, column, f"{percent}% of {n}", message, "grim", "percent")
                else:
                    message = f"{where} The percentage is of another number of patients, estimated, or misprinted."
                    yield finding("W010", "warning", row, column, f"{percent}% of {n}", message, "grim", "percent")


def check_claims(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Percentages that an audited page claims of one study, against the patients of that study."""
    rates: dict[str, list[Dichotomous]] = {}
    for count in dataset.dichotomous:
        if count.outcome in _RATES:
            rates.setdefault(count.study_id, []).append(count)
    for row in dataset.others.get("claims", ()):
        study = dataset.studies.get(row.cited_sources.strip()) if isinstance(row, Claim) else None
        if not isinstance(row, Claim) or study is None or study.n_randomised is None:
            continue
        percent, n = row.value_low, study.n_randomised
        if row.unit.strip() != "%" or row.value_high not in ("", percent) or not re.fullmatch(r"\d+(\.\d+)?", percent):
            continue
        if Fraction(percent) > 100 or percent_attainable(percent, n).possible:
            continue
        result = percent_attainable(percent, n)
        message = f"{percent} % is no whole number of the {n} patients of {study.label}: {', '.join(result.nearest)}."
        fitting = sorted(
            {
                (r.events, r.total)
                for r in rates.get(study.study_id, ())
                if r.events is not None and r.total is not None and r.total != n
                and r.events in counts_of_percent(percent, r.total)
            }
        )  # fmt: skip
        if fitting:
            message += f" It fits {fitting[0][0]} of {fitting[0][1]} patients, which the tables hold."
        yield finding("W010", "note", row, "value_low", percent, message, "grim", "percent", study.study_id)


def check_printed_counts(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Counts over a total that does not give the percentage printed with them; sizes exchanged between arms."""
    conflicts: dict[str, list[Dichotomous]] = {}
    for row in dataset.dichotomous:
        if row.conflict:
            conflicts.setdefault(row.conflict, []).append(row)
    for row in dataset.dichotomous:
        if row.events is None or row.total is None:
            continue
        rivals = conflicts.get(row.conflict, [])
        texts = [r.derivation for r in (rivals or [row]) if r.source_id == row.source_id]
        quoted = {m[2] for text in texts for m in _COUNT_PERCENT.finditer(text) if int(m[1]) == row.events}
        for percent in sorted(quoted):
            if row.events in counts_of_percent(percent, row.total):
                continue
            decimals = len(percent.partition(".")[2])
            really = shown(Fraction(100 * row.events, row.total), decimals)
            sizes = sizes_of_percent(percent, row.events, 3 * row.total)
            fits = f" {row.events} patients are {percent} % of {_listed(sizes)}." if sizes else ""
            message = (
                f"{row.events} of {row.total} is {really} %, but {percent} % is printed.{fits}"
                f"{_exchanged(dataset, row)}"
            )
            code = "W024" if _exchanged(dataset, row) else "W011"
            yield finding(code, "warning", row, "total", str(row.total), message, "grim", "printed_count")


def check_sizes(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Totals above the number randomised to the arm, in rows that a source printed and that are not used."""
    rows: tuple[Dichotomous | Continuous, ...] = (*dataset.dichotomous, *dataset.continuous)
    for row in rows:
        arm = dataset.arms.get((row.study_id, row.arm_id))
        column = "total" if isinstance(row, Dichotomous) else "n"
        size = getattr(row, column)
        if arm is None or arm.n_randomised is None or size is None or size <= arm.n_randomised:
            continue
        message = f"{size} patients are rated in an arm to which {arm.n_randomised} were randomised."
        yield finding("W025", "warning", row, column, str(size), message, "trial", "sizes")


def _exchanged(dataset: Dataset, row: Dichotomous) -> str:
    own = dataset.arms.get((row.study_id, row.arm_id))
    if own is None or own.n_randomised is None or row.total == own.n_randomised:
        return ""
    for arm in dataset.arms_of[row.study_id]:
        if arm.arm_id != row.arm_id and arm.n_randomised == row.total:
            return (
                f" {row.total} is the size of the other arm, {arm.arm_id}; {own.n_randomised} were randomised to this"
                " one: the two sizes seem to be exchanged."
            )
    return ""


def check_remission(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """More remissions than responses."""
    for pair in remission_above_response(dataset.dichotomous):
        response, remission = pair.first, pair.second
        assert isinstance(response, Dichotomous) and isinstance(remission, Dichotomous)
        message = (
            f"{remission.events} of {remission.total} remissions, but only {response.events} responses at the same "
            f"visit (line {response.line}). A remission is a response, too, unless the patient started below twice the "
            "cut-off; otherwise one of the two is wrong."
        )
        yield finding(
            "W022", "warning", remission, "events", str(remission.events), message, "trial", "remission_above_response"
        )


def check_totals(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Patients that are missing at one visit and back at a later one; said once for several outcomes of an arm."""
    seen: set[tuple[object, ...]] = set()
    for pair in (*totals_growing(dataset.dichotomous), *totals_growing(dataset.continuous)):
        column = "total" if isinstance(pair.second, Dichotomous) else "n"
        before, after = getattr(pair.first, column), getattr(pair.second, column)
        times = (pair.first.timepoint_h, pair.second.timepoint_h)
        key = (pair.second.study_id, pair.second.arm_id, pair.second.source_id, times, before, after)
        if key in seen:
            continue
        seen.add(key)
        message = (
            f"{after} patients at {pair.second.timepoint_h:g} hours, {before} at {pair.first.timepoint_h:g} hours "
            f"(line {pair.first.line}). That can be when visits were missed, not when patients left; or the two sizes "
            "are of different sets of patients."
        )
        yield finding("W023", "note", pair.second, column, str(after), message, "trial", "totals_growing")


def check_visits(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Counts and scores of one visit over different numbers of patients; one finding for each study and source."""
    groups: dict[tuple[str, str], list[tuple[Continuous, Dichotomous]]] = {}
    for pair in sizes_disagree(dataset.dichotomous, dataset.continuous):
        if isinstance(pair.first, Continuous) and isinstance(pair.second, Dichotomous):
            groups.setdefault((pair.second.study_id, pair.second.source_id), []).append((pair.first, pair.second))
    for pairs in groups.values():
        visits = dict.fromkeys(
            f"{count.arm_id} at {count.timepoint_h:g} hours {count.total} v {score.n}" for score, count in pairs
        )
        message = (
            f"Counts and mean scores of the same visit are of different numbers of patients: {', '.join(visits)}. "
            "Perhaps patients without a rating are counted as without the event, or one of the sizes is wrong."
        )
        first = pairs[0][1]
        yield finding("W030", "note", first, "total", str(first.total), message, "trial", "sizes_disagree")


def check_studies(dataset: Dataset, text: Texts) -> Iterator[Finding]:
    """Studies that may be one, and rows that two studies share."""
    shared: dict[tuple[str, str], dict[str, Study]] = {}
    for same in duplicated_cohorts(tuple(dataset.studies.values())):
        key = (same.column, str(getattr(same.second, same.column)))
        shared.setdefault(key, {}).update({s.study_id: s for s in (same.first, same.second)})
    for (column, value), studies in shared.items():
        what = {"label": "label", "doi": "DOI", "pmid": "PubMed id", "registration": "registration"}[column]
        members = sorted(studies.values(), key=lambda s: s.line)
        cohorts = sorted({s.cohort or "(none)" for s in members})
        message = (
            f"{_named([s.study_id for s in members])} have one {what}, {value}, and the tables put them in different "
            f"cohorts: {_named(cohorts)}. If patients are in several of them, they must not be pooled together."
        )
        code = "W027" if column == "label" else "W028"
        severity: Severity = "note" if column == "registration" else "warning"
        yield finding(code, severity, members[-1], column, value, message, "overlap", "duplicated_cohorts")
    for pair in near_identical_rows(dataset.continuous):
        first, second = pair.first, pair.second
        message = (
            f"n, mean and SD are those of {first.study_id} (line {first.line}), to the last decimal. Two trials "
            "seldom agree so closely: the same patients, or a row copied to the wrong study."
        )
        yield finding(
            "W026", "warning", second, "mean", text(second, "mean"), message, "overlap", "near_identical_rows"
        )


def _named(words: list[str]) -> str:
    return ", ".join(words) if len(words) <= _NAMED else f"{', '.join(words[:_NAMED])} and {len(words) - _NAMED} others"


def _listed(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return str(numbers[0])
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(str(n) for n in numbers)


CHECKS: tuple[Check, ...] = (
    check_percentages,
    check_claims,
    check_printed_counts,
    check_sizes,
    check_remission,
    check_totals,
    check_visits,
    check_studies,
)
