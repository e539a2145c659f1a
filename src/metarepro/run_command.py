"""`metarepro run`: a run of the workflow, and at its end what came out in a few lines."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from metarepro.errors import MetareproError
from metarepro.shell import COMMAND

# Options that say how much is done at once, and not what.
_CORES = re.compile(r"(--cores[= ](\d+|all)|-c ?(\d+|all)|--jobs[= ]\d+|-j ?\d+)( |$)")


def add_run(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the others."""
    run: argparse.ArgumentParser = commands.add_parser(
        "run",
        help="run a project: numbers, figures, the page",
        description="Run the workflow in a project and say at the end what came out. What is there and still holds is "
        "not made again. Any option that is not listed here goes to Snakemake, as do names of results to be made.",
        epilog="metarepro run my-review --cores 2; metarepro run -n; metarepro run --executor slurm --jobs 4",
    )
    run.add_argument("directory", type=Path, nargs="?", metavar="DIR", help="the project (default: here)")
    run.add_argument("--directory", "-d", type=Path, dest="named", metavar="DIR", help="the same as an option")
    run.add_argument("-v", "--verbose", action="store_true", help="show Snakemake's own lines")
    run.set_defaults(run=_run)
    return run


def split_run(given: list[str]) -> tuple[list[str], list[str]]:
    """Arguments of `run` that are ours, and those that are Snakemake's, in their order.

    The folder comes first or with `--directory`: of `--cores 2` the number is no folder.
    """
    ours, more = given[:1], []
    left = given[1:]
    if left and not left[0].startswith("-"):
        ours.append(left.pop(0))
    while left:
        word = left.pop(0)
        if word in ("-d", "--directory") and left:
            ours += [word, left.pop(0)]
        elif word in ("-v", "--verbose", "--debug", "-h", "--help") or word.startswith("--directory="):
            ours.append(word)
        else:
            more.append(word)
    return ours, more


def is_plain(options: list[str]) -> bool:
    """Whether options of Snakemake say no more than how much is done at once."""
    return not _CORES.sub("", " ".join(options))


def _run(options: argparse.Namespace) -> int:
    from metarepro.project.check import find_stale_results, find_unsealed
    from metarepro.project.finished import forget_finished, remember_finished, still_holds
    from metarepro.project.run import (
        check_start,
        failure_of,
        removed_by,
        run_snakemake,
        why_it_failed,
        workflow_file,
    )

    project, more = options.named or options.directory or Path(), list(options.more)
    if options.named is None and str(options.directory or "").startswith("results/"):
        # A name of a result, as Snakemake takes it, and not a folder.
        project, more = Path(), [str(options.directory), *more]
    check_start(project)
    if not any(o.startswith(("--cores", "-c", "--jobs", "-j", "--executor", "-e")) for o in more):
        more += ["--cores", "4"]
    plain = not options.verbose and is_plain(more)
    report = (project / "results/report.html").resolve()
    if plain and still_holds(project, workflow_file()):
        print(f"Nothing to be done: every result holds.\nThe report: {report}")
        return 0
    forget_finished(project)
    outcome = run_snakemake(project, more, options.verbose)
    made = outcome.code == 0 and outcome.worked and not outcome.planned
    stale = find_stale_results(project) if made else {}
    if stale:  # a file was changed while the run was under way, or not everything was asked for
        again = run_snakemake(project, more, options.verbose)
        outcome = again if again.worked or again.code else outcome
    if outcome.code and outcome.stopped:
        print("Stopped. What is finished is kept; run it again to go on.", file=sys.stderr)
        return 1
    failure = failure_of(project)
    if outcome.code and failure:
        codes = failure["codes"]
        help_line = f"\n\nHelp: {COMMAND} explain {codes[0]}" if codes else ""
        print(f"{failure['text']}{help_line}", file=sys.stderr)
        return int(failure["exit_code"])
    if outcome.code:
        if not options.verbose:
            print(why_it_failed(outcome, project), file=sys.stderr)
        return 3 if outcome.code == 2 else 1
    if outcome.planned or not report.exists():
        print("\n".join(outcome.said) if not options.verbose else "")
        return 0
    if not outcome.worked:
        sealed = not find_unsealed(project, ["validate", "report"])
        if plain and sealed:
            remember_finished(project, workflow_file())
        holds = "every result holds." if sealed else "what was asked for holds. The page is out of date."
        print(f"Nothing to be done: {holds}\nThe report: {report}")
        return 0
    if left := find_stale_results(project):
        raise MetareproError(
            f"The run ended with results that are out of date: {_reasons(left)}. Fix: let nothing write to the project "
            "while it runs, and run again."
        )
    if unasked := find_unsealed(project, stale):
        said = _reasons({job: stale[job] for job in unasked})
        print(
            f"Made as asked. Out of date: {said}. Fix: {COMMAND} run, without naming a result, makes everything anew."
        )
        return 0
    from metarepro.project.digest import as_markdown, digest

    text = digest(project / "results", removed_by(project))
    print(text)
    if plain:
        remember_finished(project, workflow_file())
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):  # GitHub shows what is written there beside the run
        with contextlib.suppress(OSError), Path(summary).open("a", encoding="utf-8") as file:
            file.write(as_markdown(text))
    return 0


def _reasons(faults: Mapping[str, str]) -> str:
    return "; ".join(f"{job} ({fault})" for job, fault in faults.items())
