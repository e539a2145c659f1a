"""Pooled results of an imported Metapsy database or RevMan review against metafor on the same rows.

python benchmarks/imported_compared.py metapsy|revman FILE     needs Rscript with metafor; exit code 1 if one differs

RevMan's random effects about the Mantel-Haenszel estimate are not in metafor: there the pooling is compared, with our
tau2 given. Of a risk difference by Mantel-Haenszel the estimate is compared, as RevMan's variance is not metafor's.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from metarepro.analysis.run import run_analysis
from metarepro.importing import write_imported
from metarepro.importing.metapsy import read_metapsy
from metarepro.importing.revman import read_revman
from metarepro.project.reading import read_project

AGREES = 1e-6
READERS = {"metapsy": read_metapsy, "revman": read_revman}
COLUMNS = ("analysis", "measure", "method", "tau2", "given", "test", "level", "yi", "vi", "e1", "n1", "e2", "n2")
SCRIPT = """
suppressMessages(library(metafor))
d <- read.csv(commandArgs(TRUE)[1])
for (name in unique(d$analysis)) {
  x <- d[d$analysis == name, ]
  first <- x[1, ]
  level <- 100 * first$level
  fine <- list(threshold = 1e-12, maxiter = 1000)
  if (first$method == "mantel_haenszel") {
    m <- rma.mh(ai = e1, n1i = n1, ci = e2, n2i = n2, data = x, measure = first$measure, level = level,
                add = c(1/2, ifelse(first$measure == "RD", 0, 1/2)), to = c("only0", "only0"), drop00 = TRUE,
                correct = FALSE)
  } else if (first$method == "peto") {
    m <- rma.peto(ai = e1, n1i = n1, ci = e2, n2i = n2, data = x, level = level, add = c(1/2, 0),
                  to = c("only0", "none"))
  } else if (first$tau2 == "DL-MH") {
    m <- rma(yi, vi, data = x, tau2 = first$given, test = first$test, level = level)
  } else {
    m <- rma(yi, vi, data = x, method = ifelse(first$tau2 == "CE", "EE", first$tau2), test = first$test, level = level,
             control = if (first$tau2 %in% c("REML", "ML")) fine else list())
  }
  tau2 <- ifelse(is.null(m$tau2), 0, m$tau2)
  cat(name, format(c(m$beta[1], m$ci.lb, m$ci.ub, tau2), digits = 15), sep = ",")
  cat("\\n")
}
"""


def main(kind: str, file: Path) -> int:
    """Compare, and print."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "p"
        write_imported(READERS[kind](file), project)
        checked = read_project(project)
        ours, lines = {}, [",".join(COLUMNS)]
        for analysis in checked.config.analyses:
            found = run_analysis(checked.config, analysis, checked.data)
            if found.summary is None or found.summary.k < 2:
                continue
            m = analysis.model
            common = m.method in ("mantel_haenszel", "peto")
            given = 0.0 if common else found.summary.tau2
            test = "z" if m.ci == "z" else "knha"
            head = f"{analysis.id},{analysis.measure},{m.method},{m.tau2},{given!r},{test},{m.level}"
            for s in found.studies:
                if common or s.estimable:
                    counts = ",".join(str(s.inputs.get(n, "NA")) for n in ("e1", "n1", "e2", "n2"))
                    lines.append(f"{head},{s.yi if s.estimable else 'NA'},{s.vi if s.estimable else 'NA'},{counts}")
            ours[analysis.id] = (found.summary, common, analysis.measure)
        rows = Path(folder) / "rows.csv"
        rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run(["Rscript", "-e", SCRIPT, str(rows)], capture_output=True, text=True, check=True)
    worst = 0.0
    for line in done.stdout.splitlines():
        name, *texts = line.split(",")
        theirs = [float(x) for x in texts]
        fit, common, measure = ours[name]
        mine = [fit.beta, fit.beta_low, fit.beta_high, 0.0 if common else fit.tau2]
        if common and measure == "RD":
            mine, theirs = mine[:1], theirs[:1]
        apart = max(abs(a - b) / (1 + abs(b)) for a, b in zip(mine, theirs, strict=True))
        worst = max(worst, apart)
        print(
            f"{name}: k {fit.k}, ours {fit.beta:.10g} ({fit.beta_low:.10g} to {fit.beta_high:.10g}), apart {apart:.1e}"
        )
    print(f"{len(ours)} analyses, at most {worst:.1e} apart")
    return int(worst > AGREES)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
