"""Remarks on results: codes with values inside, and the one place that turns them into sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

Values = dict[str, Any]

# How the interval of a single study was made.
_SINGLE = {
    "normal": "intervals are normal",
    "Wilson": "the interval is Wilson's",
    "as printed": "the interval is the printed one",
}


def list_rows(rows: Iterable[int]) -> str:
    """Rows of the input as a list, at most ten of them."""
    numbers = sorted(rows)
    listed = ", ".join(map(str, numbers[:10])) + (", ..." if len(numbers) > 10 else "")
    return f"row{'s' * (len(numbers) > 1)} {listed} (counted from 0)"


def _list(rows: Iterable[int]) -> str:
    return ", ".join(map(str, rows))


def _rows(rows: Iterable[int]) -> str:
    numbers = list(rows)
    return f"row{'s' * (len(numbers) > 1)} {_list(numbers)}"


_WHY_NOT = {
    "none": "no event in either arm",
    "all": "events only in both arms",
    "cell": "a cell is 0 and nothing is added",
}
_CELLS = {
    "all": "added to all cells",
    "events": "added to the events",
    "variance": "added to all cells, for the variance only,",
    "by_arm_size": "on average, by the size of the arms, added to all cells",
}
# What each remark says; `{name}` is one of its values.
SENTENCES: dict[str, str | Callable[[Values], str]] = {
    # -- the input --
    "effects_missing": lambda v: f"Dropped, because yi or vi is missing: {list_rows(v['rows'])}.",
    "counts_missing": lambda v: f"Dropped, because a count is missing: rows {_list(v['rows'])} (counted from 0).",
    "moderators_missing": lambda v: (
        f"Left out, because the effect or a moderator is missing: rows {_list(v['rows'])} (counted from 0)."
    ),
    "studies_without_moderators": lambda v: (
        f"Left out of the regression, as the effect or a moderator is missing: {', '.join(v['studies'])}."
    ),
    "variances_uneven": lambda v: (
        f"The largest sampling variance is {v['ratio']:.1g} times the smallest; check the units."
    ),
    # -- few studies --
    "one_study": lambda v: (
        f"One study only: {'' if v['common'] else 'τ², '}I², H² and the prediction interval do not exist; "
        f"{_SINGLE[v['interval']]}."
    ),
    "no_residual_df": lambda v: (
        f"No more studies than coefficients: {'' if v['common'] else 'τ², '}I², H² and the prediction interval do not "
        "exist; intervals are normal."
    ),
    "one_study_of_counts": "One study only: τ², I² and the prediction interval do not exist.",
    "studies_of_one_patient": (
        "All studies have one patient, which tells nothing of how true proportions differ: τ² has no estimate, and the "
        "proportion of a median study no bounded interval."
    ),
    "two_studies": "Two studies: the t interval with 1 df is very wide.",
    "profile_of_few": (
        "{k} studies: if they truly differ, the profile-likelihood interval of so few is somewhat too narrow."
    ),
    # -- intervals --
    "common_effect_no_prediction": "A common-effect model has no prediction interval.",
    "prediction_needs_moderators": "No prediction interval: with moderators it depends on their values.",
    "prediction_needs_studies": "No prediction interval by {method}: it needs at least 3 studies.",
    "prediction_needs_df": "No prediction interval by {method}: {name} needs at least 3 studies.",
    "hk_zero": (
        "All effects are equal: Hartung-Knapp has no standard error then, so there is no interval and no test; use "
        "HK-ci."
    ),
    "hk_zero_moderators": (
        "The moderators leave no residual: Hartung-Knapp has no standard error then, so there is no interval and no "
        "test; use HK-ci."
    ),
    "hk_narrow": "The Hartung-Knapp interval is narrower than the Wald interval; HK-ci is not.",
    "wald_taken": "The Wald interval is shown, as it is wider than the Hartung-Knapp interval.",
    "no_interval_of_tau2": "No interval of tau2: it needs {least}.",
    "tau2_interval_zero": "Q(0) lies below the lower chi2 quantile: the Q-profile interval of tau2 is [0, 0].",
    "tau2_interval_pieces": "The likelihood has several maxima; the interval of tau2 spans separate pieces.",
    # -- estimates --
    "several_maxima": "The likelihood of τ² has several maxima; the highest is reported.",
    "no_tau2_se": "The standard error of τ² does not exist.",
    "tau2_overflow": "τ² is beyond the range of numbers: check the scale of the effects.",
    "not_converged": "{estimator} was not solved to its tolerance.",
    "saturated": lambda v: (
        f"As many coefficients as studies ({v['k']}): τ² is unknown, so R² does not exist, and the moderators are not "
        "tested."
    ),
    "no_r2": "R² does not exist: it needs an intercept and an estimate of τ² above 0 without moderators.",
    "posterior_without_mean": (
        "The posterior of the mean effect has so heavy tails that its mean does not exist: the prior of τ is wide and "
        "the studies are few. Median and intervals exist."
    ),
    "between_singular": (
        "The covariance of true effects lies on its boundary (a variance of 0, or outcomes that are perfectly "
        "correlated): too few studies to tell it."
    ),
    "levels_not_told_apart": lambda v: (
        f"Every unit above has one unit of this level, so that its variance cannot be told apart and is taken as 0: "
        f"{', '.join(v['names'])}."
    ),
    "scale_without_end": (
        "The likelihood rises as τ² of some studies goes to 0: the coefficients of the scale have no finite estimate."
    ),
    "one_cluster": lambda v: (
        f"One {v['name']} only: how they differ has no estimate and is taken as 0; intervals are normal."
    ),
    "fewer_clusters_than_coefficients": (
        "Clusters are no more than the coefficients: intervals are normal and too narrow."
    ),
    "few_robust_df": lambda v: (
        f"{v['df']:.1f} degrees of freedom of the robust standard error: below 4, neither interval nor test can be "
        "trusted."
    ),
    "no_robust_error": lambda v: (
        f"No robust standard error of {', '.join(v['names'])}: one cluster alone decides it, and its residuals add up "
        "to 0."
    ),
    "network_silent": lambda v: (
        f"Left out, without events or with events only, as that says nothing of a ratio: {', '.join(v['studies'])}."
    ),
    "network_corrected": lambda v: (
        f"1/2 added to events and non-events of every arm, as one has none or only events: {', '.join(v['studies'])}."
    ),
    "too_few_for_curve": lambda v: (
        f"No curve over time: {v['trials']} trials at {v['times']} times are too few to tell its shape."
    ),
    "effects_in_clusters": lambda v: (
        f"{v['effects']} effects of {v['clusters']} studies in one model; τ² is between studies, and {v['within']:.2g} "
        "within them."
    ),
    # -- counts --
    "ratio_undefined": (
        "The pooled ratio is 0, infinite or undefined: an arm has no events, or only events, in every study."
    ),
    "no_events": "The standard error is 0: no study has events, or all have events only.",
    "peto_large": "Peto's method is biased for effects as large as this one.",
    "peto_uneven": "Peto's method is biased where one arm is more than twice the other.",
    "no_finite_tau2": (
        "τ² has no finite estimate: the studies differ as much as counts can, so nothing is known of beta."
    ),
    "profile_open": ("The profile-likelihood interval of the proportion has no end on one side, as τ² is not bounded."),
    "profile_tau2_open": "The profile-likelihood interval of τ² has no upper end.",
    "ratio_without_end": lambda v: (
        f"The ratio is {'0' if v['side'] < 0 else 'infinite'}: every study is on the edge of what its totals allow. τ² "
        "has no estimate, and the interval, by profile likelihood for equal effects, ends on one side only."
    ),
    "no_event_at_all": lambda v: (
        f"{'Every patient has the event' if v['share'] else 'No study has an event'}: the pooled proportion is "
        f"{v['share']}, τ² cannot be estimated, and the interval is the profile likelihood one for equal proportions."
    ),
    # -- subgroups --
    "one_subgroup": "One subgroup only: nothing to test.",
    "subgroup_without_se": "No test: a subgroup has no standard error.",
    "subgroups_without_effect": lambda v: (
        f"No study with an effect in {', '.join(v['groups'])}: k = 0, and not in the test."
    ),
    "subgroup_logits": lambda v: (
        f"The test takes the logit of {', '.join(v['groups'])} from its one study, with the variance 1/e + 1/(n - e)"
        + (f", {v['amount']:g} added to both counts in {', '.join(v['corrected'])}." if v["corrected"] else ".")
    ),
    "subgroups_all_of_one": "No test: every subgroup has one study, and nothing tells how studies of one differ.",
    "subgroups_without_residual": "No test: the effects within every subgroup are equal, so that they have no error.",
    "subgroups_of_one": lambda v: f"One study only in {', '.join(v['groups'])}: its τ² is taken as 0 in the test.",
    # -- effect sizes --
    "corrected": lambda v: f"{v['amount']:g} {_CELLS[v['cells']]} of {_rows(v['rows'])}.",
    "double_zero_dropped": lambda v: f"Double-zero studies dropped: {_rows(v['rows'])}.",
    "zero_cell_left_out": lambda v: f"Left out, because a cell is 0 and nothing is added: {_rows(v['rows'])}.",
    "double_zero_weightless": lambda v: (
        f"Without events in either arm, or with events only, a study says nothing of a ratio: {_rows(v['rows'])}."
    ),
    "interval_of_ratio": lambda v: (
        f"The estimate lies in the middle of the logs of its interval, not of the interval itself: {_rows(v['rows'])}. "
        "If it is a ratio, give logs, or choose its measure."
    ),
    "no_effect": lambda v: f"No effect size, because a number is missing or not estimable: {_rows(v['rows'])}.",
    # -- analyses --
    "compounded": "The compounded rate assumes that everybody who did not remit went on to the next step.",
    "step_without_size": lambda v: (
        f"No number of patients was read for {', '.join(v['steps'])}: its sampling error is not included."
    ),
    "no_null": "No p-value: a measure of one group has no value of no effect.",
    "no_usable_rows": "No study has usable rows for this analysis.",
    "nothing_estimable": "No study can be estimated: none has an event, or all have events only.",
    "stated": "{text}",
    # -- conclusions --
    "interval_without_end": "The interval has no end: the trials do not bound the effect.",
    "control_risk_stated": "{source}",
    "control_arms_added": lambda v: (
        f"{v['events']:g} of {v['total']:g} in the control arms"
        + (f" of {v['arms']} of {v['studies']} trials" if v["arms"] < v["studies"] else "")
    ),
    "bias_by_weight": lambda v: (
        "Risk of bias by weight: "
        + ", ".join(f"{j.replace('_', ' ')} {share:.0f}%" for j, share in v["shares"].items())
        + "."
    ),
    "grade_spread": lambda v: (
        f"I² {v['i2']:.0f}%"
        + {
            True: "; a new trial's true effect may lie on either side.",
            False: "; a new trial's true effect is predicted on the same side.",
            None: "; no prediction interval.",
        }[v["prediction_crosses"]]
    ),
    "grade_imprecision": lambda v: (
        f"The interval {'includes' if v['crosses'] else 'excludes'} no difference"
        + (f"; {v['participants']} people." if v["participants"] else "; number of people not known.")
    ),
    "grade_funnel": lambda v: (
        f"{v['k']} {'trial' if v['k'] == 1 else 'trials'}: too few to see missing trials by a funnel plot."
        if v["k"] < v["least"]
        else f"{v['k']} trials: a funnel plot can be looked at."
    ),
    # -- small-study effects and selection --
    "test_needs_studies": "{name} needs at least {least} studies with a usable effect; there are {k}.",
    "test_of_few": "{k} studies: below 10 a test of asymmetry finds little and proves nothing (doi:10.1136/bmj.d4002).",
    "same_predictor": "{name} does not exist: {predictor} is the same in all studies.",
    "error_follows_effect": (
        "The standard error of {measure} depends on the effect itself, so that {name} finds asymmetry too often; "
        "{instead} does not."
    ),
    "no_event_left_out": lambda v: f"Left out, because there is no event or nothing else: {list_rows(v['rows'])}.",
    "similar_precision": "All studies are about equally precise: no test can tell small studies from large ones.",
    "test_errs": "{name}: with {measure} the standard error or the weight goes with the effect; it errs too often.",
    "two_adequate": "{k} studies have adequate power; with fewer than two, the mean of all studies is shown.",
    "no_study_filled": "No study is missing by {estimator}; the result is that of the studies as they are.",
    "filled_not_settled": "The number of missing studies did not settle; the last one is shown.",
    "mean_not_significant": "The pooled effect is not significant as it is: no null study is needed.",
    "empty_interval": lambda v: (
        f"No study has a p-value {v['where']}: how likely such studies are selected cannot be estimated."
    ),
    "selection_several_maxima": "The likelihood has several maxima; the highest of those found is reported.",
    "selection_edge": "The estimate of {name} lies at the edge of what is searched: it is not determined by the data.",
    "no_significant": "No study is significant in the expected direction; there is nothing to estimate.",
    "no_solution": "{name} has no solution with these studies.",
    "subsets_sampled": "{drawn} of the {total} subsets were drawn at random, with seed {seed}.",
    "robustness_by_inverse_variance": (
        "Influence is that of effects pooled by inverse variance with REML, beside the model of the analysis."
    ),
    "no_test_of_few": (
        "{k} studies: with fewer than {least}, neither a test of asymmetry nor a corrected effect can tell missing "
        "trials from chance, so that none is computed."
    ),
    "no_correction_of_rates": (
        "Effects corrected for missing trials are those of comparisons: a rate of one group has no p-value to be "
        "selected by."
    ),
    "no_correction_of_dependent_errors": (
        "PET-PEESE is not computed: the standard error of {measure} depends on the effect itself, which it would "
        "take for a bias."
    ),
    "without_study": "without {study}",
    "studies_filled": lambda v: f"{v['count']} stud{'y' if v['count'] == 1 else 'ies'} filled",
    "chosen_of_pet_peese": "by {chosen}",
    # -- single studies --
    "arms_added_up": lambda v: f"arms added up: {', '.join(v['arms'])}",
    "crossover_all_periods": "crossover, all periods",
    "missing_as_no_event": lambda v: f"{v['count']} not rated, counted as without the event",
    "crossover_paired": "crossover, pairs of the same patients with a correlation of {r:g}",
    "paired_r_impossible": "not estimable: with these counts the correlation within patients cannot be {r:g}",
    "crossover_first_period": "crossover, first period",
    "crossover_as_parallel": "crossover, all periods, analysed as if parallel",
    "within_patient": "within-patient contrast",
    "sd_from_se": lambda v: f"SD of arm {v['arm']} from its standard error {v['se']:g} (n = {v['n']:g})",
    "mean_from_quantiles": lambda v: f"mean and SD of arm {v['arm']} estimated: {v['how']}",
    "effects_averaged": lambda v: f"average of {v['count']} effects of the study, with correlation {v['rho']:g}",
    "control_split": lambda v: f"control arm split between {v['parts']} comparisons",
    "scale_turned": lambda v: f"turned, as a high {v['scale']} is {v['meaning']}",
    "se_from_interval": "standard error from the printed interval",
    "se_from_p": "standard error from p = {p}, taken as a normal test",
    "study_corrected": lambda v: (
        f"{v['amount']:g} added to {'the events of both arms' if v['cells'] == 'events' else 'each cell'} for "
        + (f"its {v.get('what', 'logit')} only, not for the pooling" if v["shown_only"] else "the pooling")
        + (", in the variance only" if v["cells"] == "variance" else "")
    ),
    "not_estimable": "not estimable",
    "not_estimable_zero": lambda v: f"not estimable: {_WHY_NOT[v['why']]}",
    "no_table": lambda v: (
        f"{'average of several effects' if v['averaged'] else 'printed effect without counts'}, where {v['needs']} "
        "needs the table of each study"
    ),
    "no_usable_number": "no usable number",
}


class Note(str):
    """A remark on a result: a sentence, with the code and the values that it is made of.

    Parameters
    ----------
    code : str
        A key of `SENTENCES`; programs compare it, and never the sentence.
    **values
        What the sentence fills in: numbers, codes, names.

    Examples
    --------
    >>> note = Note("not_converged", estimator="PM")
    >>> note.code, note.values, str(note)
    ('not_converged', {'estimator': 'PM'}, 'PM was not solved to its tolerance.')
    """

    code: str
    values: Values

    def __new__(cls, code: str, **values: Any) -> Self:  # noqa: D102
        sentence = SENTENCES[code]
        made = super().__new__(cls, sentence.format(**values) if isinstance(sentence, str) else sentence(values))
        made.code = code
        made.values = values
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> Any:
        """How results are read back: from code and values; a plain text is one that a user wrote."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(read_note)

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: Any) -> dict[str, Any]:
        """What stands in JSON."""
        properties = {"code": {"enum": sorted(SENTENCES)}, "values": {"type": "object"}, "text": {"type": "string"}}
        return {"type": "object", "properties": properties, "required": ["code", "values", "text"]}

    def __getnewargs_ex__(self) -> tuple[tuple[str], Values]:
        return (self.code,), self.values


def read_note(value: Any) -> Note:
    """A remark from its plain form; one that is one already as it is."""
    if isinstance(value, Note):
        return value
    return Note("stated", text=value) if isinstance(value, str) else Note(value["code"], **value["values"])


def codes_of(notes: Iterable[str]) -> set[str]:
    """Codes of some remarks; a plain text has none."""
    return {note.code for note in notes if isinstance(note, Note)}
