"""A fit as a table for the terminal and for notebooks: what a statistician looks at first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from metarepro.effects.registry import get_measure
from metarepro.pooling.inference import CI_METHODS, PI_METHODS
from metarepro.pooling.result_parts import BAYES, MODELS_OF_COUNTS, MULTILEVEL, MULTIVARIATE
from metarepro.pooling.tau2 import ESTIMATORS, ESTIMATORS_OF_COUNTS, GIVEN

if TYPE_CHECKING:
    from metarepro.pooling.protocol import Fit

TAU2_INTERVALS = {"QP": "Q-profile", "PL": "profile likelihood", "posterior": "posterior"}


_OTHER_INTERVALS = {
    "PL": "profile likelihood",
    "KR": "Kenward-Roger",
    **{kind: f"cluster-robust ({kind}), t with Satterthwaite df" for kind in ("CR0", "CR1", "CR1p", "CR2")},
}

# First words of labels that keep their capital inside a line.
_PROPER_NAMES = ("Hedges", "Peto", "Freeman-Tukey", "Fisher", "Yule's")


@dataclass(frozen=True)
class PrintedFit:
    """A printed fit: text in the terminal, a table in a notebook.

    Attributes
    ----------
    title : str
    header : tuple of str
        Heads of the columns.
    rows : tuple of tuple of str
        One a coefficient, or scale, or interval.
    lines : tuple of str
        Heterogeneity, methods, notes.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[str, ...]

    def __str__(self) -> str:
        table = [self.header, *self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.header))]
        aligned = []
        for first, *others in table:
            cells = [first.ljust(widths[0]), *(c.rjust(w) for c, w in zip(others, widths[1:], strict=True))]
            aligned.append("  ".join(cells))
        return "\n".join([self.title, "", *(line.rstrip() for line in aligned), "", *self.lines])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: tuple[str, ...], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{escape(c)}</{tag}>" for c in cells) + "</tr>"

        head, body = row(self.header, "th"), "".join(row(r, "td") for r in self.rows)
        lines = "".join(f"<p>{escape(line)}</p>" for line in self.lines)
        return f"<p><b>{escape(self.title)}</b></p><table><thead>{head}</thead><tbody>{body}</tbody></table>{lines}"


def print_fit(fit: Fit) -> PrintedFit:
    """The table of a fit."""
    info = get_measure(fit.measure)
    percent = f"{100 * fit.level:g}%"
    test = "z" if np.isnan(np.ravel(fit.df)).all() else "t"
    header = ("", "estimate", "SE", percent + " interval", test, "df", "p")
    if np.ndim(fit.k) != 0:
        title = f"{int(np.size(fit.k)):,} fits of {_sizes(fit)}"
        return PrintedFit(title, ("", "min", "median", "max"), _spread(fit), tuple(_method_lines(fit)))
    values = [np.atleast_1d(x) for x in (fit.beta, fit.se, fit.ci_low, fit.ci_high, fit.statistic, fit.p_value)]
    rows: list[tuple[str, ...]] = []
    for i, name in enumerate(fit.coefficients):
        beta, se, low, high, statistic, p = (float(x[i]) for x in values)
        df = float(np.broadcast_to(np.ravel(fit.df), len(values[0]))[i])
        df_text = "" if math.isnan(df) else f"{df:g}" if df == round(df) else f"{df:.1f}"
        shown = (number(beta), number(se), _interval(low, high), number(statistic), df_text)
        rows.append((_scale(fit, name), *shown, p_text(p)))
    if np.ndim(fit.beta) == 0:
        rows += _single_rows(fit, percent)
    k = int(fit.k)
    studies = f"{k} stud{'y' if k == 1 else 'ies'}"
    clusters = getattr(fit, "clusters", None)
    if clusters is not None:
        studies = f"{k} effect{'s' * (k != 1)} in {clusters} cluster{'s' * (clusters != 1)}"
    name = "pooled effect" if fit.measure == "GEN" else info.name
    if np.ndim(fit.beta) == 1 and fit.measure != "GEN":
        name = _scale(fit, "pooled effect")  # coefficients are on the working scale
    title = f"{name[:1].upper()}{name[1:]}, {studies}"
    lines = [_heterogeneity(fit), _moderators(fit), *_method_lines(fit), *(f"Note: {note}" for note in fit.notes)]
    return PrintedFit(title, header, tuple(rows), tuple(line for line in lines if line))


