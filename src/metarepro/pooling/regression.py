"""Meta-regression: moderators by formula, tests of terms, predictions."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from metarepro.effects.checks import is_missing, read_numbers
from metarepro.effects.core import EffectSizes, columns_of, split_effects
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note
from metarepro.pooling.fit import PooledFit, fit_effects, predictions
from metarepro.pooling.fitted import read_only
from metarepro.pooling.formulas import CONTEXT, check_formula, plain
from metarepro.pooling.heterogeneity import heterogeneity_interval
from metarepro.pooling.inference import chi2_upper_tail, f_upper_tail
from metarepro.pooling.kernel import Array
from metarepro.pooling.problems import DeficientDesignError, why_deficient
from metarepro.pooling.protocol import Fit, Predictions
from metarepro.pooling.result_parts import Component, Heterogeneity, Method
from metarepro.pooling.tau2 import GIVEN

if TYPE_CHECKING:
    from metarepro.pooling.models.blocks import Working
    from metarepro.pooling.models.robust import RobustFit


@dataclass(frozen=True)
class WaldTest:
    """Test that a group of coefficients is 0: chi2 with `df1` (df2 is NaN), or F with `df1` and `df2`."""

    statistic: float
    df1: int
    df2: float
    p_value: float


@dataclass(frozen=True, eq=False, repr=False)
class MetaRegression(Fit):
    """Result of `meta_regression`, with the names of every fit: beta, se, ci_low, tau2, q ... are those of `fit`.

    Attributes
    ----------
    fit : PooledFit
        Coefficients, residual tau2, I2 and Q, in the order of `names`.
    names : tuple of str
        One a coefficient, as in ``alloc[T.random]``: random against the reference level.
    terms : dict of str to tuple of int
        Which coefficients belong to each term of the formula.
    omnibus : WaldTest
        Test of all coefficients but the intercept: chi2, or F where the intervals use t.
    r2 : float
        Percent of tau2 that the moderators account for, 100 max(0, 1 - tau2 / tau2 without moderators). NaN without an
        intercept, for a common effect, where tau2 without moderators is 0, and with as many coefficients as studies
        (tau2 is unknown then, and `omnibus` NaN too). Very uncertain in few studies.
    vif : dict of str to float
        Variance inflation of each term (generalised, for terms with several coefficients).
    design : ndarray, shape (k, p)
        Rows of the studies used.
    used : ndarray of int
        Which rows of the input were used; the others lack an effect or a moderator.
    notes : tuple of str
    """

    fit: PooledFit
    names: tuple[str, ...]
    terms: dict[str, tuple[int, ...]]
    omnibus: WaldTest
    r2: float
    vif: dict[str, float]
    design: Array
    used: np.ndarray
    notes: tuple[Note, ...]
    _specification: Any
    _levels: dict[str, frozenset[Any]]
    studies: EffectSizes | None = None

    def __getattr__(self, name: str) -> Any:
        # Coefficients, tau2, Q and the like are those of the fit.
        if name in _OF_FIT:
            return getattr(self.fit, name)
        raise AttributeError(f"MetaRegression has no {name}.")

    @property
    def coefficients(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.names

    @property
    def method(self) -> Method:
        """How it was computed."""
        return self.fit.method

    @property
    def heterogeneity(self) -> Heterogeneity:
        """How true effects differ beyond the moderators, with Q-profile intervals."""
        yi, vi = self.fit.data
        found = heterogeneity_interval(yi, vi, level=self.level, moderators=self.design, intercept=False)
        component = Component("between studies", self.fit.tau2, self.fit.tau2_se, *found.tau2)
        return replace(self.fit.heterogeneity, components=(component,), i2_low=found.i2.low, i2_high=found.i2.high)

    def test_term(self, term: str) -> WaldTest:
        """Test of one term of the formula, such as a categorical moderator with several coefficients."""
        if term not in self.terms:
            raise ConfigError(f"There is no term {term!r}. Terms: {', '.join(self.terms)}.")
        return wald_test(self.fit, list(self.terms[term]))

    def robust(self, cluster: Any = None, kind: str = "CR2") -> RobustFit:
        """The coefficients with cluster-robust standard errors; see `metarepro.robust_variance`.

        `cluster` names that of each effect of the input, or of each that was used.
        """
        from metarepro.pooling.models.robust import robust_variance

        return robust_variance(self, cluster, kind)

    def working(self, cluster: Any) -> Working:
        """Effects as blocks, for robust standard errors."""
        given = cluster
        if cluster is not None and len(cluster) > self.used.size:
            values = list(cluster)
            given = [values[i] for i in self.used]
        return self.fit.working(given, self.design)

    def of_used(self) -> PooledFit:
        """The fit with the names and numbers of the studies used."""
        known = self.studies
        if known is None:
            return self.fit
        return replace(self.fit, studies=known.of(self.used).kept())

    @property
    def moderators(self) -> tuple[str, ...]:
        """Columns of the data that the formula uses, in alphabetical order."""
        return tuple(sorted(str(v) for v in self._specification.required_variables))

    @property
    def categorical(self) -> dict[str, tuple[Any, ...]]:
        """Moderators with levels, and the levels of the studies used."""
        return {column: tuple(sorted(levels, key=str)) for column, levels in self._levels.items()}

    def terms_of(self, moderator: str) -> tuple[str, ...]:
        """Terms of the formula with a moderator: ``ablat`` is in ``ablat``, ``log(ablat)`` and ``ablat:year``."""
        if moderator not in self.moderators:
            raise ConfigError(f"There is no moderator {moderator!r}. Moderators: {', '.join(self.moderators)}.")
        return tuple(
            str(term) for term, variables in self._specification.term_variables.items()
            if moderator in {str(v) for v in variables}
        )  # fmt: skip

    def test_moderator(self, moderator: str) -> WaldTest:
        """Test that all coefficients of a moderator are 0, of its powers and interactions too."""
        return wald_test(self.fit, [column for term in self.terms_of(moderator) for column in self.terms[term]])

    def design_at(self, data: Mapping[str, ArrayLike]) -> Array:
        """Rows of the design at values of the moderators, columns in the order of `names`."""
        given: Mapping[str, Any] = dict(data)
        frame = _frame(given if any(np.ndim(x) for x in given.values()) else {n: [x] for n, x in given.items()})
        missing = [m for m in self.moderators if m not in frame]
        if missing:
            raise DataError(
                f"The moderators cannot be read: none is given of {missing[0]!r}. Fix: give each moderator."
            )
        for column, levels in self._levels.items():
            unseen = [v for v in frame[column].unique().tolist() if v not in levels]
            if unseen:
                known = ", ".join(map(str, sorted(levels, key=str)))
                raise DataError(f"No study has {column} = {unseen[0]!r}, so nothing is known of it. Levels: {known}.")
        try:
            matrix = self._specification.get_model_matrix(frame, context=CONTEXT, na_action="raise")
            return np.asarray(matrix, dtype=np.float64)
        except Exception as error:  # formulaic and pandas raise many kinds
            raise DataError(f"The moderators cannot be read: {plain(error)}") from error

    def predict(self, data: Mapping[str, ArrayLike] | None = None) -> Predictions:
        """Mean effects at new values of the moderators.

        Parameters
        ----------
        data : mapping of str to array_like, or data frame
            One column a moderator, raw as in the formula; levels of a categorical one must have been seen. Values alone
            are those of a single moderator. Left out, the values of the studies themselves.

        Returns
        -------
        Predictions
            Intervals use t or normal quantiles as the fit did; the prediction interval is that of `pool`'s `pi`, with
            k - p - 1 df for HTS. When not to use: outside the range of the studies' moderators.
        """
        if data is not None and not (hasattr(data, "keys") or hasattr(data, "columns")):
            if len(self.moderators) != 1:
                named = ", ".join(f"{name!r}: [...]" for name in self.moderators)
                raise DataError(f"predict needs each moderator by its name. Fix: predict({{{named}}}).")
            data = {self.moderators[0]: np.ravel(np.asarray(data))}
        return predictions(self.fit, self.design if data is None else self.design_at(data))


_OF_FIT = frozenset((
    "beta", "se", "statistic", "df", "p_value", "log10_p", "ci_low", "ci_high", "pi_low", "pi_high", "pi_df", "tau2",
    "tau2_se", "i2", "h2", "i2_q", "q", "q_df", "q_p", "k", "weights", "covariance", "log_likelihood", "converged",
    "at_boundary", "iterations", "maxima",
))  # fmt: skip


def meta_regression(
    yi: ArrayLike | EffectSizes | str,
    vi: ArrayLike | str | None = None,
    formula: Any = None,
    data: Any = None,
    *,
    tau2: str | float = "REML",
    ci: str | None = None,
    level: float = 0.95,
    pi: str = "HTS",
    weights: ArrayLike | None = None,
    studies: EffectSizes | None = None,
) -> MetaRegression:
    """Regress effects on characteristics of the studies.

    Parameters
    ----------
    yi, vi : array_like, shape (k,), or EffectSizes, or str
        Effects and sampling variances on the working scale, what `effect_sizes` gives (then `vi` is left out:
        ``meta_regression(es, "latitude", data)``), or names of columns of `data`.
    formula : str
        Right-hand side: ``"ablat + year"``, ``"C(alloc)"``, ``"ablat:year"``, or ``"0 + C(g)"`` (no intercept). Text
        columns are categorical by themselves; the first level in the alphabet is the reference, ``C(alloc,
        Treatment('random'))`` chooses another. Names with blanks stand in back quotes. Functions: ``log``, ``log2``,
        ``log10``, ``exp``, ``sqrt``, ``center``, ``scale``, ``I(year - 1948)`` for arithmetic, ``poly(year, 2)``
        (orthogonal powers), ``bs(year, df=4)`` (B-spline) and ``cr(year, df=3, constraints='center')`` (natural cubic
        spline). Nothing else is read, so that no formula runs a program.
    data : mapping of str to array_like
        Columns of length k, or a DataFrame; rows in the order of the effects, as an index is not looked at.
    tau2, ci, level, pi, weights
        As in `pool`.
    studies : EffectSizes, optional
        The same effects with their measure and names, for tables and figures.

    Returns
    -------
    MetaRegression

    Raises
    ------
    DataError
        Columns of another length, a formula that cannot be read, a design without full rank.
    ConfigError
        A formula with parts that are not allowed, or without a moderator.

    Notes
    -----
    Studies without a moderator's value are left out with a note. When not to use: with fewer than about ten studies a
    moderator, and never to infer what holds for patients from what holds between studies.

    References
    ----------
    Thompson & Higgins 2002, doi:10.1002/sim.1187; Knapp & Hartung 2003, doi:10.1002/sim.1482; Raudenbush 2009 (R2);
    Fox & Monette 1992, doi:10.1080/01621459.1992.10475190 (generalised variance inflation).

    Examples
    --------
    >>> regression = meta_regression(
    ...     [0.1, 0.3, 0.5, 0.8, 0.9], [0.02, 0.03, 0.02, 0.04, 0.03], "dose", {"dose": [1, 2, 3, 4, 5]}, ci="z"
    ... )
    >>> regression.names, regression.fit.beta.round(3).tolist()
    (('Intercept', 'dose'), [-0.109, 0.208])
    """
    if isinstance(yi, EffectSizes) and isinstance(vi, str) and data is None:
        vi, formula, data = None, vi, formula
    if formula is None or data is None:
        raise ConfigError("A regression needs a formula and data. Fix: meta_regression(es, 'latitude', data).")
    if isinstance(yi, EffectSizes):
        studies = yi.kept() if studies is None else studies
    y, v = split_effects(*columns_of(data, {"yi": yi, "vi": vi}).values())
    if y.ndim != 1 or y.shape != v.shape:
        raise DataError(f"yi {y.shape} and vi {v.shape} must be one number a study.")
    frame = _frame(data)
    if len(frame) != y.size:
        raise DataError(f"data has {len(frame)} rows for {y.size} studies.")
    categorical = check_formula(formula, frame.columns)
    usable = np.isfinite(y) & np.isfinite(v)
    if not usable.any():
        raise DataError("There is no study with an effect.")
    # Only the studies with an effect: a category of the others alone would have no coefficient.
    matrix = _model_matrix(formula, frame[usable])
    specification = matrix.model_spec
    names = tuple(specification.column_names)
    known = np.isin(np.arange(y.size), matrix.index.to_numpy())
    x = read_only(np.array(matrix, dtype=np.float64))
    if not names:
        raise ConfigError(f"The formula {formula!r} has no moderator and no intercept.")
    notes: list[Note] = []
    if not known.all():
        notes.append(Note("moderators_missing", rows=[int(r) for r in np.flatnonzero(~known)]))
    if not known.any():
        raise DataError("There is no study with an effect and all moderators.")
    terms = {str(term): tuple(columns) for term, columns in specification.term_indices.items()}
    given = None if weights is None else read_numbers(weights, "weights")
    if given is not None and given.shape != y.shape:
        raise DataError(f"weights {given.shape} must be one number a study, {y.shape}.")
    given = None if given is None else given[known]
    categories = {
        column: frozenset(frame.loc[known, column])
        for column in frame.columns
        if column in specification.required_variables
        and (frame[column].dtype.kind not in "iufb" or column in categorical)
    }
    _refuse_numbers_as_text(frame, categories.keys() - categorical)
    try:
        fit = fit_effects(y[known], v[known], tau2, ci, level, x, pi=pi, weights=given, intercept=False)
    except DeficientDesignError:
        raise DataError(f"The design has no full column rank: {why_deficient(x, names)}") from None
    intercept = names[0] == "Intercept"
    tested = list(range(1 if intercept else 0, len(names)))
    if not tested:
        raise ConfigError(f"The formula {formula!r} has no moderator; use pool.")
    r2 = np.nan
    if intercept and fit.method.tau2 not in ("CE", GIVEN):
        without = fit_effects(y[known], v[known], tau2, ci, level).tau2
        r2 = 100 * max(0.0, 1 - fit.tau2 / without) if without > 0 else np.nan
    if np.isnan(fit.tau2):
        notes.append(Note("saturated", k=fit.k))
        r2 = np.nan
    elif np.isnan(r2):
        notes.append(Note("no_r2"))
    kept = [n for n in fit.notes if n.code != "prediction_needs_moderators"]
    fit = replace(fit, notes=tuple(kept))
    return MetaRegression(
        fit, names, terms, wald_test(fit, tested), float(r2), _inflation(fit, terms, intercept), x,
        read_only(np.flatnonzero(known)), (*notes, *kept), specification, categories, studies,
    )  # fmt: skip


def design_of(formula: str, data: Any, usable: np.ndarray) -> tuple[Array, tuple[str, ...]]:
    """Design of a formula on all rows of `data`, NaN where an effect or a moderator is missing, and its columns' names.

    Parameters
    ----------
    formula : str
    data : mapping or data frame
    usable : ndarray of bool, shape (k,)
        Rows with an effect.

    Raises
    ------
    DataError, ConfigError
        As `meta_regression`.
    """
    if data is None:
        raise DataError(f"The moderators {formula!r} are columns of data. Fix: give data=.")
    frame = _frame(data)
    if len(frame) != usable.size:
        raise DataError(f"data has {len(frame)} rows for {usable.size} effects.")
    categorical = check_formula(formula, frame.columns)
    matrix = _model_matrix(formula, frame[usable])
    needed = {
        c for c in frame.columns if c in matrix.model_spec.required_variables and frame[c].dtype.kind not in "iufb"
    }
    _refuse_numbers_as_text(frame, needed - categorical)
    x = np.full((usable.size, matrix.shape[1]), np.nan)
    x[matrix.index.to_numpy()] = np.array(matrix, dtype=np.float64)
    return x, tuple(matrix.model_spec.column_names)


def _model_matrix(formula: str, frame: Any) -> Any:
    """The design of a formula, of the rows that have all its columns."""
    from formulaic import Formula

    try:
        return Formula(formula).get_model_matrix(frame, context=CONTEXT, na_action="drop")
    except Exception as error:  # formulaic and pandas raise many kinds
        columns = ", ".join(map(str, frame.columns))
        raise DataError(f"The formula {formula!r} cannot be read: {plain(error)}. Columns: {columns}.") from error


def wald_test(fit: PooledFit, columns: list[int]) -> WaldTest:
    """Test that some coefficients of one fit are 0: chi2, or F where the fit's intervals use t."""
    beta, covariance = fit.beta[columns], fit.covariance[np.ix_(columns, columns)]
    m = len(columns)
    if np.isnan(fit.tau2):
        # With as many coefficients as studies nothing is known of heterogeneity.
        return WaldTest(np.nan, m, np.nan, np.nan)
    if not (np.diag(covariance) > 0).all():
        # Without residuals Hartung-Knapp standard errors are 0: there is nothing to test against.
        return WaldTest(np.nan, m, float(fit.df), np.nan)
    statistic = float(beta @ np.linalg.solve(covariance, beta))
    if np.isnan(fit.df):
        return WaldTest(statistic, m, np.nan, float(chi2_upper_tail(np.array(statistic), np.array(m))))
    p_value = f_upper_tail(np.array(statistic / m), np.array(float(m)), np.array(fit.df))
    return WaldTest(statistic / m, m, float(fit.df), float(p_value))


