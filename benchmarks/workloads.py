"""Inputs of the benchmarks: drawn once with a fixed seed, written as raw binary so that every tool reads the same.

`python workloads.py FOLDER [--quick]` writes

- one raw little-endian file per array, row after row (float64, int32 or uint8);
- `arrays.csv`: name, kind, rows, cols of every array;
- `workloads.csv`: id, number of fits, studies per fit, label of every workload.

Sets of k = 20 (`batch`): vi = 0.02 + 0.04 chi2(2), which gives standard errors of 0.15 to 0.8 as log ratios of small to
middling trials have; tau2 is 0 in a fifth of the sets and uniform on (0, 0.3) in the others, so that boundary fits
occur; mu ~ N(0, 0.5^2); yi ~ N(mu, vi + tau2). Single data sets of k = 100 and 1,000, and those of GOSH, are
drawn in the same way with tau2 = 0.1. k = 13 is the log risk ratio of the 13 BCG vaccine trials (Colditz et al. 1994).
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SEED = 20261
KINDS = {"f8": np.dtype("<f8"), "i4": np.dtype("<i4"), "u1": np.dtype("u1")}

# Cases and non-cases, vaccinated and control; absolute latitude.
BCG = np.array(
    [
        [4, 119, 11, 128, 44],
        [6, 300, 29, 274, 55],
        [3, 228, 11, 209, 42],
        [62, 13536, 248, 12619, 52],
        [33, 5036, 47, 5761, 13],
        [180, 1361, 372, 1079, 44],
        [8, 2537, 10, 619, 19],
        [505, 87886, 499, 87892, 13],
        [29, 7470, 45, 7232, 27],
        [17, 1699, 65, 1600, 42],
        [186, 50448, 141, 27197, 18],
        [5, 2493, 3, 2338, 33],
        [27, 16886, 29, 17825, 33],
    ],
    dtype=float,
)


@dataclass(frozen=True)
class Workload:
    """One task: its name, how many fits it asks for, studies per fit, a label for tables."""

    name: str
    fits: int
    k: int
    label: str


@dataclass(frozen=True)
class Sizes:
    """How large the inputs are."""

    large_k: int = 1000
    batch: int = 10_000
    batch_large: int = 100_000
    gosh_all_k: int = 15
    gosh_random_k: int = 30
    gosh_random: int = 100_000
    resamples: int = 10_000
    clusters: int = 50
    clusters_many: int = 5_000


QUICK = Sizes(large_k=200, batch=200, batch_large=1000, gosh_all_k=8, gosh_random_k=12, gosh_random=300, resamples=200,
              clusters=10, clusters_many=50)  # fmt: skip


def list_workloads(size: Sizes) -> list[Workload]:
    """Every workload, in the order of the tables."""
    subsets = 2**size.gosh_all_k - 1
    singles = (("13", 13), ("100", 100), ("large", size.large_k))
    loads = [Workload(f"single_{name}_REML", 1, k, f"one REML fit, k = {k:,}") for name, k in singles]
    for name, n in (("batch", size.batch), ("batch_large", size.batch_large)):
        loads += [Workload(f"{name}_{m}", n, 20, f"{n:,} sets of k = 20, {m}") for m in ("DL", "PM", "REML")]
    k = size.gosh_all_k
    loads += [Workload(f"gosh_all_{m}", subsets, k, f"GOSH, all {subsets:,} subsets of {k}, {m}") for m in GOSH_METHODS]
    k, n = size.gosh_random_k, size.gosh_random
    loads += [Workload(f"gosh_random_{m}", n, k, f"GOSH, {n:,} random subsets of {k}, {m}") for m in GOSH_METHODS]
    n = size.resamples
    return [
        *loads,
        Workload("permutation_REML", n, 13, f"permutation test, 1 moderator, k = 13, {n:,} permutations, REML"),
        Workload("leave_one_out_REML", size.large_k, size.large_k, f"leave one out, k = {size.large_k:,}, REML"),
        Workload("bootstrap_REML", n, 13, f"parametric bootstrap, k = 13, {n:,} samples, REML"),
        Workload("glmm_PLO", 1, 30, "one binomial-normal GLMM of proportions, k = 30"),
        Workload("glmm_PLO_8", 1, 8, "one binomial-normal GLMM of proportions, k = 8"),
        Workload("glmm_CM_EL", 1, 13, "one exact conditional GLMM of odds ratios (CM.EL), BCG, k = 13"),
        Workload("mantel_haenszel", 1, 13, "one Mantel-Haenszel risk ratio, k = 13"),
        Workload("read_mantel_haenszel", 1, 13, "the same, with Q and all tests read"),
        Workload("regression_DL", n, 13, f"{n:,} meta-regressions, 1 moderator, k = 13, DL"),
        Workload(
            "three_level",
            1,
            10 * size.clusters,
            f"three levels, {10 * size.clusters:,} effects in {size.clusters:,} clusters, REML",
        ),
        Workload(
            "three_level_many",
            1,
            10 * size.clusters_many,
            f"three levels, {10 * size.clusters_many:,} effects in {size.clusters_many:,} clusters, REML",
        ),
        Workload("bayes", 1, 5, "one Bayesian fit, half-normal prior of tau, k = 5"),
    ]


GOSH_METHODS = ("CE", "DL", "REML")


def make_arrays(size: Sizes) -> dict[str, np.ndarray]:
    """Every input array."""
    rng = np.random.default_rng(SEED)

    def draw(n: int, k: int, tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        v = 0.02 + 0.04 * rng.chisquare(2, (n, k))
        mu = rng.normal(0, 0.5, (n, 1))
        return mu + rng.normal(size=(n, k)) * np.sqrt(v + tau2[:, None]), v

    arrays: dict[str, np.ndarray] = {}
    a, b, c, d, latitude = BCG.T
    y = np.log(a / (a + b)) - np.log(c / (c + d))
    v = 1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)
    arrays |= {"k13_y": y, "k13_v": v, "k13_x": latitude, "counts": BCG[:, :4].astype("i4")}

    for name, k in (("k100", 100), ("large", size.large_k), ("gosh_all", size.gosh_all_k)):
        arrays[f"{name}_y"], arrays[f"{name}_v"] = draw(1, k, np.array([0.1]))
    arrays["gosh_random_y"], arrays["gosh_random_v"] = draw(1, size.gosh_random_k, np.array([0.1]))

    n = size.batch_large
    tau2 = np.where(rng.random(n) < 0.2, 0.0, rng.uniform(0, 0.3, n))
    arrays["batch_y"], arrays["batch_v"] = draw(n, 20, tau2)

    k = size.gosh_all_k
    # In random order, so that the first n of them are a fair sample of subset sizes.
    codes = rng.permutation(np.arange(1, 2**k))
    arrays["gosh_all_mask"] = ((codes[:, None] >> np.arange(k)) & 1).astype("u1")
    masks = rng.integers(0, 2, (2 * size.gosh_random, size.gosh_random_k), dtype="u1")
    arrays["gosh_random_mask"] = masks[masks.sum(1) >= 2][: size.gosh_random]

    n = size.resamples
    arrays["permutations"] = rng.permuted(np.tile(np.arange(13, dtype="i4"), (n, 1)), axis=1)
    beta, tau2_dl = _dersimonian_laird(y, v)
    arrays["bootstrap_y"] = beta + rng.normal(size=(n, 13)) * np.sqrt(v + tau2_dl)

    total = rng.integers(20, 400, 30)
    p = 1 / (1 + np.exp(-rng.normal(-1.5, 0.6, 30)))
    arrays["glmm"] = np.column_stack([rng.binomial(total, p), total]).astype("i4")
    arrays["glmm_8"] = arrays["glmm"][:8]
    for key, m in (("three_level", size.clusters), ("three_level_many", size.clusters_many)):
        variances = rng.uniform(0.02, 0.2, 10 * m)
        between, within = np.repeat(rng.normal(0, 0.3, m), 10), rng.normal(0, 0.2, 10 * m)
        arrays[f"{key}_y"] = 0.3 + between + within + rng.normal(size=10 * m) * np.sqrt(variances)
        arrays[f"{key}_v"] = variances
        arrays[f"{key}_cluster"] = np.repeat(np.arange(m, dtype="i4"), 10)
    arrays["bayes_y"], arrays["bayes_v"] = arrays["k13_y"][:5], arrays["k13_v"][:5]
    return arrays


def _dersimonian_laird(y: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """The model that the bootstrap samples are drawn from."""
    w = 1 / v
    q = np.sum(w * (y - np.average(y, weights=w)) ** 2)
    tau2 = max(0.0, (q - (len(y) - 1)) / (w.sum() - np.sum(w**2) / w.sum()))
    return float(np.average(y, weights=1 / (v + tau2))), float(tau2)


def write(folder: Path, quick: bool = False) -> None:
    """Write all inputs to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    size = QUICK if quick else Sizes()
    rows = []
    for name, array in make_arrays(size).items():
        kind = {"f": "f8", "i": "i4", "u": "u1"}[array.dtype.kind]
        table = np.atleast_2d(array)
        table.astype(KINDS[kind]).tofile(folder / f"{name}.bin")
        rows.append([name, kind, *table.shape])
    _write_csv(folder / "arrays.csv", ["name", "kind", "rows", "cols"], rows)
    loads = [[w.name, w.fits, w.k, w.label] for w in list_workloads(size)]
    _write_csv(folder / "workloads.csv", ["name", "fits", "k", "label"], loads)


def _write_csv(path: Path, head: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])


def read_workloads(folder: Path) -> dict[str, Workload]:
    """The workloads of a folder by name."""
    with (folder / "workloads.csv").open(encoding="utf-8") as table:
        return {r["name"]: Workload(r["name"], int(r["fits"]), int(r["k"]), r["label"]) for r in csv.DictReader(table)}


def read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of a folder by name; one row becomes one-dimensional."""
    with (folder / "arrays.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    arrays = {}
    for row in rows:
        shape = (int(row["rows"]), int(row["cols"]))
        array = np.fromfile(folder / f"{row['name']}.bin", KINDS[row["kind"]]).reshape(shape)
        arrays[row["name"]] = array[0] if shape[0] == 1 else array
    return arrays


def gosh_codes(mask: np.ndarray) -> np.ndarray:
    """A number for each subset: bit j is set when study j is in."""
    return mask.astype(float) @ 2.0 ** np.arange(mask.shape[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="small inputs, to see that everything runs")
    options = parser.parse_args()
    write(options.folder, options.quick)
