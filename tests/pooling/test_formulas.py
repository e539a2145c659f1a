"""Formulas of moderators: each allowed form gives the design that it says, and nothing else is evaluated."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from patsy import dmatrix

import metarepro as mr
from metarepro.pooling.formulas import FUNCTIONS, check_formula
from metarepro.pooling.regression import wald_test

RNG = np.random.default_rng(3)
K = 30
DATA = pd.DataFrame(
    {
        "dose": RNG.uniform(1, 5, K),
        "mean age": RNG.uniform(20, 60, K),
        "design": ["parallel", "crossover", "cluster"] * (K // 3),
        "phase": np.repeat([1, 2, 3], K // 3),
    }
)
VI = RNG.uniform(0.01, 0.1, K)
YI = 0.2 * DATA["dose"].to_numpy() + RNG.normal(0, 0.3, K)


def design(formula: str) -> np.ndarray:
    return mr.meta_regression(YI, VI, formula, DATA).design


WAYS = {
    "a call": "open({path!r}, 'w')",
    "a call in a function": "log(open({path!r}, 'w'))",
    "an import": "__import__('pathlib').Path({path!r}).touch()",
    "a method of a column": "dose.to_csv({path!r})",
    "a module that formulaic knows": "np.savetxt({path!r}, [1])",
    "an attribute in arithmetic": "I(dose + np.save({path!r}, dose))",
    "braces": "{{open({path!r}, 'w')}}",
    "a lambda": "I((lambda: open({path!r}, 'w'))())",
    "a comprehension": "log([open(p, 'w') for p in [{path!r}]])",
    "a subscript": "I([open][0]({path!r}, 'w'))",
    "an option": "poly(dose, degree=open({path!r}, 'w'))",
    "an option by its place": "bs(dose, open({path!r}, 'w'))",
    "unpacked options": "scale(dose, **dict(center=open({path!r}, 'w')))",
    "unpacked arguments": "log(*[open({path!r}, 'w')])",
    "contrasts": "C(design, open({path!r}, 'w'))",
    "a reference level": "C(design, Treatment(open({path!r}, 'w')))",
    "levels": "C(design, levels=[open({path!r}, 'w')])",
    "a formatted text": "C(design, Treatment(f'{{open({path!r}, chr(119))}}'))",
    "an assignment": "I((f := open({path!r}, 'w')))",
    "a condition": "I(dose if open({path!r}, 'w') else dose)",
    "a comparison": "I(dose > open({path!r}, 'w'))",
    "behind a back-quoted name": "log(`mean age`) + log(`mean age`.to_csv({path!r}))",
    "both sides of ~": "open({path!r}, 'w') ~ dose",
    "the power operator": "(dose + open({path!r}, 'w'))**2",
    "the text of a column": "Q(open({path!r}, 'w'))",
}


@pytest.mark.parametrize("way", WAYS)
def test_no_formula_runs_a_program(way, tmp_path):
    path = tmp_path / "made"
    with pytest.raises(mr.ConfigError, match="Allowed: columns") as caught:
        mr.meta_regression(YI, VI, "dose + " * (way != "both sides of ~") + WAYS[way].format(path=str(path)), DATA)
    assert not path.exists()
    assert "Allowed: columns" in str(caught.value)


def test_variables_of_the_caller_are_no_columns():
    secret = YI  # noqa: F841 - a formula must not see it
    with pytest.raises(mr.DataError, match="there is no column 'secret'"):
        mr.meta_regression(YI, VI, "dose + secret", DATA)
    with pytest.raises(mr.DataError, match="there is no column 'secret'"):
        mr.meta_regression(YI, VI, "log(secret)", DATA)


@pytest.mark.parametrize(
    ("formula", "part", "fix"),
    [
        ("np.log(dose)", "np.log(dose)", "Did you mean log(...)?"),
        ("lg(dose)", "lg(dose)", "Did you mean log(...)?"),
        ("sqr(dose)", "sqr(dose)", "Did you mean sqrt(...)?"),
        ("dose**2", "**", "I(dose ** 2)"),
        ("dose / phase", "/", "I(dose / 2)"),
        ("dose*design - dose", "-", "name the terms that you want"),
        ("dose + 2", "2", "I(2 * dose)"),
        ("dose | phase", "|", "leave it out"),
        ("dose %in% phase", "in", "leave it out"),
        (".", ".", "I(2 * dose)"),
        ("dose[0]", "dose[0]", "leave it out"),
        ("{dose}", "{", "I(dose / 2)"),
        ("'dose'", "'dose'", "I(2 * dose)"),
        ("__class__", "__class__", "leave it out"),
        ("poly(dose, 2, 3, 4)", "poly(dose, 2, 3, 4)", "Its options: degree, raw."),
        ("poly(dose, 10000000)", "degree = 10000000", "a whole number, 0 to 50"),
        ("bs(dose, knots='a')", "knots = 'a'", "a list of up to 50 plain numbers"),
        ("scale(dose, center=1)", "center = 1", "True or False"),
        ("cr(dose, 3, constraints='none')", "constraints = 'none'", "the text 'center'"),
        ("log(dose, 2)", "log(dose, 2)", "It has no options."),
        ("log()", "log()", "as in log(dose)"),
        ("I(9**9)", "9 ** 9", "a column ** a number"),
        ("I(dose**99)", "dose ** 99", "a number up to 50"),
        ("C(dose + 1)", "C(dose + 1)", "C(column)"),
        ("C(design, 'crossover')", "'crossover'", "Treatment('reference level')"),
        ("C(design, Treatment('a', 'b'))", "Treatment('a', 'b')", "Treatment('reference level')"),
        ("log(dose", None, "Expected: )"),
        ("log(dose,,)", "log(dose,,)", "missing comma"),
    ],
)
def test_what_is_not_allowed_is_named_with_a_fix(formula, part, fix):
    with pytest.raises(mr.MetareproError) as caught:
        mr.meta_regression(YI, VI, formula, DATA)
    message = str(caught.value)
    assert fix in message and "Allowed: columns" in message
    if part is not None:
        assert isinstance(caught.value, mr.ConfigError)
        assert message.startswith(f"The formula {formula!r} holds {part!r}, which is not allowed.")


@pytest.mark.parametrize(
    ("formula", "hint"),
    [
        ("does", "Did you mean 'dose'?"),
        ("log(does)", "Did you mean 'dose'?"),
        ("log(`mean aged`)", "Did you mean 'mean age'?"),
        ("log", "Write log(column)."),
    ],
)
def test_a_misspelt_column_is_named(formula, hint):
    with pytest.raises(mr.DataError) as caught:
        mr.meta_regression(YI, VI, formula, DATA)
    assert hint in str(caught.value) and "Columns: design, dose, mean age, phase." in str(caught.value)


def test_a_formula_is_a_text_of_sane_length():
    with pytest.raises(mr.ConfigError, match="must be a text"):
        mr.meta_regression(YI, VI, ["dose"], DATA)
    with pytest.raises(mr.ConfigError, match="5000 are allowed"):
        mr.meta_regression(YI, VI, "dose + " * 1000 + "dose", DATA)


def test_a_column_does_not_hide_a_function():
    with pytest.raises(mr.ConfigError, match="the column 'log' hides a function"):
        mr.meta_regression(YI, VI, "log(dose)", DATA.assign(log=1.0))


def test_every_function_is_documented():
    for name in FUNCTIONS:
        assert name in mr.meta_regression.__doc__
    assert check_formula("~ C( phase ) + C(`mean age`)", DATA.columns) == {"phase", "mean age"}


# patsy, which statsmodels uses, reads these formulas the same way.
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("dose", "dose"),
        ("~ dose", "dose"),
        ("1 + dose", "dose"),
        ("dose - 1", "dose - 1"),
        ("-1 + dose", "dose - 1"),
        ("0 + C(design)", "0 + C(design)"),
        ("dose + design", "dose + design"),
        ("C(phase)", "C(phase)"),
        ("C(design, Treatment('parallel'))", "C(design, Treatment('parallel'))"),
        ("C(design, contr.treatment('parallel'))", "C(design, Treatment('parallel'))"),
        ("C(design, contr.sum)", "C(design, Sum)"),
        ("C(design, levels=['parallel', 'crossover', 'cluster'])",
         "C(design, levels=['parallel', 'crossover', 'cluster'])"),
        ("dose:phase", "dose:phase"),
        ("dose*design", "dose*design"),
        ("dose*(phase + design)", "dose*(phase + design)"),
        ("`mean age`", "Q('mean age')"),
        ("log(`mean age`) + dose", "np.log(Q('mean age')) + dose"),
        ("log(dose)", "np.log(dose)"),
        ("log2(dose)", "np.log2(dose)"),
        ("log10(dose + 1)", "np.log10(dose + 1)"),
        ("exp(-dose)", "np.exp(-dose)"),
        ("sqrt(dose)", "np.sqrt(dose)"),
        ("I(dose**2 / 3 - 1)", "I(dose**2 / 3 - 1)"),
        ("center(dose)", "center(dose)"),
        ("scale(dose)", "standardize(dose, ddof=1)"),
        ("scale(dose, ddof=0)", "standardize(dose)"),
        ("bs(dose, df=5)", "bs(dose, df=5)"),
        ("bs(dose, knots=[2, 3.5], degree=2)", "bs(dose, knots=[2, 3.5], degree=2)"),
        ("0 + cr(dose, df=4)", "0 + cr(dose, df=4)"),
    ],
)  # fmt: skip
def test_formulas_mean_what_they_mean_in_patsy(ours, theirs):
    expected = np.asarray(dmatrix(theirs, DATA))
    found = design(ours)
    assert found.shape == expected.shape
    # The order of columns may differ.
    order = [np.abs(found - column[:, None]).max(axis=0).argmin() for column in expected.T]
    assert sorted(order) == list(range(found.shape[1]))
    np.testing.assert_allclose(found[:, order], expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("formula", "columns"),
    [
        ("poly(dose, 2)", lambda x: [x, x**2]),
        ("poly(dose, degree=3)", lambda x: [x, x**2, x**3]),
        ("poly(dose, 2, raw=True)", lambda x: [x, x**2]),
        ("dose + I(dose**2)", lambda x: [x, x**2]),
        # A cubic B-spline with one knot is a cubic and a truncated cube.
        ("bs(dose, knots=[3])", lambda x: [x, x**2, x**3, np.maximum(x - 3, 0) ** 3]),
        ("bs(dose, knots=[2, 4], degree=1)", lambda x: [x, np.maximum(x - 2, 0), np.maximum(x - 4, 0)]),
    ],
)
def test_polynomials_and_splines_fit_as_an_explicit_design(formula, columns):
    x = DATA["dose"].to_numpy()
    ours = mr.meta_regression(YI, VI, formula, DATA)
    theirs = mr.pool(YI, VI, moderators=np.column_stack(columns(x)))
    explicit = np.column_stack([np.ones(K), *columns(x)])
    np.testing.assert_allclose(ours.design @ ours.fit.beta, explicit @ theirs.beta, rtol=1e-8)
    assert ours.fit.tau2 == pytest.approx(theirs.tau2, rel=1e-8)
    omnibus = wald_test(theirs, list(range(1, explicit.shape[1])))
    assert ours.omnibus.statistic == pytest.approx(omnibus.statistic, rel=1e-7)
    # Predictions use the studies' knots and centres, not those of the new values.
    np.testing.assert_allclose(ours.predict({"dose": x[:3]}).estimate, (ours.design @ ours.fit.beta)[:3], rtol=1e-10)


def test_a_natural_spline_is_straight_outside_its_knots():
    ours = mr.meta_regression(YI, VI, "cr(dose, df=3, constraints='center')", DATA)
    assert len(ours.names) == 4
    far = ours.predict({"dose": DATA["dose"].max() + np.arange(4.0)}).estimate
    assert np.diff(far, 2) == pytest.approx([0, 0], abs=1e-9)


def test_numbers_as_categories_are_levels_however_the_formula_is_spaced():
    ours = mr.meta_regression(YI, VI, "C( phase )", DATA)
    assert ours.categorical == {"phase": (1, 2, 3)} and ours.moderators == ("phase",)
    with pytest.raises(mr.DataError, match="No study has phase = 4"):
        ours.predict({"phase": [4]})
    assert mr.meta_regression(YI, VI, "sqrt(dose)", DATA).moderators == ("dose",)
