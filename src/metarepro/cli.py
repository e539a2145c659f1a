"""The `metarepro` command: start or import a project, check it, run it, compare results, explain a code."""

from __future__ import annotations

import argparse
import codecs
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from metarepro import __version__
from metarepro.bundle_command import add_bundle
from metarepro.codes import CODES, HELP
from metarepro.errors import MetareproError, place
from metarepro.import_command import add_import
from metarepro.run_command import add_run, split_run
from metarepro.shell import COMMAND, directory_option

if TYPE_CHECKING:
    from metarepro.analysis.config import Accepted
    from metarepro.evidence.integrity import Finding
    from metarepro.project.reading import Project

# Hosting services that a project can be written for.
SERVICES = {"github": "GitHub", "gitlab": "GitLab"}
EXAMPLES = """\
examples:
  metarepro init my-review                 a new project, to be filled with your trials
  metarepro init my-review --workbook      the same with the tables in one workbook, for Excel
  metarepro init my-review --github        the same with a workflow for GitHub that runs it on every push
  metarepro import table sheet.xlsx --to my-review     a project made of a sheet of yours
  metarepro import metapsy data.csv --to my-review     a project made of a table in the Metapsy format
  metarepro import revman review.rm5 --to my-review    the same of a RevMan file
  metarepro run                            run the project in this folder
  metarepro run my-review                  the same for another folder
  metarepro check                          check config.yaml and data/raw in this folder
  metarepro check my-review                the same for another folder
  metarepro check --format json            problems as JSON, for other programs
  metarepro diff results-before results    what differs between two results folders
  metarepro explain E021                   what a code means and how to mend it

exit codes: 0 nothing wrong, 1 internal error, 2 wrong data, 3 wrong configuration or command, 4 results differ,
5 (of a run) a printed result has another verdict than config.yaml demands
"""

