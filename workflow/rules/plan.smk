# Reads and checks the configuration and the tables before anything runs.
import atexit
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

BASE = Path(workflow.basedir)
# The library beside this Snakefile is the one that runs, installed or not.
sys.path.insert(0, str(BASE / "src"))
from metarepro.analysis.plan import code_fingerprint, read_plan
from metarepro.errors import MetareproError

STARTED = time.time()
CONFIG = "config.yaml"
SCRIPTS = BASE / "workflow" / "scripts"
PACKAGE = BASE / "src" / "metarepro"

# The rooms of the library that each script runs; editing one of them re-runs the rule.
ROOMS = {
    "analyse": ("effects", "pooling", "evidence", "analysis"),
    "draw": ("effects", "pooling", "evidence", "analysis", "figures"),
    "draw_panels": ("effects", "analysis", "figures"),
    "draw_evidence": ("effects", "pooling", "evidence", "analysis", "figures"),
    "changes": ("effects", "evidence", "analysis", "figures"),
    "gather": ("effects", "evidence", "analysis"),
    "integrity": ("effects", "pooling", "evidence", "analysis"),
    "reproduce": ("effects", "pooling", "evidence", "analysis", "reproduction"),
    "audit": ("effects", "pooling", "evidence", "analysis", "reproduction", "claims"),
    "draw_audit": (
        "effects",
        "evidence",
        "analysis",
        "reproduction",
        "claims",
        "figures",
    ),
    "draw_strips": ("effects", "evidence", "analysis", "reproduction", "figures"),
    "report": (
        "effects",
        "evidence",
        "analysis",
        "reproduction",
        "claims",
        "figures",
        "report",
    ),
}
CODE = {
    name: code_fingerprint(PACKAGE, *rooms, scripts=(SCRIPTS / f"{name}.py",))
    for name, rooms in ROOMS.items()
}
LIBRARIES = {name: version(name) for name in ("numpy", "scipy", "matplotlib")}


def undrawable(label):
    """First character of a label that the figures cannot draw; loaded only when a plan is made anew."""
    from metarepro.figures import fonts

    return fonts.undrawable(label)


def check_audit(*arguments):
    """Whether printed results, targets and claims can be judged; loaded only when a plan is made anew."""
    from metarepro.claims.checks import check_audit

    check_audit(*arguments)


try:
    PLAN = read_plan(
        Path.cwd(),
        CONFIG,
        CODE["analyse"],
        Path(".snakemake/metarepro/plan.json"),
        undrawable,
        check_audit,
    )
except MetareproError as error:
    print(f"{error}\n\nNothing was run; results/ is as it was.", file=sys.stderr)
    sys.exit(error.exit_code)

ANALYSES = list(PLAN.analyses)


wildcard_constraints:
    analysis="[a-z0-9][a-z0-9_-]*",


def rows_of(wildcards):
    """Fingerprint of the rows and settings that an analysis uses."""
    return PLAN.analyses[wildcards.analysis]
