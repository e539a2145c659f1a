"""Three ways of computing, one answer; and the proof that a maximum is the global one."""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

import metarepro as mr
from metarepro.pooling import engine, loops
from metarepro.pooling.kernel import moments
from metarepro.pooling.likelihood import maximise
from metarepro.pooling.problems import read_problems
from tests.conftest import ROOT

NUMBERS = (
    "beta", "se", "ci_low", "ci_high", "tau2", "tau2_se", "i2", "h2", "q", "pi_low", "pi_high", "log_likelihood",
    "weights", "p_value", "q_p",
)  # fmt: skip


@pytest.fixture(autouse=True)
def usual_engine():
    yield
    mr.set_engine(compiled=None)


def batch(kind, count=400, k=9, seed=0):
    rng = np.random.default_rng(seed)
    tau2 = rng.choice([0, 0.01, 0.1, 1], (count, 1))
    if kind == "usual":
        vi = 0.02 + 0.1 * rng.chisquare(1, (count, k))
    elif kind == "wide":
        vi = 10 ** rng.uniform(-4, 0, (count, k))
    else:  # one study outweighs all others
        vi = 10 ** rng.uniform(-1, 0, (count, k))
        vi[:, 0] = 1e-7
    yi = rng.normal(0, np.sqrt(vi + tau2))
    mask = rng.uniform(size=vi.shape) < 0.8
    mask[:, :2] = True
    return yi, vi, mask


@pytest.mark.parametrize("method", sorted(loops.METHODS))
@pytest.mark.parametrize("kind", ["usual", "wide", "heavy"])
def test_compiled_arrays_and_plain_loops_agree(kind, method):
    yi, vi, mask = batch(kind)
    for shown in (None, mask):
        mr.set_engine(compiled=False)
        arrays = mr.pool(yi, vi, mask=shown, tau2=method)
        mr.set_engine(compiled=True)
        compiled = mr.pool(yi, vi, mask=shown, tau2=method)
        assert (arrays.converged & compiled.converged).all()
        assert (arrays.maxima == compiled.maxima).all()
        singles = [
            mr.pool(yi[i], vi[i], mask=None if shown is None else shown[i], tau2=method) for i in range(0, 400, 10)
        ]
        typical = 1e-12 * np.where(mask if shown is not None else True, vi, np.inf).min(-1)
        for name in NUMBERS:
            a, c = getattr(arrays, name), getattr(compiled, name)
            s = np.array([getattr(f, name) for f in singles])
            scale = {"tau2": typical, "tau2_se": typical}.get(name, 1e-12)
            slack = scale if np.ndim(scale) == 0 else scale[:, None] if a.ndim == 2 else scale
            np.testing.assert_array_less(np.abs(a - c), 1e-11 * np.abs(a) + slack + 1e-300, err_msg=name)
            slack = slack if np.ndim(slack) == 0 else slack[::10]
            np.testing.assert_array_less(np.abs(a[::10] - s), 1e-11 * np.abs(a[::10]) + slack + 1e-300, err_msg=name)


@pytest.mark.parametrize("method", ["CE", "DL", "REML"])
def test_odd_rows_of_a_compiled_batch_are_treated_as_those_of_arrays(method):
    yi, vi, mask = batch("usual", 200, 20)
    mr.set_engine(compiled=True)
    yi[7, 3], mask[7, 3] = np.nan, True
    mask[150] = False
    mask[150, 4] = True
    fit = mr.pool(yi, vi, mask=mask, tau2=method)
    assert fit.notes[0] == "Dropped, because yi or vi is missing: row 3 (counted from 0)."
    assert (fit.k[150], fit.beta[150], fit.se[150]) == (1, yi[150, 4], np.sqrt(vi[150, 4]))
    single = mr.pool(np.delete(yi[7], 3), np.delete(vi[7], 3), mask=np.delete(mask[7], 3), tau2=method)
    assert fit.beta[7] == pytest.approx(single.beta, rel=1e-12) and fit.weights[7, 3] == 0
    for array, value, words in (
        (vi, 0.0, "vi is not positive and finite in row 6 "),
        (vi, np.inf, "vi is not positive and finite in row 6 "),
        (vi, -1.0, "vi is not positive and finite in row 6 "),
        (yi, np.inf, "yi is infinite in row 6 "),
    ):
        before, array[33, 6] = array[33, 6], value
        with pytest.raises(mr.DataError, match=words):
            mr.pool(yi, vi, tau2=method)
        array[33, 6] = before


