"""What every script does: find the library, log, show an error of ours as a message, seal what was written."""

from __future__ import annotations

import contextlib
import errno
import functools
import gc
import importlib.util
import io
import json
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

# The library that this workflow belongs to is the one that runs: beside it in a checkout, around it where it is
# installed. There it is loaded by its place, as the Python of a conda environment does not look there.
_SCRIPTS = Path(__file__).resolve().parent
_HOME = _SCRIPTS.parents[1]
if (_HOME / "src" / "metarepro").is_dir():
    sys.path.insert(0, str(_HOME / "src"))
elif (_HOME / "__init__.py").is_file():
    _found = importlib.util.spec_from_file_location("metarepro", _HOME / "__init__.py")
    sys.modules["metarepro"] = importlib.util.module_from_spec(_found)
    _found.loader.exec_module(sys.modules["metarepro"])

# Jobs make many objects that live to their end, such as the shapes of a page: looking for unused ones more rarely takes
# a tenth of their time away.
gc.set_threshold(50_000, 20, 50)

FAILURE = Path(".snakemake/metarepro/failure.json")


@contextlib.contextmanager
def job(snakemake: Any, inputs: dict[str, str] | None = None) -> Iterator[list[Path]]:
    """Run the body of a script.

    Parameters
    ----------
    snakemake : Snakemake
        What Snakemake gives a script. Its input `order` only says what must be there before.
    inputs : dict, optional
        Hashes of what was read, filled in by a script that reads the files of users.

    Yields
    ------
    list of Path
        To be filled with files that were written beyond those that the rule names.
    """
    log = io.StringIO()
    more: list[Path] = []
    with contextlib.suppress(ValueError):  # told to end, a job clears away the file that it is writing
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.redirect_stdout(log):
            yield more
        _seal(snakemake, inputs, more)
    except KeyboardInterrupt:
        sys.exit("stopped")  # by the user, who knows where
    except Exception as error:  # every failure must reach the log, whatever it is
        traceback.print_exc(file=log)
        _fail(error)
    finally:
        with contextlib.suppress(OSError):  # a log that a full disk does not take must not hide why the job failed
            Path(snakemake.log[0]).parent.mkdir(parents=True, exist_ok=True)
            print(f"CPU seconds: {time.process_time():.2f}", file=log)
            print("Modules:", *sorted(m for m in sys.modules if m.startswith("metarepro")), file=log)
            Path(snakemake.log[0]).write_text(log.getvalue(), encoding="utf-8")


def _seal(snakemake: Any, inputs: dict[str, str] | None, more: list[Path]) -> None:
    from metarepro.project.seals import write_seal
    from metarepro.project.settings import hash_settings

    read: Any = inputs
    if inputs is None:
        order = {str(x) for x in snakemake.input.get("order", ())}
        read = [str(x) for x in snakemake.input if str(x) not in order]
    seal = Path(snakemake.output.seal)
    written = [str(x) for x in snakemake.output if str(x) != str(seal)]
    # Only the job that reads the settings themselves depends on all of them.
    settings = hash_settings(snakemake.config) if inputs is not None else ""
    script = script_of(seal.stem)
    write_seal(seal, script, code_of(script), read, [*written, *(p.as_posix() for p in more)], settings)


def kept_files(snakemake: Any) -> Any:
    """What the run before made in the same job, for a script of several steps."""
    from metarepro.project.kept_files import KeptFiles

    name = Path(snakemake.output.seal).stem
    return KeptFiles(name, code_of(script_of(name)))


def draw_pages(
    snakemake: Any,
    pictures: Iterable[tuple[str, Any, Callable[[], Any]]],
    formats: tuple[str, ...] = ("svg", "pdf"),
) -> list[Path]:
    """Draw the pictures of one folder, or keep those that show the same, and write its list of them.

    Parameters
    ----------
    snakemake : Snakemake
    pictures : iterable
        Name, all that it shows, and what makes its pages; a picture without pages is left out.
    formats : tuple of str
        Of the files.
    """
    from metarepro.figures.page.files import write_figure
    from metarepro.output import write_whole
    from metarepro.records import to_plain

    kept = kept_files(snakemake)
    index = Path(snakemake.output.index)
    index.parent.mkdir(parents=True, exist_ok=True)
    drawn, written = [], []
    for name, shown, make in pictures:
        stem = index.parent / name

        def draw(stem: Path = stem, make: Callable[[], Any] = make) -> tuple[list[Path], None]:
            pages = make()
            return (write_figure(pages, stem, formats) if pages else []), None

        files, _ = kept.take_or_make(json.dumps(to_plain(shown), ensure_ascii=False), stem, draw)
        written += files
        drawn += [name] if files else []
    kept.forget_others()
    remove_undrawn(index.parent.iterdir(), [index, *written])
    write_whole(index, json.dumps({"drawn": drawn}, indent=1) + "\n")
    return written


def say(line: str) -> None:
    """A line for the log, and for whoever watches."""
    print(line)
    print(line, file=sys.stderr)


def remove_undrawn(places: Iterable[Path], drawn: Iterable[Path]) -> None:
    """Remove pictures of earlier runs that this one did not draw, and say so."""
    from metarepro.project import leftovers

    for line in leftovers.remove_undrawn(places, drawn):
        say(line)


def script_of(job_name: str) -> str:
    """The script of a job; one script may serve several jobs, which are numbered."""
    return re.sub(r"_\d+$", "", job_name)


@functools.cache
def code_of(script: str) -> str:
    """Fingerprint of the code that a script of this workflow runs, as it is when it is first asked for."""
    from metarepro.project import code
    from metarepro.project.settings import STATE

    files, package = {script: _SCRIPTS / f"{script}.py"}, Path(code.__file__).parents[1]
    return code.fingerprints_of(files, package, Path(STATE))[script]


def _fail(error: Exception) -> None:
    from metarepro.errors import MetareproError
    from metarepro.output import refused

    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        error = refused(error, error.filename or "a file")
    if not isinstance(error, MetareproError):
        raise error
    print(f"\n{error}\n", file=sys.stderr)
    with contextlib.suppress(OSError):
        FAILURE.parent.mkdir(parents=True, exist_ok=True)
        codes = list(dict.fromkeys(p.code for p in error.problems))
        content = {"exit_code": error.exit_code, "text": str(error), "codes": codes}
        FAILURE.write_text(json.dumps(content), encoding="utf-8")
    sys.exit(error.exit_code)
