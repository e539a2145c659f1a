"""PythonMeta: DL from means or counts only; a loop over data sets, 200 studies at most.

It takes no effects with variances. Each study is given as a mean difference of two arms of one person each with
standard deviation sqrt(v / 2), whose variance is v. It pools common-effect first and uses square roots of square
roots of v, so that results agree to rounding. tau2 is the last item of the first line of its result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import version
from typing import Any

import numpy as np
import PythonMeta
from timing import Case, Rows, main, rows_of
from workloads import Workload


def settings(datatype: str, models: str, effect: str, algorithm: str) -> Any:
    meta = PythonMeta.Meta()
    meta.datatype, meta.models, meta.effect, meta.algorithm = datatype, models, effect, algorithm
    return meta


def loop(y: np.ndarray, v: np.ndarray) -> Callable[[int], list[Any]]:
    sd = np.sqrt(v / 2)
    meta = settings("CONT", "Random", "MD", "IV")

    def run(n: int) -> list[Any]:
        done = []
        for i in range(n):
            studies = [[m, s, 1, 0.0, s, 1, "study"] for m, s in zip(y[i].tolist(), sd[i].tolist(), strict=True)]
            done.append(meta.meta(studies, nosubgrp=True)[0])
        return done

    return run


def plain(results: list[Any]) -> Rows:
    return rows_of([r[-1] for r in results], [r[1] for r in results])


def mantel_haenszel(counts: np.ndarray) -> Callable[[int], Any]:
    tp, tn, cp, cn = counts.T.tolist()
    studies = [[a, a + b, c, c + d, "study"] for a, b, c, d in zip(tp, tn, cp, cn, strict=True)]
    meta = settings("CATE", "Fixed", "RR", "MH")
    return lambda n: meta.meta([list(s) for s in studies], nosubgrp=True)[0]


def cases(a: dict[str, np.ndarray], loads: dict[str, Workload]) -> Iterable[Case]:
    yield Case("batch_DL", loop(a["batch_y"], a["batch_v"]), plain, note="loop; effects as mean differences")
    yield Case("mantel_haenszel", mantel_haenszel(a["counts"]), lambda r: rows_of([0.0], [np.log(r[1])]))
    for load in loads.values():
        if load.name not in ("batch_DL", "mantel_haenszel") and not load.name.startswith("batch_large"):
            yield Case(load.name, missing="no REML" if "REML" in load.name else "no such function")


if __name__ == "__main__":
    main("pythonmeta", version("PythonMeta"), cases)