def test_weights_and_likelihood_are_never_those_of_other_data():
    yi, vi, _ = batch("usual", 3000, 20)
    kept, large = mr.pool(yi[0], vi[0]), mr.pool(yi, vi)
    weights = large.weights
    late = mr.pool(yi, vi)
    vi[0] *= np.linspace(1, 1.001, 20)
    assert kept.weights == pytest.approx(weights[0], rel=1e-12)
    assert weights.sum(-1) == pytest.approx(np.full(3000, 100))
    untouched = mr.pool(*batch("usual", 3000, 20)[:2])
    for name in ("weights", "log_likelihood"):
        np.testing.assert_array_equal(getattr(late, name), getattr(untouched, name))


def test_two_maxima_are_seen_in_a_compiled_batch():
    # The same set as in test_properties, among others: the certificate must send it to the search for all maxima.
    yi = np.tile([0.973, 0.337, -0.036, -0.471, 0.445, -1.375], (50, 1))
    vi = np.tile([0.219, 0.001, 0.138, 0.272, 0.013, 0.21], (50, 1))
    vi[1::2] = 0.2
    mr.set_engine(compiled=True)
    fit = mr.pool(yi, vi, tau2="REML")
    assert (fit.maxima[::2] == 2).all() and (fit.maxima[1::2] == 1).all()
    assert (fit.tau2[::2].round(4) == 0.4171).all()


@pytest.mark.parametrize("kind", ["REML", "ML"])
def test_a_certificate_is_never_given_to_a_second_best_maximum(kind):
    # Where the quick proof says that there is one maximum, the score changes sign as that says, on a dense grid.
    rng = np.random.default_rng(5)
    vi = 10 ** rng.uniform(-4, 0, (3000, 5))
    yi = rng.normal(0, np.sqrt(vi + 10 ** rng.uniform(-3, 0.5, (3000, 1))))
    problems, _, _ = read_problems(yi, vi)
    best = maximise(problems, kind)
    grid = np.concatenate([[0], np.geomspace(1e-7, 100, 1500)])
    m = moments(problems, np.broadcast_to(grid, (3000, grid.size)).copy())
    positive = m.y_pp_y > (m.tr_p if kind == "REML" else m.sum_w)
    falls = (positive[:, :-1] & ~positive[:, 1:]).sum(1) + ~positive[:, 0]
    assert (best.maxima >= falls).all()
    assert (best.maxima > 1).sum() > 20
    # A peak narrower than the grid may escape the grid, never the proof.
    assert (best.maxima == falls).mean() > 0.995


def test_memory_is_that_of_the_result():
    yi, vi, _ = batch("usual", 40_000, 20)
    for compiled in (False, True):
        mr.set_engine(compiled=compiled)
        mr.pool(yi[:100], vi[:100])
        tracemalloc.start()
        fit = mr.pool(yi, vi)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert fit.weights.nbytes == yi.nbytes
        # Weights, some thirty numbers a fit, and one chunk: not a multiple of the input.
        assert peak < 3 * yi.nbytes + 60e6, (compiled, peak)