def short_text(fit: Fit) -> str:
    """A fit in one line."""
    name = type(fit).__name__
    if np.ndim(fit.k) != 0:
        return f"<{name}: {int(np.size(fit.k)):,} fits; .to_frame(), .beta, .tau2 ...>"
    if np.ndim(fit.beta) == 1:
        shown = ", ".join(f"{n} {number(float(b))}" for n, b in zip(fit.coefficients, np.ravel(fit.beta), strict=True))
    elif _has_display(fit.measure):
        at = fit.display()
        shown = f"{number(at.estimate)} ({_interval(at.ci_low, at.ci_high)})"
    else:
        shown = f"{number(float(fit.beta))} ({_interval(float(fit.ci_low), float(fit.ci_high))})"
    k = int(fit.k)
    return f"<{name} {fit.measure}: {shown}, k = {k}; print(fit.summary()) for more>"


def number(x: float) -> str:
    """A number with four significant digits; a dash where there is none."""
    if math.isnan(x):
        return "–"
    if math.isinf(x):
        return "∞" if x > 0 else "−∞"
    size = abs(x)
    if size and not 1e-4 <= size < 1e7:
        text = f"{x:.3e}"
    else:
        decimals = 3 - math.floor(math.log10(size)) if size else 3
        text = f"{x:.{max(0, min(6, decimals))}f}"
    return text.replace("-", "−")


def p_text(p: float) -> str:
    """A p-value."""
    return "–" if math.isnan(p) else "<0.0001" if p < 0.0001 else f"{p:.4f}"


def _interval(low: float, high: float) -> str:
    return "–" if math.isnan(low) and math.isnan(high) else f"{number(low)} to {number(high)}"


def _scale(fit: Fit, name: str) -> str:
    logs = {"exp": "log ", "expit": "logit of ", "tanh": "artanh of "}.get(get_measure(fit.measure).display, "")
    return f"{logs}{_label(fit)}" if name == "pooled effect" and fit.measure != "GEN" else name


def _label(fit: Fit) -> str:
    """Short name of the measure inside a line: abbreviations keep their capitals."""
    label = get_measure(fit.measure).label
    proper = label[1:2].isupper() or label.split(" ")[0] in _PROPER_NAMES
    return label if proper else f"{label[:1].lower()}{label[1:]}"


def _has_display(measure: str) -> bool:
    """Whether results of a measure have a scale for readers that differs from the working one."""
    return get_measure(measure).display not in ("identity", "none")


def _single_rows(fit: Fit, percent: str) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    if _has_display(fit.measure):
        shown = fit.display()
        ends = _interval(shown.ci_low, shown.ci_high)
        rows.append((_label(fit), number(shown.estimate), "", ends, "", "", ""))
        if math.isfinite(fit.pi_low):
            rows.append((f"{percent} prediction", "", "", _interval(shown.pi_low, shown.pi_high), "", "", ""))
    elif math.isfinite(fit.pi_low):
        rows.append((f"{percent} prediction", "", "", _interval(fit.pi_low, fit.pi_high), "", "", ""))
    return rows


def _heterogeneity(fit: Fit) -> str:
    h = fit.heterogeneity
    parts = []
    for c in h.components:
        if math.isfinite(c.tau2) and fit.method.tau2 not in ("CE", "none"):
            ends = f" ({TAU2_INTERVALS[h.interval]} {_interval(c.low, c.high)})" if math.isfinite(c.low) else ""
            level = "" if len(h.components) == 1 else f" {c.name}"
            parts.append(f"τ²{level} = {number(c.tau2)}{ends}")
    parts += [f"I² = {h.i2:.1f}%"] if math.isfinite(h.i2) else []
    parts += [f"H² = {number(h.h2)}"] if math.isfinite(h.h2) else []
    if math.isfinite(h.q) and h.q_df > 0:
        name = "LR χ²" if h.test == "LRT" else "Q"
        parts.append(f"{name} = {number(h.q)} ({h.q_df} df, p {_equals(h.q_p)})")
    return f"Heterogeneity: {', '.join(parts)}" if parts else ""


