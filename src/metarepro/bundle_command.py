"""The commands `bundle` and `verify`."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from metarepro.shell import COMMAND


def add_bundle(commands: argparse._SubParsersAction[Any]) -> tuple[argparse.ArgumentParser, argparse.ArgumentParser]:
    """Add both commands to the parser."""
    bundle = commands.add_parser(
        "bundle",
        help="a project with its results as one archive, for a journal",
        description="Write settings, tables and results into one zip archive, with checksums, the versions that made "
        "them, a description (RO-Crate 1.2) and a script that recomputes the main results in R.",
    )
    bundle.add_argument("directory", type=Path, nargs="?", metavar="DIR", help="the project (default: here)")
    bundle.add_argument("--to", type=Path, metavar="FILE", required=True, help="the archive, such as review.zip")
    bundle.set_defaults(run=_bundle)
    verify = commands.add_parser(
        "verify",
        help="whether a bundle computes what it says",
        description="Check the checksums of a bundle, compute everything in it anew in a temporary folder, and say how "
        "many numbers of its results are equal. Exit code 4 if a checksum, a number or a word of the results (JSON, "
        "CSV) is not as it says.",
    )
    verify.add_argument("bundle", type=Path, metavar="FILE")
    verify.set_defaults(run=_verify)
    return bundle, verify


def _bundle(options: argparse.Namespace) -> int:
    from metarepro.bundle.make import write_bundle

    files = write_bundle(options.directory or Path(), options.to)
    if options.format == "json":
        print(json.dumps({"ok": True, "file": str(options.to), "files": files}, indent=1))
    else:
        print(f"Written: {options.to}, {len(files)} files. Check it anywhere: {COMMAND} verify {options.to}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    from metarepro.bundle.verify import verify_bundle

    found = verify_bundle(options.bundle)
    if options.format == "json":
        print(json.dumps({"holds": found.holds, **asdict(found)}, indent=1, ensure_ascii=False))
        return 0 if found.holds else 4
    good = found.files - len(found.changed)
    print(f"{max(good, 0):,} of {found.files:,} files are as their checksums say.")
    for name in found.changed[:20]:
        print(f"  changed: {name}")
    print(f"{found.equal:,} of {found.numbers:,} numbers equal, in {found.compared:,} files of results (JSON, CSV).")
    for line in found.differ:
        print(f"  {line}")
    print(f"{found.same:,} of {found.figures:,} figures (SVG) the same to the byte.")
    print("The page, PDF and PNG are made of these and not compared.")
    return 0 if found.holds else 4