@pytest.mark.parametrize("compiled", [False, True])
def test_all_subsets_agree_with_metafors_gosh(compiled):
    gosh = json.loads((ROOT / "tests/data/models_reference.json").read_text())["gosh"]
    k = len(gosh["yi"])
    mask = ((np.arange(1, 2**k)[:, None] >> np.arange(k)) & 1).astype(bool)
    mr.set_engine(compiled=compiled)
    for theirs in gosh["fits"]:
        ours = mr.pool(gosh["yi"], gosh["vi"], theirs["method"].replace("EE", "CE"), "z", mask=mask)
        for name, values in {"QE": ours.q, "estimate": ours.beta}.items():
            column = theirs[name]
            assert theirs["n_subsets"] == values.size == 8191
            found = [
                values.mean(),
                values.std(ddof=1),
                values.min(),
                values.max(),
                *np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]),
            ]
            expected = [column["mean"], column["sd"], column["min"], column["max"], *column["q"]]
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)


def test_leave_one_out_and_cumulative_are_masks():
    yi, vi, _ = batch("usual", 1, 12)
    k = 12
    for mask in (~np.eye(k, dtype=bool), np.tril(np.ones((k, k), bool))):
        fits = mr.pool(yi[0], vi[0], mask=mask)
        for row in range(k):
            one = mr.pool(yi[0][mask[row]], vi[0][mask[row]])
            for name in ("beta", "se", "q", "log_likelihood"):
                assert getattr(fits, name)[row] == pytest.approx(getattr(one, name), rel=1e-11, abs=1e-13)


def test_a_hundred_thousand_studies():
    rng = np.random.default_rng(3)
    vi = 10 ** rng.uniform(-2, 0, 100_000)
    yi = rng.normal(0.3, np.sqrt(vi + 0.05))
    fit = mr.pool(yi, vi)
    assert fit.converged and fit.k == 100_000
    assert fit.tau2 == pytest.approx(0.05, abs=4 * fit.tau2_se) and fit.beta == pytest.approx(0.3, abs=4 * fit.se)


def test_input_is_not_changed_and_broadcast():
    yi, vi, mask = batch("usual", 3000, 20)
    before = yi.copy(), vi.copy(), mask.copy()
    yi.flags.writeable = vi.flags.writeable = mask.flags.writeable = False
    for compiled in (False, True):
        mr.set_engine(compiled=compiled)
        mr.pool(yi, vi, mask=mask)
        subsets = mr.pool(yi[0], vi[0], mask=mask)
        assert subsets.beta[7] == pytest.approx(mr.pool(yi[0][mask[7]], vi[0][mask[7]]).beta, rel=1e-12)
    for a, b in zip(before, (yi, vi, mask), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_bad_row_in_a_large_batch_is_named(compiled):
    yi, vi, _ = batch("usual", 30_000, 20)
    mr.set_engine(compiled=compiled)
    vi[25_000, 7] = -1
    with pytest.raises(mr.DataError, match=r"vi is not positive and finite in row 7 \(counted from 0\)"):
        mr.pool(yi, vi)
    vi[25_000] = np.nan
    with pytest.raises(mr.DataError, match="There is no study with a usable effect in problem 25000"):
        mr.pool(yi, vi)
    vi[25_000, :3] = 0.1
    fit = mr.pool(yi, vi)
    assert fit.k[25_000] == 3 and fit.k[0] == 20
    assert fit.notes[0].startswith("Dropped, because yi or vi is missing: rows 3, 4, 5")


def test_engine_options_are_checked(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(mr.ConfigError, match=r"compiled=True needs numba, .* pip install metarepro\[fast\]"):
        mr.set_engine(compiled=True)
    monkeypatch.setenv("METAREPRO_COMPILED", "yes")
    with pytest.raises(mr.ConfigError, match="METAREPRO_COMPILED=yes is not known"):
        engine._from_environment()


def test_a_small_fit_loads_no_heavy_library():
    code = (
        "import sys, metarepro as mr; mr.pool([0.1, 0.3, 0.5], [0.03, 0.05, 0.02]);"
        "print([m for m in ('pandas', 'matplotlib', 'numba', 'statsmodels', 'pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
