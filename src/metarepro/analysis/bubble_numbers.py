"""What a bubble plot shows of a meta-regression: studies, line and bands on the display scale, and what was held."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from metarepro.analysis.decimals import decimals_for
from metarepro.effects import get_measure, to_display
from metarepro.effects.checks import read_numbers
from metarepro.effects.registry import Measure
from metarepro.errors import ConfigError, DataError
from metarepro.pooling.regression import MetaRegression, WaldTest

Array = NDArray[np.float64]
# Places at which the line and its bands are computed.
STEPS = 61


@dataclass(frozen=True)
class Line:
    """Mean effect with its intervals along the moderator, display scale; NaN where an interval does not exist."""

    x: Array
    estimate: Array
    ci_low: Array
    ci_high: Array
    pi_low: Array
    pi_high: Array

    @property
    def has_prediction(self) -> bool:
        """Whether the prediction interval exists along the line."""
        return bool(np.isfinite(self.pi_low).all() and np.isfinite(self.pi_high).all()) or math.inf in self.pi_high


@dataclass(frozen=True)
class BubbleNumbers:
    """Numbers of a bubble plot.

    Attributes
    ----------
    regression : MetaRegression
    measure : Measure
    moderator, axis_label : str
        Column of the data; how the axis names it.
    labels : tuple of str
        One a study used, in their order, as are `x`, `estimates` and `weights` (percent).
    held : tuple of (str, value, how)
        Other moderators, at which value they are held, and why at this one.
    slope : tuple of float or None
        Working-scale slope with its interval; None where the moderator has more than one coefficient.
    test : WaldTest
        That all coefficients of the moderator are 0.
    """

    regression: MetaRegression
    measure: Measure
    moderator: str
    axis_label: str
    labels: tuple[str, ...]
    x: Array
    estimates: Array
    weights: Array
    line: Line
    held: tuple[tuple[str, Any, str], ...]
    slope: tuple[float, float, float] | None
    test: WaldTest


def bubble_numbers(
    regression: MetaRegression, moderator: str, x: ArrayLike | None, labels: Sequence[str] | None, measure: str,
    at: Mapping[str, Any] | None, x_label: str,
) -> BubbleNumbers:  # fmt: skip
    """Everything that the picture shows; refuses what it could only show wrongly."""
    if not isinstance(regression, MetaRegression):
        raise DataError(
            f"A bubble plot shows a result of metarepro.meta_regression, not {type(regression).__name__}. "
            "Fix: fit the moderator with meta_regression; without one, draw a forest plot."
        )
    if moderator not in regression.moderators:
        known = ", ".join(regression.moderators)
        raise ConfigError(f"The regression has no moderator {moderator!r}. Moderators: {known}.")
    if moderator in regression.categorical:
        levels = ", ".join(map(str, regression.categorical[moderator]))
        raise ConfigError(
            f"{moderator} has categories ({levels}), and there is no line between categories. Fix: draw its groups "
            "with metarepro.figures.forest(fit, groups=...)."
        )
    measure = measure or regression.measure
    info = get_measure(measure)
    if info.display == "none":
        raise ConfigError(f"{measure} cannot be shown on a scale that readers know. {info.caution} Fix: measure='GEN'.")
    k = len(regression.used)
    held = _held(regression, moderator, dict(at or {}))
    values = _values(regression, moderator, x, held)
    grid = np.linspace(values.min(), values.max(), STEPS)
    shown = regression.predict({moderator: grid, **{name: [value] * STEPS for name, value, _ in held}})
    lines = (shown.estimate, shown.ci_low, shown.ci_high, shown.pi_low, shown.pi_high)
    drawn = Line(grid, *(np.asarray(to_display(measure, v)) for v in lines))
    info = replace(info, decimals=decimals_for(info, zip(drawn.estimate, drawn.ci_low, drawn.ci_high, strict=True)))
    yi, _ = regression.fit.data
    return BubbleNumbers(
        regression, info, moderator, x_label or moderator, _labels(regression, labels, k), values,
        np.asarray(to_display(measure, yi)), np.asarray(regression.fit.weights, dtype=np.float64),
        drawn, held, _slope(regression, moderator),
        regression.test_moderator(moderator),
    )  # fmt: skip


def _labels(regression: MetaRegression, labels: Sequence[str] | None, k: int) -> tuple[str, ...]:
    if labels is None and regression.studies is not None and regression.studies.labels:
        labels = regression.studies.labels
    if labels is None:
        return tuple(f"Study {i + 1}" for i in regression.used)
    return tuple(_of_used(regression, list(labels), "labels", k))


def _of_used(regression: MetaRegression, values: list[Any], name: str, k: int) -> list[Any]:
    """One value a study used, from as many as the data had rows or as there are studies used."""
    if len(values) == k:
        return values
    if len(values) > int(regression.used.max()) and len(values) > k:
        return [values[i] for i in regression.used]
    raise DataError(f"{name} has {len(values)} values for {k} studies. Fix: one for each row of the data, in order.")


def _values(
    regression: MetaRegression, moderator: str, x: ArrayLike | None, held: tuple[tuple[str, Any, str], ...]
) -> Array:
    """The moderator of each study: from the design, or as given and checked against it."""
    if x is None:
        if moderator not in regression.names:
            raise ConfigError(
                f"The formula transforms {moderator}, so its values cannot be read back from the fit. "
                f"Fix: give them, x=data[{moderator!r}]."
            )
        return np.asarray(regression.design[:, regression.names.index(moderator)], dtype=np.float64)
    given = list(np.asarray(read_numbers(x, "x"), dtype=np.float64).ravel())
    values = np.array(_of_used(regression, given, "x", len(regression.used)), dtype=np.float64)
    if not np.isfinite(values).all():
        raise DataError(f"x lacks a number for study {int(np.flatnonzero(~np.isfinite(values))[0]) + 1} of the fit.")
    frame: dict[str, Any] = {moderator: values, **{name: [value] * values.size for name, value, _ in held}}
    design = regression.design_at(frame)
    for term in regression.terms_of(moderator):
        if any(term in regression.terms_of(name) for name, _, _ in held):
            continue  # an interaction needs the other moderator's own values
        columns = list(regression.terms[term])
        if not np.allclose(design[:, columns], regression.design[:, columns], rtol=1e-8, atol=1e-10):
            raise DataError(
                f"x is not the {moderator} that was fitted: the design differs in {term!r}. "
                "Fix: give the column of the data, in its order."
            )
    return values


def _held(regression: MetaRegression, moderator: str, at: dict[str, Any]) -> tuple[tuple[str, Any, str], ...]:
    others = [m for m in regression.moderators if m != moderator]
    strange = [name for name in at if name not in others]
    if strange:
        what = "is the moderator on the axis" if strange[0] == moderator else "is not in the formula"
        raise ConfigError(f"at: {strange[0]!r} {what}. Other moderators: {', '.join(others) or 'none'}.")
    found: list[tuple[str, Any, str]] = []
    for name in others:
        plain = name in regression.names and name not in regression.categorical
        column = regression.design[:, regression.names.index(name)] if plain else None
        if name in at:
            value = at[name]
            if column is not None and not column.min() <= float(value) <= column.max():
                raise ConfigError(
                    f"at: {name} = {value} lies outside the studies ({column.min():g} to {column.max():g}), where "
                    "nothing is known. Fix: a value between."
                )
            found.append((name, value, "as asked"))
        elif column is not None:
            found.append((name, float(column.mean()), "mean of the studies"))
        else:
            levels = regression.categorical.get(name)
            hint = f" Levels: {', '.join(map(str, levels))}." if levels else ""
            raise ConfigError(f"The line needs a value of {name}. Fix: at={{{name!r}: ...}}.{hint}")
    return tuple(found)


def _slope(regression: MetaRegression, moderator: str) -> tuple[float, float, float] | None:
    terms = regression.terms_of(moderator)
    if terms != (moderator,) or moderator not in regression.names:
        return None
    i = regression.names.index(moderator)
    fit = regression.fit
    return float(fit.beta[i]), float(fit.ci_low[i]), float(fit.ci_high[i])
