# Raw tables -> effects -> pooled results -> figures -> report. What depends on what; nothing else.
#
# Analyses are listed in config.yaml. Each has two jobs, one for numbers and one for pictures. A job depends on the
# fingerprint of the raw rows and settings that its analysis uses and of the library code that it runs, so that a
# changed row or module re-runs what uses it, and a touched file re-runs nothing.
from snakemake.utils import min_version

min_version("9.18")


container: "docker://python:3.11-slim"


include: "workflow/rules/plan.smk"
include: "workflow/rules/jobs.smk"


localrules:
    all,


rule all:
    default_target: True
    input:
        "results/report.html",
        "results/summary.csv",
        "results/results.json",
        "results/integrity.csv",
        "results/changes.json",
        "results/reproduction.csv",
        "results/claims.csv",
        "results/claims.json",
        "results/audit",
        "results/specifications",
        "results/evidence",
        ["results/panels"] if PLAN.panels else [],
    message:
        "everything is up to date"


include: "workflow/rules/analyses.smk"
include: "workflow/rules/gather.smk"
include: "workflow/rules/audit.smk"


onstart:
    run_lock.take(Path(".snakemake/metarepro/lock"))
    run_lock.terminate_gracefully()


onsuccess:
    # At exit, so that these are the last lines.
    if Path("results/report.html").exists():
        atexit.register(
            print, f"The report: {Path('results/report.html').resolve()}"
        )
    atexit.register(tell_changes, Path("results/changes.json").resolve())
    SUCCEEDED.append(True)