def _moderators(fit: Fit) -> str:
    """What a regression says of all its moderators together."""
    test, r2 = getattr(fit, "omnibus", None), getattr(fit, "r2", math.nan)
    if test is None:
        return ""
    df = f"{test.df1} df" if math.isnan(test.df2) else f"{test.df1} and {test.df2:g} df"
    name = "χ²" if math.isnan(test.df2) else "F"
    share = f"; R² = {r2:.1f}%" if math.isfinite(r2) else ""
    return f"Moderators: {name} = {number(test.statistic)} ({df}, p {_equals(test.p_value)}){share}"


def _equals(p: float) -> str:
    text = p_text(p)
    return text if text.startswith("<") else f"= {text}"


def _method_lines(fit: Fit) -> list[str]:
    m = fit.method
    if m.model == BAYES:
        mu = getattr(fit, "prior_mu", None)
        about = "flat" if mu is None else f"normal({number(mu[0])}, {number(mu[1])})"
        return [
            f"Method: Bayes, random effects; prior of τ: {getattr(fit, 'prior_tau', '')}, of the mean: {about}; "
            "estimates are posterior medians, SE the posterior standard deviation, intervals central."
        ]
    estimator = ESTIMATORS[m.tau2].name if m.tau2 in ESTIMATORS else ""
    if m.tau2 in ESTIMATORS_OF_COUNTS:
        estimator = ESTIMATORS_OF_COUNTS[m.tau2]["name"]
    model = {"CE": "common effect", "none": "common effect"}.get(m.tau2, "random effects")
    parts = [f"{model}, {m.model}"]
    if m.model in MODELS_OF_COUNTS:
        parts = [f"{MODELS_OF_COUNTS[m.model]}, by maximum likelihood"]
    elif m.tau2 == GIVEN:
        parts[0] += ", τ² as given"
    elif estimator and m.tau2 != "CE":
        parts[0] += f", τ² by {estimator} ({m.tau2})"
    if m.weights == "given":
        parts[0] = parts[0].replace(m.model, "weights as given")
    ci = CI_METHODS[m.ci].name if m.ci in CI_METHODS else _OTHER_INTERVALS.get(m.ci, m.ci)
    if m.model == MULTILEVEL and m.ci == "t":
        ci = "t with clusters minus coefficients df"
    if m.model == MULTIVARIATE and m.ci == "t":
        ci = "t with df of each outcome, its studies minus its coefficients"
    single = np.ndim(fit.k) == 0 and fit.k == 1 and m.ci in CI_METHODS
    parts.append(f"interval: {CI_METHODS['z'].name if single else ci}")
    if m.model in (MULTILEVEL, MULTIVARIATE):
        return [f"Method: {'; '.join(parts)}."]
    if m.pi in PI_METHODS and np.ndim(fit.pi_low) == 0 and math.isfinite(fit.pi_low):
        parts.append(f"prediction interval: {PI_METHODS[m.pi].name}")
    return [f"Method: {'; '.join(parts)}."]


def _sizes(fit: Fit) -> str:
    """Numbers of studies of a batch."""
    low, high = int(np.min(fit.k)), int(np.max(fit.k))
    return f"{low} stud{'y' if low == 1 else 'ies'}" if low == high else f"{low} to {high} studies"


def _spread(fit: Fit) -> tuple[tuple[str, ...], ...]:
    rows = []
    for name in ("beta", "se", "tau2", "i2", "q"):
        values: Any = np.asarray(getattr(fit, name, np.nan), dtype=float)
        if values.size == np.size(fit.k) and np.isfinite(values).any():
            low, mid, high = np.nanquantile(values, [0.0, 0.5, 1.0])
            rows.append((name, number(float(low)), number(float(mid)), number(float(high))))
    return tuple(rows)
