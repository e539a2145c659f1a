"""Made-up results of every kind and size, for those who want to break forest plots."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from metarepro import effect_sizes, pool
from metarepro.analysis.from_fit import result_of
from metarepro.analysis.result import AnalysisResult, LeftOut, Provenance, Reference, StudyEffect
from metarepro.analysis.shown_result import FigureOptions, ShownResult, show
from metarepro.pooling.result_parts import Heterogeneity

NAN = math.nan
STYLES = ("plain", "cochrane", "bmj", "jama", "lancet")
WIDTHS = (84.0, 120.0, 174.0)
LABELS = {
    "plain": "Smith {} 2013",
    "80": "Von Müller-Lüdenscheidt, Ångström-Öberg and Château-Renault (the second report) {}",
    "300": "A randomised, double-blind, placebo-controlled, multicentre trial of something given once {} " * 3 + "end",
    "accented": "Ávila-Ñuñez, Łódź, Çelik, Đặng {}",
    "one word": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft{}" * 2,
    "mathematics": "$\\foo$ 5$ {} $x^2$ \\frac{1}{2}",
    "markup": "<script>alert({})</script> & <b>bold</b> ]]> &amp;",
    "newlines": "Line one\nline two\r\n\ttab\u2028separator {}",
    "quotes": "\"double\" 'single' \u201ccurly\u201d `back` {}",
    "emoji": "Smiley \U0001f600 {}",
    "hebrew": "\u05db\u05d4\u05df {} \u05d5\u05dc\u05d5\u05d9",
    "arabic": "\u0645\u062d\u0645\u062f {} \u0639\u0644\u064a",
}
KINDS = ("counts", "one arm", "means", "generic", "ratio", "mixed")


def named(k: int, label: str = "plain") -> list[str]:
    """As many labels of a kind."""
    return [LABELS.get(label, label).replace("{}", str(i + 1)) for i in range(k)]


def studies(kind: str, k: int, seed: int = 1) -> tuple[str, dict[str, Any], Any]:
    """A measure, its inputs and its effect sizes."""
    rng = np.random.default_rng(seed)
    if kind == "counts":
        n1, n2 = rng.integers(8, 20000, k), rng.integers(8, 900, k)
        inputs = {"e1": rng.binomial(n1, 0.3), "n1": n1, "e2": rng.binomial(n2, 0.2), "n2": n2}
        measure = "OR"
    elif kind == "one arm":
        n = rng.integers(8, 900, k)
        measure, inputs = "PLO", {"e": rng.binomial(n, 0.4), "n": n}
    elif kind == "means":
        n1, n2 = rng.integers(8, 900, k), rng.integers(8, 900, k)
        inputs = {"m1": rng.normal(20, 3, k), "sd1": rng.uniform(4, 9, k), "n1": n1,
                  "m2": rng.normal(24, 3, k), "sd2": rng.uniform(4, 9, k), "n2": n2}  # fmt: skip
        measure = "MD"
    else:
        measure = "HR" if kind == "ratio" else "GEN"
        values = rng.normal(-0.4, 0.5, k)
        se = rng.uniform(0.05, 0.9, k)
        given = {"hr": np.exp(values), "se": se} if measure == "HR" else {"estimate": values, "se": se}
        return measure, {}, effect_sizes(measure, **given)
    return measure, inputs, effect_sizes(measure, **inputs)


def made(kind: str = "counts", k: int = 6, label: str = "plain", seed: int = 1, **words: Any) -> AnalysisResult:
    """A result of a kind with k studies; without any study for k of 0."""
    if k == 0:
        one = made(kind, 1, label, seed, **words)
        reasons = (LeftOut("a", named(1, label)[0], "no rows that can be used"),)
        return dataclasses.replace(one, studies=(), summary=None, subgroups=(), subgroup_test=None, left_out=reasons)
    measure, inputs, es = studies(kind, k, seed)
    fit = pool(es.yi, es.vi)
    defaults = {"experimental": "ketamine", "control": "placebo", "title": f"Response at 24 hours, {kind}"}
    result = result_of(fit, measure=measure, labels=named(k, label), inputs=inputs or None, **{**defaults, **words})
    if kind == "mixed":
        half = [dataclasses.replace(s, kind="counts" if i % 2 else "effects", participants=None if i % 3 else 120)
                for i, s in enumerate(result.studies)]  # fmt: skip
        return dataclasses.replace(result, rows="contrasts", studies=tuple(half))
    return result


def drawn(result: AnalysisResult, **options: Any) -> ShownResult:
    """A result with figure options."""
    return show(result, **options)


def judged(result: AnalysisResult) -> AnalysisResult:
    """With judgements of risk of bias."""
    words = ("low", "some", "high", "")
    domains = ("d1", "d2", "d3", "d4", "d5", "overall")
    own = tuple(
        dataclasses.replace(s, risk_of_bias={d: words[(i + j) % 4] for j, d in enumerate(domains)})
        for i, s in enumerate(result.studies)
    )
    return drawn(dataclasses.replace(result, studies=own), risk_of_bias=True)


def edited(result: AnalysisResult, number: int, **changes: Any) -> AnalysisResult:
    """One study changed."""
    own = list(result.studies)
    own[number] = dataclasses.replace(own[number], **changes)
    return dataclasses.replace(result, studies=tuple(own))


def lost(result: AnalysisResult, number: int) -> AnalysisResult:
    """One study without an estimate."""
    nothing = dict.fromkeys(("yi", "vi", "se", "estimate", "ci_low", "ci_high"), NAN)
    return edited(result, number, **nothing, weight=0.0, estimable=False)


def compound(k: int = 3) -> AnalysisResult:
    """Steps that are multiplied, with printed values beside them."""
    result = made("one arm", k)
    assert result.summary is not None
    pooled = result.summary
    nothing = Heterogeneity((), NAN, NAN, NAN, NAN, NAN, NAN, 0, NAN)
    method = dataclasses.replace(pooled.method, model="compound", tau2="none")
    summary = dataclasses.replace(pooled, method=method, heterogeneity=nothing, pi_low=NAN, pi_high=NAN)
    source = Provenance("t", "k", "says", "s", "u", "l", "d", "primary")
    references = (Reference("STAR*D, cumulative", 0.67, source), Reference(LABELS["80"], 0.352, source))
    return dataclasses.replace(result, combine="compound", summary=summary, references=references,
                               figure=FigureOptions())  # fmt: skip


__all__ = ["KINDS", "LABELS", "NAN", "STYLES", "WIDTHS", "StudyEffect", "compound", "drawn", "edited", "judged", "lost",
           "made", "named", "studies"]  # fmt: skip
