"""A script in R that recomputes main results with metafor, from the studies' effects, and compares."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from metarepro.analysis.result import AnalysisResult
from metarepro.pooling.result_parts import INVERSE_VARIANCE

# Tests of metafor by our intervals; the wider of two is taken of both.
TESTS = {"z": ["z"], "t": ["t"], "HK": ["knha"], "HK-adhoc": ["adhoc"], "HK-ci": ["z", "knha"]}
ESTIMATORS = ("CE", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM")
HEAD = """\
# Main results computed anew by metafor from the studies' effects; written by metarepro.
# Run: Rscript recompute.R      It needs the package metafor, and ends with an error if a number differs.
suppressMessages(library(metafor))
equal <- total <- 0
check <- function(id, yi, vi, method, tests, beta, ends, tau2) {
  control <- list(threshold = 1e-12, tol = 1e-12, maxiter = 1e4)
  fits <- lapply(tests, function(test) rma(yi, vi, method = method, test = test, control = control))
  widths <- sapply(fits, function(fit) fit$ci.ub - fit$ci.lb)
  fit <- fits[[which.max(widths)]]
  theirs <- c(fit$beta, fit$ci.lb, fit$ci.ub, if (method == "EE") 0 else fit$tau2)
  ours <- c(beta, ends, tau2)
  same <- abs(theirs - ours) <= 1e-6 * pmax(abs(ours), 1e-3)
  equal <<- equal + sum(same)
  total <<- total + length(same)
  verdict <- if (all(same)) "equal" else paste("differs:", paste(signif(theirs, 8), collapse = " "))
  cat(sprintf("%-40s %s\\n", id, verdict))
}
"""
FOOT = """\
cat(sprintf("%d of %d numbers equal\\n", equal, total))
if (equal < total) quit(status = 1)
"""


def r_script(analyses: Iterable[AnalysisResult]) -> str:
    """The script; analyses that metafor's `rma` does not compute are named in a comment."""
    lines, others = [HEAD], []
    for a in analyses:
        s = a.summary
        known = s is not None and s.method.model == INVERSE_VARIANCE and s.method.ci in TESTS
        if s is None or not known or s.k < 2 or s.method.tau2 not in ESTIMATORS or s.method.weights != "model":
            others.append(a.id)
            continue
        used = [x for x in a.studies if x.estimable]
        if len({x.cluster_id or x.study_id for x in used}) < len(used) and len(used) != s.k:
            others.append(a.id)
            continue
        tau2 = s.heterogeneity.components[0].tau2 if s.heterogeneity.components else 0.0
        method = "EE" if s.method.tau2 == "CE" else s.method.tau2
        tests = ", ".join(f'"{test}"' for test in TESTS[s.method.ci])
        lines.append(
            f'check("{a.id}", c({_numbers(x.yi for x in used)}), c({_numbers(x.vi for x in used)}),\n'
            f'      "{method}", c({tests}), {s.beta!r}, c({s.beta_low!r}, {s.beta_high!r}), '
            f"{0.0 if np.isnan(tau2) else tau2!r})\n"
        )
    if others:
        lines.append(f"# Not by rma(): {', '.join(others)}\n")
    return "".join([*lines, FOOT])


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(repr(float(x)) for x in values)
