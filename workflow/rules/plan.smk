# What the run consists of, and which results of the run before still hold: read from the settings and the seals.
import importlib.util
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

BASE = Path(str(workflow.current_basedir)).parent
if (BASE.parent / "src" / "metarepro").is_dir():
    sys.path.insert(0, str(BASE.parent / "src"))

from metarepro.errors import MetareproError
from metarepro.project.places import find_python_by_name
from metarepro.project.plan import make_plan
from metarepro.project.seals import FOLDER as SEALS, find_stale

find_python_by_name()
try:
    PLAN = make_plan(
        config,
        BASE / "scripts",
        Path(importlib.util.find_spec("metarepro").origin).parent,
        lambda line: print(line, file=sys.stderr),
    )
except MetareproError as error:
    raise WorkflowError(str(error)) from None

CODE = PLAN.code
RECORDS = "results/records"
FOREST_FILES = ("svg", "pdf", "csv", "alt.txt")
FORESTS = expand(
    "results/analyses/{analysis}/forest.{kind}",
    analysis=PLAN.forests,
    kind=FOREST_FILES,
)
ROBUSTNESS = ("robustness.json", "robustness.csv", "multiverse.csv")
NUMBERS = [f"analyse_{n}" for n in PLAN.number_chunks]
PICTURES = [f"draw_{n}" for n in PLAN.picture_chunks]
REGRESSIONS = ["draw_regressions"] if PLAN.regressions else []
JOBS = (
    "validate",
    *NUMBERS,
    "gather",
    *PICTURES,
    "draw_panels",
    "draw_evidence",
    *REGRESSIONS,
    "reproduce_printed",
    "reproduce",
    "audit",
    "draw_audit",
    "draw_strips",
    "report",
)


def counted(names):
    """How many analyses, in words."""
    return "1 analysis" if len(names) == 1 else f"{len(names)} analyses"


def after(*jobs):
    """What a job waits for beyond what it reads: the records, so that it is looked at again when they have been made,
    and the seals of the jobs before it, so that those without one run again. Their time stamps do not count.

    It must also read a result of each of them: a job that knows another by an ancient file only is left out of a run,
    however old it is, when a checkpoint ends while that other one is at work.
    """
    seals = [f"{SEALS}/{job}.json" for job in ("validate", *jobs)]
    return [ancient(f"{RECORDS}/plan.json"), *map(ancient, seals)]


def numbers_of(analyses):
    """The jobs that make the numbers of analyses."""
    return [
        f"analyse_{n}"
        for n, names in PLAN.number_chunks.items()
        if set(names) & set(analyses)
    ]


def records(*names):
    """Paths of records."""
    return [f"{RECORDS}/{name}.json" for name in names]


def forests_of(analyses, kind):
    """Files of the forest plots of those analyses that have one."""
    return [
        f"results/analyses/{a}/forest.{kind}" for a in analyses if a in PLAN.forests
    ]
