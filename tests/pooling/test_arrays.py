"""What a caller does with its arrays after a fit, and in which form it gives them, changes nothing that the fit says."""

from __future__ import annotations

import copy
import pickle
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

import metarepro as mr

LATER = ("weights", "log_likelihood", "p_value", "log10_p", "q_p", "q_log10_p")


def inputs(shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    mask = rng.random(shape) < 0.8
    mask[..., :5] = True
    yi, vi = rng.normal(size=shape), rng.uniform(0.01, 0.5, shape)
    yi[..., 1] = np.nan
    return {"yi": yi, "vi": vi, "mask": mask, "weights": rng.uniform(1, 9, shape), "moderators": rng.normal(size=shape)}


def said(fit: object) -> dict[str, object]:
    """Everything a fit says."""
    names = [f.name for f in fields(fit) if not f.name.startswith("_")]
    found = {name: getattr(fit, name) for name in (*names, *(n for n in LATER if hasattr(type(fit), n)))}
    if isinstance(fit, mr.PooledFit):
        found["yi used"], found["vi used"] = fit.data
    return found


def assert_same(fit: object, other: object) -> None:
    ours, theirs = said(fit), said(other)
    assert list(ours) == list(theirs)
    for name, value in ours.items():
        if isinstance(value, str | tuple):
            assert value == theirs[name]
        else:
            np.testing.assert_array_equal(value, theirs[name], err_msg=name)


SHAPES = {"one": (9,), "batch": (40, 9), "batch of batches": (3, 4, 9), "large": (30_000, 9)}
CHOSEN = {
    "plain": ("yi", "vi"),
    "mask": ("yi", "vi", "mask"),
    "weights": ("yi", "vi", "weights"),
    "moderators": ("yi", "vi", "moderators"),
    "all": ("yi", "vi", "mask", "weights", "moderators"),
}


def pool(given: dict[str, np.ndarray], names: tuple[str, ...]) -> mr.PooledFit:
    chosen = {name: given[name] for name in names}
    if "moderators" in chosen:
        chosen["moderators"] = chosen["moderators"][..., None]
    return mr.pool(**chosen)


@pytest.mark.parametrize("names", CHOSEN.values(), ids=CHOSEN)
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_changed_arrays_change_no_fit(shape, names):
    given = inputs(shape)
    fit, untouched = pool(given, names), pool(inputs(shape), names)
    given["vi"].sort(axis=-1)
    given["yi"][...] = 7
    given["mask"][...] = ~given["mask"]
    given["weights"][...] = 1
    given["moderators"].fill(0)
    assert_same(fit, untouched)


@pytest.mark.parametrize("method", ["CE", "DL", "ML", "PM", "SJ"])
def test_sorted_variances_give_the_weights_of_the_fit(method):
    yi, vi = np.array([0.5, 0.1, 0.3, 0.9]), np.array([0.4, 0.1, 0.3, 0.2])
    fit = mr.pool(yi, vi, method)
    expected = 1 / (vi + fit.tau2)
    vi.sort()
    np.testing.assert_allclose(fit.weights, 100 * expected / expected.sum(), rtol=1e-13)


FORMS = {
    "lists": lambda a: a.tolist(),
    "Series": pd.Series,
    "columns of a DataFrame": lambda a: pd.DataFrame({"x": a, "other": a})["x"],
    "a masked array": lambda a: np.ma.masked_array(np.nan_to_num(a, nan=99.0), np.isnan(a)),
    "a read-only array": lambda a: np.broadcast_to(a, a.shape),
    "a view with steps": lambda a: np.repeat(a, 3)[::3],
    "a reversed view": lambda a: a[::-1].copy()[::-1],
    "a column of a table": lambda a: np.column_stack([a, a])[:, 1],
    "another byte order": lambda a: a.astype(">f8"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_same_numbers_gives_the_same_fit(form):
    given = inputs((9,))
    made = {name: FORMS[form](given[name]) for name in ("yi", "vi", "weights", "moderators")}
    fit = mr.pool(made["yi"], made["vi"], weights=made["weights"], moderators=made["moderators"])
    expected = mr.pool(given["yi"], given["vi"], weights=given["weights"], moderators=given["moderators"])
    if form not in ("lists", "a read-only array"):
        made["vi"][:] = made["vi"][::-1].copy()
    assert_same(fit, expected)


def test_masked_numbers_are_missing():
    yi, vi = np.array([0.1, 0.4, 0.2, 5.0]), np.array([0.1, 0.1, 0.2, 0.1])
    fit = mr.pool(np.ma.masked_greater(yi, 1), vi)
    assert fit.beta == mr.pool(yi[:3], vi[:3]).beta and fit.weights[3] == 0
    counts = mr.mantel_haenszel(np.ma.masked_array([1, 4, 9], [0, 0, 1]), [10, 20, 30], [2, 5, 1], [10, 20, 30])
    assert counts.beta == mr.mantel_haenszel([1, 4], [10, 20], [2, 5], [10, 20]).beta
    groups = mr.pool_subgroups(np.ma.masked_greater(yi, 1), vi, ["a", "a", "b", "b"])
    assert [f.k for f in groups.fits] == [2, 1]
    assert mr.permutation_test(np.ma.masked_greater(yi, 1), vi).arrangements == 8


@pytest.mark.parametrize("shape", [(9,), (40, 9)])
def test_copies_and_pickled_fits_say_the_same(shape):
    given = inputs(shape)
    untouched = pool(inputs(shape), CHOSEN["all"])
    for make in (copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))):
        fit = pool(given, CHOSEN["all"])
        before = make(fit)
        assert_same(before, untouched)
        assert fit.weights is not None
        after = make(fit)
        assert_same(after, untouched)
        assert not after.covariance.flags.writeable


@pytest.mark.parametrize("names", CHOSEN.values(), ids=CHOSEN)
def test_what_a_fit_returns_is_no_view_of_the_input_and_cannot_be_overwritten(names):
    given = inputs((40, 9))
    fit = pool(given, names)
    for name, value in said(fit).items():
        if isinstance(value, np.ndarray):
            assert not any(np.shares_memory(value, a) for a in given.values()), name
            if name not in ("yi used", "vi used"):
                with pytest.raises(ValueError, match="read-only"):
                    value[...] = 0


def test_data_of_a_fit_are_copies():
    fit = mr.pool([0.1, 0.2, 0.5], [0.1, 0.2, 0.1])
    fit.data[1][:] = 9
    np.testing.assert_array_equal(fit.data[1], [0.1, 0.2, 0.1])
    np.testing.assert_allclose(fit.weights.sum(), 100)


COUNTS = {"e1": [3, 5, 9, 0], "n1": [20, 30, 40, 10], "e2": [4, 9, 20, 2], "n2": [21, 29, 41, 12]}


@pytest.mark.parametrize("method", ["mantel_haenszel", "peto", "glmm"])
def test_changed_counts_change_no_fit(method):
    given = {name: np.array(values, float) for name, values in COUNTS.items()}

    def fit(counts: dict[str, np.ndarray]) -> object:
        if method == "glmm":
            return mr.glmm("PLO", e=counts["e1"], n=counts["n1"])
        return getattr(mr, method)(**counts)

    found = fit(given)
    for array in given.values():
        array.sort()
        array += 1
    expected = fit({name: np.array(values, float) for name, values in COUNTS.items()})
    assert_same(found, expected)
    assert_same(copy.deepcopy(found), expected)
    assert_same(pickle.loads(pickle.dumps(found)), expected)
    assert not any(np.shares_memory(found.weights, a) for a in given.values())


def test_changed_tables_change_no_regression():
    def fit(data: pd.DataFrame, yi: np.ndarray, vi: np.ndarray) -> mr.MetaRegression:
        return mr.meta_regression(yi, vi, "dose + C(kind)", data)

    def table() -> pd.DataFrame:
        return pd.DataFrame({"dose": [1.0, 2, 3, 4, 5, 7], "kind": list("aabbab")})

    data, (yi, vi) = table(), (inputs((8,))[name][2:] for name in ("yi", "vi"))
    found, expected = fit(data, yi, vi), fit(table(), yi.copy(), vi.copy())
    data["dose"] = 0.0
    vi.sort()
    yi *= 2
    assert_same(found.fit, expected.fit)
    np.testing.assert_array_equal(found.design, expected.design)
    again = copy.deepcopy(found)
    new = {"dose": [2.5], "kind": ["b"]}
    assert again.predict(new).estimate == found.predict(new).estimate == expected.predict(new).estimate


@pytest.mark.parametrize("measure", ["MD", "RD", "OR", "PLO"])
def test_scales_give_new_arrays(measure):
    x = np.array([0.1, 0.2])
    es = mr.effect_sizes("OR", **COUNTS)
    shown = mr.effect_sizes("GEN", estimate=x, variance=x)
    assert not np.shares_memory(shown.yi, x) and not np.shares_memory(shown.vi, x)
    assert not np.shares_memory(es.to_display(es.yi), es.yi)
    from metarepro.effects.core import from_display, to_display

    assert not np.shares_memory(to_display(measure, x), x) and not np.shares_memory(from_display(measure, x), x)
