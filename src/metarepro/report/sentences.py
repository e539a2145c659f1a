"""Sentences of the page about one analysis: by how many trials there are, and whether the interval holds no difference.

A sentence is made from the numbers of the results; the codes of its conclusion choose the template.
"""

from __future__ import annotations

from markupsafe import Markup, escape

from metarepro.analysis.decimals import measure_of
from metarepro.analysis.result import FEW, AnalysisResult, StudyEffect
from metarepro.figures.page import numbers as fmt
from metarepro.report.words import (
    Reader,
    control,
    direction,
    effect,
    in_unit_of,
    is_binary,
    label_of,
    main_effect,
    people,
    per_hundred,
    plural,
    treatment,
    used_studies,
    values_of,
)

_TWO = {
    "two_agree": "Both point the same way.",
    "two_cross": "Neither excludes no difference; nothing can be concluded.",
    "two_disagree": "They do not agree; nothing can be concluded.",
}
_CROSSES = {
    True: "The interval includes no difference: the trials cannot tell.",
    False: "The interval excludes no difference.",
    None: "The interval has no end: the trials cannot tell.",
}
_IN_ONE = {
    True: " The interval includes no difference, in this one trial.",
    False: " The interval excludes no difference, in this one trial.",
    None: " There is no interval.",
}
MOST_NAMED = 4


def lead(result: AnalysisResult, reader: Reader) -> Markup:
    """The result in a sentence or two, as it stands above its trials."""
    verdict, m = result.conclusion.verdict, measure_of(result)
    quoted = "".join(f" Do not quote it: {reason}" for reason in result.conclusion.do_not_quote)
    if verdict == "no_trial":
        return Markup("No trial measured this{}.").format(" in a way that can be used" if result.left_out else "")
    if verdict == "not_pooled" and result.combine != "compound":
        return Markup("Nothing is pooled: the studies are shown with the effects that the regression gives them.")
    if verdict == "not_pooled":
        return Markup("{} compounded over {}: {}{}.").format(
            result.outcome_label, plural(len(result.studies), "step"), main_effect(result), in_unit_of(m)
        )
    if verdict == "no_control":
        return _one_arm(result)
    against = ""
    if result.experimental_label and result.control_label:
        against = f", {treatment(result)} against {reader.explained(control(result))}"
    if verdict == "one_trial":
        (study,) = used_studies(result)
        return Markup("One trial only, {}: {}{} {}{}.{}{}").format(
            study.label, _counts(result, study), _in_sentence(label_of(result)), main_effect(result), in_unit_of(m),
            _IN_ONE[result.conclusion.crosses_null], quoted,
        )  # fmt: skip
    if verdict in _TWO:
        one, two = (
            Markup("{}{} in {}").format(
                effect(m, values_of(s), f"{result.id}/s/{result.studies.index(s)}"), in_unit_of(m), s.label
            )
            for s in used_studies(result)[:FEW]
        )
        return Markup("Two trials, not pooled on this page{}: {} {}, {}. {}{}").format(
            against, _in_sentence(label_of(result)), one, two, _TWO[verdict], quoted
        )
    return Markup("{} {}{}{}; {}. {}{}").format(
        label_of(result), main_effect(result), in_unit_of(m), against, people(result),
        _CROSSES[result.conclusion.crosses_null], quoted,
    )  # fmt: skip


def _one_arm(result: AnalysisResult) -> Markup:
    m = measure_of(result)
    groups = f"in {people(result)}"
    if not m.percent:
        return Markup("{} {} {}. There is no control group, so this is not an effect.").format(
            label_of(result), main_effect(result), groups
        )
    named = result.experimental_label
    return Markup("{}: {}% {}{}. There is no control group, so this is not an effect{}.").format(
        result.outcome_label, main_effect(result), groups, f" who all got {named}" if named else "",
        f" of {named}" if named else "",
    )  # fmt: skip


def _counts(result: AnalysisResult, study: StudyEffect) -> Markup:
    """'7 of 25 with saline and 30 of 47 with ketamine; ' of one trial; empty where it has no counts."""
    i = study.inputs
    if not {"e1", "n1", "e2", "n2"} <= set(i):
        return Markup("")
    return Markup("{} of {} with {} and {} of {} with {}; ").format(
        fmt.count(i["e1"]), fmt.count(i["n1"]), treatment(result), fmt.count(i["e2"]), fmt.count(i["n2"]),
        control(result),
    )  # fmt: skip


def answer(result: AnalysisResult, reader: Reader) -> Markup:
    """The sentence of a card that has none of its own: in people where it can be, else the effect in words."""
    verdict = result.conclusion.verdict
    if verdict in ("higher", "lower", "cannot_tell"):
        if result.absolute is not None:
            return natural_frequency(result)
        if not is_binary(result) and result.experimental_label:
            return difference(result, reader)
    if verdict in _TWO and all(_counts(result, s) for s in used_studies(result)):
        return _two_in_counts(result)
    if verdict == "one_trial":
        return Markup("{}: {}").format(result.outcome_label, _lower(lead(result, reader)))
    return lead(result, reader)


def _two_in_counts(result: AnalysisResult) -> Markup:
    """Two trials by their counts, which need no ratio to be read."""
    said = [
        Markup("in {} {}").format(s.label, str(_counts(result, s)).removesuffix("; ")) for s in used_studies(result)
    ]
    return Markup("{}: {}. {}").format(result.outcome_label, Markup("; ").join(said), _TWO[result.conclusion.verdict])


