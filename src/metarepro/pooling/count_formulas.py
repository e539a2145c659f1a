"""Formulas of Mantel, Haenszel and Peto for tables of counts; `counts` has the references."""

from __future__ import annotations

from typing import Any

import numpy as np

from metarepro.effects.checks import Array
from metarepro.pooling.count_tables import CountTables


def _log_ratio(over: Any, under: Any) -> Any:
    return np.log(over) - np.log(under)


def pooled_counts(measure: str, t: CountTables, rd_variance: str) -> tuple[Any, Any, Array]:
    """Mantel-Haenszel estimate of counts, its variance, and the studies' weights."""
    a, m1, c, m2 = t.e1, t.n1, t.e2, t.n2
    b, d, n = m1 - a, m2 - c, m1 + m2
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "OR":
            r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
            sum_r, sum_s = t.sum(r), t.sum(s)
            variance = (
                t.sum(p * r) / (2 * sum_r**2)
                + t.sum(p * s + q * r) / (2 * sum_r * sum_s)
                + t.sum(q * s) / (2 * sum_s**2)
            )
            return _log_ratio(sum_r, sum_s), variance, s
        if measure == "RR":
            sum_r, s = t.sum(a * m2 / n), c * m1 / n
            sum_s = t.sum(s)
            return _log_ratio(sum_r, sum_s), t.sum((m1 * m2 * (a + c) - a * c * n) / n**2) / (sum_r * sum_s), s
        weight = m1 * m2 / n
        total = t.sum(weight)
        estimate = t.sum((a * m2 - c * m1) / n) / total
        if rd_variance == "GR":
            terms = t.sum((a * b * m2**3 + c * d * m1**3) / (m1 * m2 * n**2))
        else:
            p = (c * m1**2 - a * m2**2 + m1 * m2 * (m2 - m1) / 2) / n**2
            terms = estimate * t.sum(p) + t.sum((a * d + b * c) / (2 * n))
        return estimate, terms / total**2, weight


def pooled_rates(measure: str, tables: CountTables) -> tuple[Any, Any, Array]:
    """The same of events and person-times."""
    e1, t1, e2, t2 = tables.e1, tables.n1, tables.e2, tables.n2
    t, total = t1 + t2, tables.sum
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "IRR":
            sum_r, s = total(e1 * t2 / t), (e2 * t1 / t)
            sum_s = total(s)
            return _log_ratio(sum_r, sum_s), total((e1 + e2) * t1 * t2 / t**2) / (sum_r * sum_s), s
        weight = t1 * t2 / t
        estimate = total((e1 * t2 - e2 * t1) / t) / total(weight)
        return estimate, total((e1 * t2**2 + e2 * t1**2) / t**2) / total(weight) ** 2, weight


def pooled_peto(t: CountTables) -> tuple[Any, Any, Array]:
    """Peto's estimate, its variance, and the studies' weights."""
    n, events = t.n1 + t.n2, t.e1 + t.e2
    with np.errstate(divide="ignore", invalid="ignore"):
        v = np.where(t.used, t.n1 * t.n2 * events * (n - events) / (n * n * (n - 1)), 0.0)
        total = v.sum(-1)
        return t.sum(t.e1 - t.n1 * events / n) / total, 1 / total, v
