"""From rows to comparisons: by stated rules, with ids, whatever the order of the rows."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import metarepro as mr
from metarepro.analysis import run_analysis, to_json
from metarepro.analysis.beside_study import beside_study
from metarepro.analysis.config import Analysis
from metarepro.analysis.selection import select
from metarepro.evidence.bias_tools import ROB2
from metarepro.evidence.dataset import Dataset
from metarepro.evidence.tables import TABLES

WAYS = ("choose", "combine", "all")


def analysis_of(**changes):
    base = {
        "id": "a", "title": "A", "outcome": "response", "measure": "OR", "experimental": {"agent": "drug"},
        "control": {"agent": ["placebo", "active"]}, "time": {"from": 1, "to": 100, "target": 24},
    }  # fmt: skip
    return Analysis.model_validate({**base, **changes})


def tables_of(**rows):
    """A dataset of rows given as one text each, `column=value` parted by blanks."""
    defaults = {
        "studies": "design=parallel", "arms": "role=experimental agent=drug",
        "dichotomous": "outcome=response scale=MADRS timepoint_h=24 events=5 total=20",
        "continuous": "outcome=score scale=MADRS timepoint_h=24 statistic=endpoint n=20 mean=10 sd=5",
        "contrasts": "outcome=score scale=MADRS timepoint_h=24 measure=SMD estimate=-0.5 se=0.2 ci_low= ci_high=",
    }  # fmt: skip
    made = dict.fromkeys(TABLES, ())
    for name, texts in rows.items():
        lines = []
        for i, text in enumerate(texts):
            cells = dict(c.split("=") for c in f"source_id=s level=primary {defaults[name]} {text}".split())
            if name == "studies":
                cells.setdefault("label", cells["study_id"].title())
            lines.append(TABLES[name].of_texts(cells, f"{name}.csv", i + 2))
        made[name] = tuple(lines)
    return Dataset.of_tables(made)


ARMS = (
    "study_id=one arm_id=low dose_mg_per_kg=0.2", "study_id=one arm_id=high dose_mg_per_kg=0.5",
    "study_id=one arm_id=pill agent=placebo role=control",
)  # fmt: skip


def test_every_arm_pair_scale_and_time_is_a_comparison_with_an_id_of_its_own():
    data = tables_of(
        studies=["study_id=one cohort=c"],
        arms=ARMS,
        dichotomous=[
            f"study_id=one arm_id={arm} scale={scale} timepoint_h={time}"
            for arm in ("low", "high", "pill")
            for scale in ("MADRS", "HAM-D17")
            for time in (4, 24, 200)
        ],
    )
    found = select(analysis_of(), data, several="all").comparisons
    assert [c.effect_id for c in found] == [
        f"one/{arm} v pill/response/{time} h///{scale}"
        for time in (4, 24)
        for scale in ("HAM-D17", "MADRS")
        for arm in ("high", "low")
    ]
    assert found[0].label == "One (high v pill, 4 h, HAM-D17)"
    assert {(c.study_id, c.cluster_id) for c in found} == {("one", "c")}


def test_one_comparison_bears_the_name_of_its_study():
    data = tables_of(
        studies=["study_id=one"],
        arms=ARMS,
        dichotomous=["study_id=one arm_id=high", "study_id=one arm_id=pill"],
    )
    for several in WAYS:
        (c,) = select(analysis_of(), data, several=several).comparisons
        assert (c.label, c.cluster_id, c.effect_id) == ("One", "one", "one/high v pill/response/24 h///MADRS")


def test_the_visit_that_counts_is_chosen_by_outcome_then_distance_then_the_earlier():
    rows = [("remission", 24), ("response", 6), ("response", 42), ("response", 80)]
    data = tables_of(
        studies=["study_id=one"],
        arms=ARMS,
        dichotomous=[
            f"study_id=one arm_id={arm} outcome={o} timepoint_h={t}" for arm in ("high", "pill") for o, t in rows
        ],
    )
    (c,) = select(analysis_of(outcome=["response", "remission"]), data).comparisons
    assert c.effect_id == "one/high v pill/response/6 h///MADRS"
    assert select(analysis_of(outcome=["remission", "response"]), data).comparisons[0].key[1] == "remission"


def test_several_arms_are_refused_or_taken_as_one_as_the_analysis_says():
    data = tables_of(
        studies=["study_id=one"],
        arms=ARMS,
        continuous=[
            "study_id=one arm_id=low n=10 mean=8 sd=4", "study_id=one arm_id=high n=30 mean=6 sd=5",
            "study_id=one arm_id=pill n=25 mean=11 sd=6",
        ],
    )  # fmt: skip
    analysis = analysis_of(outcome="score", measure="MD")
    with pytest.raises(mr.DataError, match=r"E029 One has 2 arms that fit analysis 'a'\n    arms: low, high\n"):
        select(analysis, data)
    combined = analysis_of(outcome="score", measure="MD", multi_arm="combine")
    (c,) = select(combined, data).comparisons
    assert select(analysis, data, several="combine").comparisons == (c,)
    # By hand: mean (80 + 180) / 40; SD from the sums of squares within and between.
    squares = 9 * 16 + 29 * 25 + 10 * (8 - 6.5) ** 2 + 30 * (6 - 6.5) ** 2
    assert c.inputs == pytest.approx(
        {"m1": 6.5, "sd1": math.sqrt(squares / 39), "n1": 40, "m2": 11, "sd2": 6, "n2": 25}, rel=1e-14
    )
    assert (c.participants, c.notes) == (65, ("arms added up: high, low",))
    assert c.effect_id == "one/high+low v pill/score/24 h/endpoint//MADRS"


@pytest.mark.parametrize(("design", "kind"), [("crossover", "whole"), ("parallel", "pooled"), ("parallel", "subset")])
def test_arms_that_share_patients_are_not_taken_as_one(design, kind):
    data = tables_of(
        studies=[f"study_id=one design={design}"],
        arms=[*ARMS, f"study_id=one arm_id=both kind={kind}"],
        dichotomous=[f"study_id=one arm_id={arm}" for arm in ("high", "both", "pill")],
    )
    with pytest.raises(mr.DataError, match="E029 One has 2 arms that fit analysis 'a' and may share patients"):
        select(analysis_of(multi_arm="combine"), data)


def test_what_stands_beside_arms_taken_as_one_is_of_all_of_them():
    data = tables_of(
        studies=["study_id=one country=Ireland"],
        arms=ARMS,
        dichotomous=[f"study_id=one arm_id={arm}" for arm in ("low", "high", "pill")],
    )
    columns = [{"head": "Dose", "from": "arms.dose_mg_per_kg"}, {"head": "Country", "from": "studies.country"}]
    analysis = analysis_of(multi_arm="combine", figure={"columns": columns})
    (c,) = select(analysis, data).comparisons
    assert beside_study(analysis, c, data, ROB2) == ({"Dose": "0.5, 0.2", "Country": "Ireland"}, {})


def test_controls_of_two_agents_taken_as_one_are_a_subgroup_of_both():
    data = tables_of(
        studies=["study_id=one"],
        arms=[*ARMS, "study_id=one arm_id=act agent=active role=control"],
        dichotomous=["study_id=one arm_id=high", "study_id=one arm_id=pill", "study_id=one arm_id=act"],
    )
    (c,) = select(analysis_of(subgroups="control_agent", multi_arm="combine"), data).comparisons
    assert (c.group, c.inputs["n2"]) == ("active or placebo", 40)


def test_level_of_arms_taken_as_one_is_that_of_the_worst_row():
    data = tables_of(
        studies=["study_id=one"],
        arms=ARMS,
        dichotomous=["study_id=one arm_id=high", "study_id=one arm_id=low level=secondary"],
    )
    rate = analysis_of(measure="PLO", control=None, subgroups="level", multi_arm="combine")
    (c,) = select(rate, data).comparisons
    assert (c.level, c.group) == ("secondary", "secondary")


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ("experimental_arm=high scale=HAM-D17", "E031 One has several rows that fit analysis 'a' equally well"),
        ("experimental_arm=high derivation=computed", "E031 One has several rows that fit analysis 'a' equally well"),
        ("experimental_arm=low", r"E029 One has 2 arms that fit analysis 'a'\n    arms: .*\n"
                                 r"    Fix: narrow `dose_mg_per_kg` or `agent` of the analysis\.$"),
    ],
)  # fmt: skip
def test_of_published_contrasts_that_fit_equally_well_none_is_the_first(second, message):
    rows = ["study_id=one experimental_arm=high control_arm=pill", f"study_id=one control_arm=pill {second}"]
    analysis = analysis_of(outcome="score", measure="SMD", rows="contrasts")
    for order in (rows, rows[::-1]):
        for several in ("choose", "combine"):
            with pytest.raises(mr.DataError, match=message):
                select(analysis, tables_of(studies=["study_id=one"], arms=ARMS, contrasts=order), several=several)


def test_a_published_contrast_stands_for_its_arms_at_its_visit():
    data = tables_of(
        studies=["study_id=one design=crossover"],
        arms=ARMS,
        continuous=[f"study_id=one arm_id={arm} timepoint_h={t}" for arm in ("high", "pill") for t in (4, 24)],
        contrasts=["study_id=one experimental_arm=high control_arm=pill measure=MD timepoint_h=4"],
    )
    analysis = analysis_of(outcome="score", measure="MD", rows="contrasts_for_crossover")
    assert [(c.kind, c.key[2]) for c in select(analysis, data).comparisons] == [("contrast", "4 h")]
    found = select(analysis, data, several="all").comparisons
    assert [(c.kind, c.key[2]) for c in found] == [("contrast", "4 h"), ("means", "24 h")]


def test_mean_differences_on_several_scales_are_refused_in_any_way():
    data = tables_of(
        studies=["study_id=one"],
        arms=ARMS,
        continuous=[f"study_id=one arm_id={a} scale={s}" for a in ("high", "pill") for s in ("MADRS", "BDI")],
    )
    with pytest.raises(mr.DataError, match="E039 analysis 'a' would pool mean differences of 2 scales"):
        select(analysis_of(outcome="score", measure="MD"), data, several="all")
    assert len(select(analysis_of(outcome="score", measure="SMD"), data, several="all").comparisons) == 2


def test_rows_twice_for_one_quantity_are_refused_in_any_way():
    data = tables_of(
        studies=["study_id=one"],
        arms=ARMS,
        dichotomous=["study_id=one arm_id=high", "study_id=one arm_id=pill", "study_id=one arm_id=pill source_id=t"],
    )
    for several in WAYS:
        with pytest.raises(mr.DataError, match="E031"):
            select(analysis_of(), data, several=several)


def test_two_doses_of_one_agent_can_be_compared():
    data = tables_of(
        studies=["study_id=one"],
        arms=ARMS,
        dichotomous=["study_id=one arm_id=high events=9", "study_id=one arm_id=low events=4"],
    )
    doses = [{"agent": "drug", "dose_mg_per_kg": {"from": low, "to": high}} for low, high in ((0.4, 1), (0, 0.3))]
    (c,) = select(analysis_of(experimental=doses[0], control=doses[1]), data).comparisons
    assert c.inputs == {"e1": 9, "n1": 20, "e2": 4, "n2": 20}


def test_of_a_cohort_every_comparison_of_its_largest_study_is_kept():
    data = tables_of(
        studies=["study_id=big cohort=c overlap=known", "study_id=small cohort=c overlap=known"],
        arms=[
            f"study_id={s} arm_id={a} agent={g}" for s in ("big", "small") for a, g in (("d", "drug"), ("p", "placebo"))
        ],
        dichotomous=[
            f"study_id={s} arm_id={a} timepoint_h={t} total={n}"
            for s, n in (("big", 40), ("small", 30))
            for a in ("d", "p")
            for t in (4, 24)
        ],
    )
    found = select(analysis_of(), data, several="all")
    assert [c.effect_id for c in found.comparisons] == [f"big/d v p/response/{t} h///MADRS" for t in (4, 24)]
    assert [(x.study_id, x.reason) for x in found.left_out] == [
        ("small", "shares patients with Big, which has as many or more")
    ]
    assert len(select(analysis_of(overlap="keep"), data, several="all").comparisons) == 4


def test_a_crossover_trial_without_the_periods_that_count_is_told():
    data = tables_of(
        studies=["study_id=one design=crossover"],
        arms=ARMS,
        dichotomous=["study_id=one arm_id=high periods=first", "study_id=one arm_id=pill periods=first"],
    )
    (left,) = select(analysis_of(crossover="all_periods"), data).left_out
    assert left.reason == "crossover with counts for the first period only"
    (c,) = select(analysis_of(crossover="first_else_all"), data).comparisons
    assert c.notes == ("crossover, first period",)


def test_steps_of_a_ladder_are_all_compounded_or_none():
    arms = [f"study_id=one arm_id=step{i} kind=step drug=d{i}" for i in (10, 2, 1)]
    rows = [f"study_id=one experimental_arm=step{i} control_arm=none measure=proportion se=" for i in (10, 2, 1)]
    rates = [f"{row} poolable=no poolable_reason=rate outcome=response estimate=0.{i}" for i, row in enumerate(rows, 2)]
    ladder = analysis_of(measure="PR", control=None, rows="contrasts", combine="compound")
    found = select(ladder, tables_of(studies=["study_id=one"], arms=arms, contrasts=rates))
    assert [(c.label, c.inputs) for c in found.comparisons] == [
        ("step1 (d1)", {"estimate": 0.4}), ("step2 (d2)", {"estimate": 0.3}), ("step10 (d10)", {"estimate": 0.2}),
    ]  # fmt: skip
    rates[1] = rates[1].replace("estimate=0.3", "estimate=")
    lacking = select(ladder, tables_of(studies=["study_id=one"], arms=arms, contrasts=rates))
    assert (lacking.comparisons, [x.reason for x in lacking.left_out]) == ((), ["rate"])


def test_a_way_that_is_not_known_is_refused(config, data):
    with pytest.raises(
        mr.ConfigError, match=r"several = 'first' is not known\. Allowed: choose, combine, split, average, all"
    ):
        select(config.analyses[0], data, several="first")


def test_ids_tell_all_comparisons_of_the_default_analyses_apart(config, data):
    several = 0
    for analysis in config.analyses:
        for way in ("", "all"):
            try:
                found = select(analysis, data, several=way).comparisons
            except mr.DataError:
                assert way == "all"  # such as mean differences on several scales
                continue
            several += len(found) - len({c.study_id for c in found})
            assert len({c.effect_id for c in found}) == len(found)
            assert len({c.label for c in found}) == len(found)
            if way == "" and analysis.combine == "pool":
                assert len({c.study_id for c in found}) == len(found)
    assert several > 10


def shuffled(data: Dataset, seed: random.Random) -> Dataset:
    """The same rows in other orders."""

    def mixed(rows):
        return seed.sample(list(rows), len(rows))

    return dataclasses.replace(
        data, studies=dict(mixed(data.studies.items())), arms=dict(mixed(data.arms.items())),
        **{name: tuple(mixed(getattr(data, name))) for name in ("dichotomous", "continuous", "contrasts")},
    )  # fmt: skip


def outcome_of(analysis, data, way):
    try:
        return select(analysis, data, several=way)
    except mr.DataError as error:
        return error.problems


VISITS = st.builds(
    "study_id={} timepoint_h={} scale={} level={} remark={}".format, st.sampled_from(["one", "one", "two"]),
    st.sampled_from([20, 28, 24]), st.sampled_from(["MADRS", "MADRS", "BDI"]),
    st.sampled_from(["primary", "primary", "secondary"]), st.sampled_from(["", "a", "b"]),
)  # fmt: skip
COUNTS = st.builds(
    "{} arm_id={} total={} periods={}".format, VISITS, st.sampled_from(["d1", "d2", "d10", "p", "q"]),
    st.integers(5, 9), st.sampled_from(["", "", "", "first", "all"]),
)  # fmt: skip
EFFECTS = st.builds(
    "{} experimental_arm={} control_arm={} measure=OR estimate=0.5 outcome=response p_value={} se={}".format,
    VISITS, st.sampled_from(["d1", "d2"]), st.sampled_from(["p", "q", "none"]),
    st.sampled_from(["0.04", "<0.05"]), st.sampled_from(["0.3", "0.3", ""]),
)  # fmt: skip


def is_once(text):
    """What a row is known by: its place in the tables, without its numbers."""
    cells = dict(c.split("=") for c in text.split())
    names = ("study_id", "arm_id", "experimental_arm", "control_arm", "timepoint_h", "scale", "periods")
    return tuple(cells.get(n) for n in names)


CHANGES = st.fixed_dictionaries(
    {
        "rows": st.sampled_from(["arms", "arms", "contrasts", "contrasts_for_crossover"]),
        "crossover": st.sampled_from(["all_periods", "first_period", "first_else_all"]),
        "scale": st.sampled_from([(), "MADRS"]),
        "time": st.sampled_from([None, {"from": 10, "to": 25, "target": 24}, {"from": 10, "to": 40, "target": 24}]),
        "subgroups": st.sampled_from([None, "control_agent", "level"]),
        "se_from_p": st.booleans(),
        "population": st.sampled_from([{}, {"level": "primary"}]),
    }
)


@settings(max_examples=150, deadline=None)
@given(
    counts=st.lists(COUNTS, min_size=4, max_size=20, unique_by=is_once),
    effects=st.lists(EFFECTS, max_size=4, unique_by=is_once),
    changes=CHANGES,
    design=st.sampled_from(["parallel", "crossover"]),
    seed=st.randoms(use_true_random=False),
)
def test_the_order_of_rows_has_no_influence(counts, effects, changes, design, seed):
    arms = [
        f"study_id={s} arm_id={a} agent={agent} dose_mg_per_kg={dose} role={role}"
        for s in ("one", "two")
        for a, agent, dose, role in (
            ("d10", "drug", 0.9, "experimental"), ("d2", "drug", 0.5, "experimental"),
            ("d1", "drug", 0.2, "experimental"), ("q", "active", "", "control"), ("p", "placebo", "", "control"),
        )
    ]  # fmt: skip
    studies = [f"study_id={s} design={design} cohort=c label=Same" for s in ("one", "two")]
    data = tables_of(studies=studies, arms=arms, dichotomous=counts, contrasts=effects)
    analysis = analysis_of(**changes)
    for way in WAYS:
        assert outcome_of(analysis, data, way) == outcome_of(analysis, shuffled(data, seed), way)


def test_the_order_of_rows_changes_no_default_analysis(config, data, results):
    other = shuffled(data, random.Random(1))
    for analysis in config.analyses:
        for way in ("", *WAYS):
            assert outcome_of(analysis, data, way) == outcome_of(analysis, other, way), (analysis.id, way)
        if analysis.id in ("rate_72h", "response_72h_or", "score_24h_md", "suicidality_1to3d_or"):
            assert to_json(run_analysis(config, analysis, other)) == to_json(results[analysis.id])


def test_a_shared_control_is_split_between_the_arms():
    data = tables_of(
        studies=["study_id=one", "study_id=two"], arms=[*ARMS, "study_id=two arm_id=x", "study_id=two arm_id=pill "
                                                       "agent=placebo role=control"],
        dichotomous=[
            "study_id=one arm_id=low events=4 total=20", "study_id=one arm_id=high events=8 total=22",
            "study_id=one arm_id=pill events=6 total=30", "study_id=two arm_id=x", "study_id=two arm_id=pill",
        ],
    )  # fmt: skip
    found = select(analysis_of(multi_arm="split"), data).comparisons
    assert [c.label for c in found] == ["One (high v pill)", "One (low v pill)", "Two"]
    one = {c.experimental[0].arm_id: c for c in found if c.study_id == "one"}
    assert one["low"].inputs == {"e1": 4, "n1": 20, "e2": 3, "n2": 15}
    assert one["high"].inputs == {"e1": 8, "n1": 22, "e2": 3, "n2": 15}
    assert [str(n) for n in one["low"].notes] == ["control arm split between 2 comparisons"]
    # No patient counts twice.
    assert sum(c.participants for c in one.values()) == 20 + 22 + 30
