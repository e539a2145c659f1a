# Reads and checks the configuration and the tables before anything runs.
import os
import sys
from importlib.metadata import version
from pathlib import Path

BASE = Path(workflow.basedir)
# The library beside this Snakefile is the one that runs, installed or not.
sys.path.insert(0, str(BASE / "src"))
os.environ["PYTHONPATH"] = os.pathsep.join(
    [str(BASE / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
)

from metarepro.analysis.plan import code_fingerprint, make_plan
from metarepro.errors import MetareproError

CONFIG = "config.yaml"

try:
    PLAN = make_plan(Path.cwd(), CONFIG)
except MetareproError as error:
    print(f"{error}\n\nNothing was run; results/ is as it was.", file=sys.stderr)
    sys.exit(error.exit_code)

ANALYSES = [analysis.id for analysis in PLAN.config.analyses]
PACKAGE = BASE / "src" / "metarepro"
NUMBERS = code_fingerprint(PACKAGE, "effects", "pooling", "evidence", "analysis")
PICTURES = code_fingerprint(PACKAGE, "effects", "analysis", "figures")
PAGES = code_fingerprint(PACKAGE, "effects", "analysis", "evidence", "figures", "report")
LIBRARIES = {name: version(name) for name in ("numpy", "scipy", "matplotlib")}


wildcard_constraints:
    analysis="[a-z0-9][a-z0-9_-]*",


def rows_of(wildcards):
    """Fingerprint of the rows and settings that an analysis uses."""
    return PLAN.fingerprints[wildcards.analysis]


def place_of(wildcards):
    """Which analysis this is, for progress messages: n of N."""
    return f"{ANALYSES.index(wildcards.analysis) + 1} of {len(ANALYSES)}"
