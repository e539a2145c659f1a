"""Published results with a known method, some with one planted error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import metarepro as mr

MODELS = (
    ("DL", "z", "DerSimonian-Laird"), ("REML", "HK", "REML, Hartung-Knapp"), ("CE", "z", "fixed effect"),
    ("PM", "HK", "Paule-Mandel, Hartung-Knapp"),
)  # fmt: skip
ERRORS = {
    "counts": ("arms exchanged", "left out"),
    "means": ("arms exchanged", "standard errors entered as SDs", "means exchanged", "left out"),
}
ARMS = {"counts": ("e", "n"), "means": ("m", "sd", "n")}


@dataclass(frozen=True)
class Simulated:
    """Inputs as printed, the published result, and which error of which study is in it."""

    inputs: dict[str, list[str]]
    published: dict[str, object]
    labels: list[str]
    study: str
    error: str


def simulate(rng: np.random.Generator, share_of_errors: float) -> Simulated:
    """One published meta-analysis."""
    k = int(np.clip(rng.geometric(0.2) + 2, 3, 20))
    kind = str(rng.choice(["counts", "means"]))
    tau2, ci, model = MODELS[rng.integers(4)]
    n1, n2 = rng.integers(12, 90, k), rng.integers(12, 90, k)
    if kind == "counts":
        measure = str(rng.choice(["OR", "RR"]))
        odds = rng.uniform(0.1, 1, k)
        p1 = 1 / (1 + np.exp(-np.log(odds) - rng.normal(0.6, 0.4, k)))
        true = {"e1": rng.binomial(n1, p1), "n1": n1, "e2": rng.binomial(n2, odds / (1 + odds)), "n2": n2}
    else:
        measure = str(rng.choice(["SMD", "MD"]))
        sd, d = rng.uniform(6, 10, k), rng.normal(-0.4, 0.3, k)
        true = {
            "m1": 25 + d * sd + rng.normal(0, sd / np.sqrt(n1)), "sd1": sd * rng.uniform(0.85, 1.15, k), "n1": n1,
            "m2": 25 + rng.normal(0, sd / np.sqrt(n2)), "sd2": sd * rng.uniform(0.85, 1.15, k), "n2": n2,
        }  # fmt: skip
    used = {name: np.array(v, float).round(1) for name, v in true.items()}
    printed = {name: [f"{x:.{0 if name[0] in 'en' else 1}f}" for x in v] for name, v in used.items()}
    error, study = "", int(rng.integers(k))
    if rng.random() < share_of_errors:
        error = str(rng.choice(ERRORS[kind]))
        used = plant(used, error, study, kind)
    es = mr.effect_sizes(measure, **used)
    fit = mr.pool(es.yi, es.vi, tau2=tau2, ci=ci)
    values = es.to_display([fit.beta, fit.ci_low, fit.ci_high])
    published = dict(zip(("estimate", "ci_low", "ci_high"), (f"{x:.2f}" for x in values), strict=True))
    return Simulated(
        printed, {"measure": measure, **published, "i2": f"{fit.i2_q:.0f}", "model": model},
        [f"S{i}" for i in range(k)], f"S{study}" if error else "", error,
    )  # fmt: skip


def plant(used: dict[str, np.ndarray], error: str, study: int, kind: str) -> dict[str, np.ndarray]:
    """The numbers with one error."""
    if error == "left out":
        return {name: np.delete(v, study) for name, v in used.items()}
    changed = {name: v.copy() for name, v in used.items()}
    if error == "standard errors entered as SDs":
        for arm in "12":
            changed[f"sd{arm}"][study] /= np.sqrt(changed[f"n{arm}"][study])
        return changed
    for part in ("m",) if error == "means exchanged" else ARMS[kind]:
        changed[f"{part}1"][study], changed[f"{part}2"][study] = used[f"{part}2"][study], used[f"{part}1"][study]
    return changed