def _lower(text: Markup) -> Markup:
    return Markup(text[:1].lower()) + text[1:]


def _in_sentence(label: str) -> str:
    """Name of an effect within a sentence: odds ratio, but Hedges g."""
    return label if label.startswith("Hedges") or label[1:2].isupper() else label[:1].lower() + label[1:]


def natural_frequency(result: AnalysisResult) -> Markup:
    """So many of 100 with the control, so many with the treatment."""
    a = result.absolute
    assert a is not None
    where = f"{result.id}/a/"
    low, high = per_hundred(a.treated_low, where + "treated_low"), per_hundred(a.treated_high, where + "treated_high")
    start = Markup("{}: {} of 100 people given {}; of 100 given {}, {}").format(
        result.outcome_label, per_hundred(a.control_risk, where + "control_risk"), control(result), treatment(result),
        per_hundred(a.treated_risk, where + "treated_risk"),
    )  # fmt: skip
    if result.conclusion.crosses_null is False:
        return Markup("{} ({} to {}).").format(start, low, high)
    return Markup("{}, but the trials fit anything from {} to {}.").format(start, low, high)


def difference(result: AnalysisResult, reader: Reader) -> Markup:
    """By how much the mean is higher or lower, on its scale."""
    s, m = result.summary, measure_of(result)
    assert s is not None
    scales = {x.scale for x in used_studies(result)}
    if m.code == "MD":
        scale = next(iter(scales)) if len(scales) == 1 and next(iter(scales)) else "the scale"
        unit = f" points on {'the ' if scale != 'the scale' else ''}{scale}"
    elif m.code == "SMD":
        unit = " standard deviations"
    else:
        return lead(result, reader)
    size = Markup('<span data-m="{}">{}</span>').format(result.id, fmt.fixed(abs(s.estimate), m.decimals))
    ends = Markup('<span class="c">(<span data-e="{}/ci">{}</span>)</span>').format(
        result.id, fmt.interval(m, s.ci_low, s.ci_high)
    )
    name = escape(result.outcome_label)
    more = direction(result, s.estimate > 0)
    start = Markup("{}: on average {}{} {} with {} than with {}").format(
        name, size, unit, more, treatment(result), control(result)
    )
    if result.conclusion.crosses_null is False:
        return Markup("{} {}.").format(start, ends)
    return Markup("{}, but the interval {} includes no difference.").format(start, ends)


# Questions of a result's robustness that ask for trials which are missing.
MISSING = ("trim_and_fill", "pet_peese", "limit", "selection", "large_studies")


def what_would_change(result: AnalysisResult) -> Markup:
    """What moves the interval across no difference, or off it: other ways of computing, allowing for missing trials."""
    c = result.conclusion
    if c.crosses_null is None:
        return Markup("There is no interval that another way of computing it could move.")
    asked = [x for x in (result.robustness.what_if if result.robustness else ()) if x.question in MISSING]
    asked = [x for x in asked if x.crosses_null is not None and x.k > FEW]
    moved = sum(x.crosses_null != c.crosses_null for x in asked)
    if not moved:
        return _other_ways(result)
    ways = "the one way" if len(asked) == 1 else f"{moved} of {len(asked)} ways"
    return Markup("{} Allowing for missing trials moves it in {} that fit{}.").format(
        _other_ways(result), ways, "s" if len(asked) == 1 else ""
    )


def _other_ways(result: AnalysisResult) -> Markup:
    """The variants whose interval crosses where the main one does not, or the other way."""
    c = result.conclusion
    if not c.checks:
        return Markup("Too few trials to compute it another way.")
    if not c.moved_by:
        n = "The one other way of computing it" if c.checks == 1 else f"None of {c.checks} other ways of computing it"
        verb = "does not move" if c.checks == 1 else "moves"
        return Markup("{} {} the interval across \u201cno difference\u201d.").format(n, verb)
    labels = {f"sensitivity:{x.id}": x.label for x in result.sensitivity}
    without = {f"without:{w.study_id}": w.label for w in result.leave_one_out}
    dropped = [without[name] for name in c.moved_by if name in without]
    other = [labels[name] for name in c.moved_by if name in labels]
    parts = []
    if dropped:
        parts.append(f"leaving out {_any_of(dropped)}")
    parts += [f"\u201c{label}\u201d" for label in other[:MOST_NAMED]]
    if len(other) > MOST_NAMED:
        parts.append(f"{len(other) - MOST_NAMED} more")
    across = "off" if c.crosses_null else "across"
    text = "; ".join(parts)
    return Markup("{}: {} of {} other ways of computing it {} the interval {} \u201cno difference\u201d.").format(
        text[:1].upper() + text[1:], len(c.moved_by), c.checks, "moves" if len(c.moved_by) == 1 else "move", across
    )


def _any_of(names: list[str]) -> str:
    shown = names[:MOST_NAMED]
    rest = f" or one of {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return (", ".join(shown[:-1]) + " or " + shown[-1] if len(shown) > 1 and not rest else ", ".join(shown)) + rest


def measures_note(results: list[AnalysisResult]) -> Markup:
    """That odds ratio, risk ratio and risk difference of the same trials do not say the same."""
    says = [
        Markup("The {} interval {} no difference.").format(
            label_of(r).lower(), "includes" if r.conclusion.crosses_null else "excludes"
        )
        for r in results
    ]
    return Markup(
        "<b>The verdict depends on the measure.</b> {} Same trials, same counts. The primary measure leads; the others "
        "are shown, not chosen for their verdict."
    ).format(Markup(" ").join(says))