# What an import did not take of its file.
LEFT_OUT = "left-out.csv"
WARNING_HELP = (
    "A finding of the trustworthiness checks, listed with its reference in results/integrity.csv and in the report. It "
    "stops nothing: look at the source, and mend the cell or leave it."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code. Errors of ours are shown without a traceback."""
    _write_utf8()
    given = list(sys.argv[1:] if arguments is None else arguments)
    more: list[str] = []
    if given[:1] == ["run"]:
        given, more = split_run(given)
    options = _parser().parse_args(given)
    options.more = more
    try:
        return int(options.run(options))
    except MetareproError as error:
        _show(error, options.format)
        return error.exit_code
    except BrokenPipeError:
        # Who reads the output, such as `head`, has had enough; what Python would write at its end has no reader.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE if hasattr(signal, "SIGPIPE") else 1
    except Exception:  # whatever it is, a user gets a sentence, not a traceback
        if options.debug:
            traceback.print_exc()
        else:
            kind, what, _ = sys.exc_info()
            print(f"metarepro: internal error, {getattr(kind, '__name__', '')}: {what}", file=sys.stderr)
            print("Run it again with --debug for the traceback, and please report it.", file=sys.stderr)
        return 1


def _write_utf8() -> None:
    """Write UTF-8 where the locale (C, POSIX) knows ASCII only: names have accents."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and codecs.lookup(stream.encoding).name == "ascii":
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints have the exit code of a wrong command, not that of wrong data."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(3, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="metarepro", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"metarepro {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = commands.add_parser(
        "init",
        help="write a project to start from",
        description="Write a project with three invented trials into a new folder: configuration with comments, "
        "tables, and what every column holds. It works at once.",
    )
    init.add_argument("directory", type=Path, metavar="DIR", help="a folder that does not exist yet, or is empty")
    init.add_argument("--workbook", action="store_true", help="the tables as sheets of one workbook, for Excel")
    for service, words in SERVICES.items():
        init.add_argument(
            f"--{service}", action="store_true", help=f"with a file that makes {words} run it on every push"
        )
    init.set_defaults(run=_init)
    check = commands.add_parser(
        "check",
        help="read configuration, tables and results and name everything that is wrong; writes nothing",
        description="Read the configuration and the tables of a project and name everything that is wrong, with file, "
        "line, column and a way to mend it; and say whether the results there are still those of the project. "
        "Nothing is written.",
    )
    check.add_argument("directory", type=Path, nargs="?", metavar="DIR", help="the project (default: here)")
    check.add_argument("--directory", "-d", type=Path, dest="named", metavar="DIR", help="the same as an option")
    check.add_argument("--findings", action="store_true", help="list what does not fit in the tables, too")
    check.set_defaults(run=_check)
    run = add_run(commands)
    imported = add_import(commands)
    diff = commands.add_parser(
        "diff",
        help="what differs between two results folders",
        description="What differs between two results folders, by analysis: changed data and settings first, then the "
        "main numbers, then the figure. Exit code 4 if anything does.",
    )
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    diff.set_defaults(run=_diff)
    bundle, verify = add_bundle(commands)
    explain = commands.add_parser(
        "explain", help="what a code such as E021 means", description="What a code means and how to mend it."
    )
    explain.add_argument("code", help="a code, or 'all'")
    explain.set_defaults(run=_explain)
    completion = commands.add_parser(
        "completion",
        help="print what makes a shell complete this command",
        description="Print a script that makes a shell complete this command. bash: add the line "
        'eval "$(metarepro completion bash)" to ~/.bashrc; zsh: metarepro completion zsh > ~/.zfunc/_metarepro',
    )
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    completion.set_defaults(run=lambda options: _completion(parser, options.shell), format="text", debug=False)
    for command in (init, check, run, imported, diff, bundle, verify, explain):
        command.add_argument("--format", choices=("text", "json"), default="text", help="how to answer")
        command.add_argument("--debug", action="store_true", help="show the traceback of an internal error")
    return parser


def _completion(parser: argparse.ArgumentParser, shell: str) -> int:
    import shtab

    print(shtab.complete(parser, shell))
    return 0


def _init(options: argparse.Namespace) -> int:
    from metarepro.template import write_project

    services = [s for s in SERVICES if getattr(options, s)]
    files = write_project(options.directory, options.workbook, services)
    written = [str(p.relative_to(options.directory)) for p in files]
    if options.format == "json":
        print(json.dumps({"ok": True, "directory": str(options.directory), "files": written}, indent=1))
    else:
        print(f"Written to {options.directory}: {', '.join(written)}.")
        print(f"Next: {COMMAND} check{directory_option(options.directory)}; README.md there says how to go on.")
    return 0


def _check(options: argparse.Namespace) -> int:
    from metarepro.project.reading import read_project

    directory = options.named or options.directory or Path()
    project = read_project(directory)
    faults, old = _result_faults(directory, project)
    findings, unused = _findings(project)
    if options.format == "json":
        found = {
            "ok": True,
            "analyses": [a.id for a in project.config.analyses],
            "problems": [],
            "findings": [asdict(f) for f in findings],
            "unused": [a.model_dump() for a in unused],
            "results": [*faults, *old],
        }
        print(json.dumps(found, indent=1, ensure_ascii=False))
        return 0
    count = len(project.config.analyses)
    left_out = directory / LEFT_OUT
    head = "Nothing wrong" if not left_out.is_file() else "Nothing wrong in what was taken"
    print(f"{head}: {count} {'analysis' if count == 1 else 'analyses'}, tables in {project.config.data}.")
    if left_out.is_file():
        print(f"Parts of the imported file were not taken: {left_out} lists them with the reasons.")
    open_ones = [f for f in findings if not f.accepted]
    for f in open_ones if options.findings else ():
        print(f"\n{place(f.file, f.line)}: {f.code} {f.column} {f.value!r} of {f.study_id}\n    {f.message}")
        print(f"    Fix: look at the source; mend the cell, or accept it in config.yaml. ({f.severity})")
    if open_ones:
        sure = sum(f.severity == "warning" for f in open_ones)
        where = directory_option(directory) if directory != Path() else ""
        listed = "" if options.findings else f" List: {COMMAND} check{where} --findings"
        counts = f"{_count(sure, 'warning')} and {_count(len(open_ones) - sure, 'note')}"
        print(f"To look at: {counts} on what does not fit.{listed}")
    if len(open_ones) < len(findings):
        print(f"Accepted by the configuration: {_count(len(findings) - len(open_ones), 'finding')}.")
    for a in unused:
        print(f"Accepted, but no longer found; delete it in config.yaml: {a.code} of {a.study}.")
    if faults:
        print(f"results/ is not what this project gives now; run it again. First: {faults[0]}.")
        for fault in faults[1:] if options.findings else ():
            print(f"    {fault}")
    for line in old:
        print(line)
    return 0


def _result_faults(directory: Path, project: Project) -> tuple[list[str], list[str]]:
    """What is wrong with the results in a project, and which of them a run removes; empty if it has none."""
    from metarepro.project.check import find_old_results, find_result_faults

    config = project.config
    old = find_old_results(directory, [a.id for a in config.analyses], [p.id for p in config.panels])
    return find_result_faults(directory), old


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"


def _findings(project: Project) -> tuple[list[Finding], tuple[Accepted, ...]]:
    from metarepro.analysis.accepted import accept_findings
    from metarepro.evidence.integrity import check_integrity

    return accept_findings(check_integrity(project.data), project.config.accept)


def _diff(options: argparse.Namespace) -> int:
    from metarepro.difference import compare_folders

    found = compare_folders(options.old, options.new)
    if options.format == "json":
        print(json.dumps({"same": not found, "differences": [asdict(d) for d in found]}, indent=1, ensure_ascii=False))
    elif not found:
        print("No number and no figure differs.")
    for d in found if options.format == "text" else ():
        print(d.analysis)
        for line in d.causes:
            print(f"  data or settings: {line}")
        for line in d.numbers:
            print(f"  {line}")
        if d.others:
            print(f"  and {d.others} other numbers or texts (all: --format json, or compare results.json)")
        for line in d.figure:
            print(f"  figure: {line}")
    return 4 if found else 0


def _show(error: MetareproError, form: str) -> None:
    if form == "json":
        problems = [asdict(p) for p in error.problems] or [{"code": "", "message": str(error)}]
        print(json.dumps({"ok": False, "problems": problems}, indent=1, ensure_ascii=False))
        return
    print(error, file=sys.stderr)
    codes = list(dict.fromkeys(p.code for p in error.problems))
    if codes:
        print(f"\nHelp: {COMMAND} explain {codes[0]}", file=sys.stderr)


def _explain(options: argparse.Namespace) -> int:
    from metarepro.evidence.integrity import WARNINGS

    meanings = {**CODES, **WARNINGS}
    code = options.code.upper()
    if code == "ALL":
        chosen = list(meanings)
    elif code in meanings:
        chosen = [code]
    else:
        near = get_close_matches(code, meanings, n=1, cutoff=0.5)
        print(f"metarepro: there is no code {options.code!r}.", file=sys.stderr)
        print(f"Did you mean {near[0]}?" if near else f"See: {COMMAND} explain all", file=sys.stderr)
        return 3
    if options.format == "json":
        print(
            json.dumps(
                [{"code": c, "meaning": meanings[c], "help": HELP.get(c, WARNING_HELP)} for c in chosen], indent=1
            )
        )
    else:
        print("\n\n".join(f"{c}: {meanings[c]}\n{HELP.get(c, WARNING_HELP)}" for c in chosen))
    return 0


if __name__ == "__main__":
    sys.exit(main())
