"""Pooled results of an imported Metapsy database against metafor on the same rows.

python benchmarks/metapsy_compared.py FILE     needs Rscript with metafor; exit code 1 if an analysis differs
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from metarepro.analysis.run import run_analysis
from metarepro.importing.metapsy import read_metapsy
from metarepro.importing.project import write_imported
from metarepro.project.reading import read_project

AGREES = 1e-6
SCRIPT = """
suppressMessages(library(metafor))
d <- read.csv(commandArgs(TRUE)[1])
for (name in unique(d$analysis)) {
  x <- d[d$analysis == name, ]
  m <- rma(yi, vi, data = x, method = x$tau2[1], test = "knha", control = list(threshold = 1e-12, maxiter = 1000))
  cat(name, format(c(m$beta[1], m$ci.lb, m$ci.ub, m$tau2), digits = 15), sep = ",")
  cat("\\n")
}
"""


def main(file: Path) -> int:
    """Compare, and print."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "p"
        write_imported(read_metapsy(file), project)
        checked = read_project(project)
        ours, lines = {}, ["analysis,yi,vi,tau2"]
        for analysis in checked.config.analyses:
            found = run_analysis(checked.config, analysis, checked.data)
            if found.summary is None or found.summary.k < 2:
                continue
            used = [s for s in found.studies if s.yi is not None and s.vi is not None]
            lines += [f"{analysis.id},{s.yi!r},{s.vi!r},{analysis.model.tau2}" for s in used]
            ours[analysis.id] = found.summary
        rows = Path(folder) / "rows.csv"
        rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run(["Rscript", "-e", SCRIPT, str(rows)], capture_output=True, text=True, check=True)
    worst = 0.0
    for line in done.stdout.splitlines():
        name, *texts = line.split(",")
        theirs = [float(x) for x in texts]
        fit = ours[name]
        mine = (fit.beta, fit.beta_low, fit.beta_high, fit.heterogeneity.components[0].tau2)
        apart = max(abs(a - b) / (1 + abs(b)) for a, b in zip(mine, theirs, strict=True))
        worst = max(worst, apart)
        print(f"{name}: k {fit.k}, ours {mine[0]:.10g} ({mine[1]:.10g} to {mine[2]:.10g}), apart {apart:.1e}")
    return int(worst > AGREES)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