def _inflation(fit: PooledFit, terms: dict[str, tuple[int, ...]], intercept: bool) -> dict[str, float]:
    """Generalised variance inflation factors from the correlations of the coefficients."""
    columns = np.arange(1 if intercept else 0, fit.beta.size)
    covariance = fit.covariance[np.ix_(columns, columns)]
    scale = np.sqrt(np.diag(covariance))
    if not (scale > 0).all():
        return {}
    correlation = covariance / np.outer(scale, scale)
    found = {}
    for term, members in terms.items():
        inside = np.isin(columns, members)
        if inside.any():
            parts = [np.linalg.det(correlation[np.ix_(w, w)]) if w.any() else 1.0 for w in (inside, ~inside)]
            found[term] = float(parts[0] * parts[1] / np.linalg.det(correlation))
    return found


def _refuse_numbers_as_text(frame: Any, columns: Collection[str]) -> None:
    """Refuse numbers that were read as text: each would silently be a category."""
    for column in sorted(columns):
        values = [x for x in frame[column] if not is_missing(x)]
        if values and all(isinstance(x, str) and _is_number(x) for x in values):
            raise DataError(
                f"The moderator {column} holds numbers as text, such as {values[0]!r}, so that each would be a "
                f"category. Fix: make them numbers, or write C({column}) if they are categories."
            )


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _frame(data: Any) -> Any:
    """A frame of the columns of a mapping or frame; numbers are floats, NaN where one is missing."""
    import pandas as pd

    names = getattr(data, "columns", None)
    try:
        if not isinstance(data, pd.DataFrame):
            data = {name: _column(data[name]) for name in (data if names is None else names)}
        frame = pd.DataFrame(data).reset_index(drop=True)
    except (ValueError, TypeError) as error:
        raise DataError(f"data is not a table of columns of one length: {error}") from error
    for at, kind in enumerate(frame.dtypes):
        if not isinstance(kind, np.dtype) or kind.kind == "O":
            values = frame.iloc[:, at]
            if all(is_missing(x) or (isinstance(x, Number) and not isinstance(x, bool)) for x in values):
                frame = frame.assign(**{str(frame.columns[at]): read_numbers(values, str(frame.columns[at]))})
    return frame


def _column(values: Any) -> Any:
    """A column of k values, where it has shape (k, 1) as well; texts as they are."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "biuf":
        values = read_numbers(values, "data")
    table = np.ndim(values) == 2 and np.shape(values)[1] == 1
    return np.ravel(values) if table else list(values) if hasattr(values, "to_list") else values
