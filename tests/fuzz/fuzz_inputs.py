"""Feeds mutated bytes to everything that reads a file of the user, guided by coverage.

python tests/fuzz/fuzz_inputs.py SECONDS [TARGET ...]     (needs atheris: pip install atheris)

Whatever the bytes, a reader gives a result or a MetareproError that says what is wrong and where, within five seconds
and two gigabytes. Each target runs in a process of its own for its share of the seconds; what broke it is kept in
FOLDER/TARGET (printed), and `python tests/fuzz/fuzz_inputs.py --again TARGET FILE` runs one input again.
"""

from __future__ import annotations

import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "src"))
SECONDS_AT_MOST = 5
BYTES_AT_MOST = 2 * 1024**3
LONGEST = 20_000  # bytes of an input; larger ones are slow and find little
PROJECT = ROOT / "src/metarepro/templates/project"
TABLES = ("studies", "arms", "sources", "dichotomous", "continuous", "contrasts", "risk_of_bias")
TARGETS = (*(f"table_{t}" for t in TABLES), "config", "yaml", "metapsy", "revman", "workbook")

# A table of the Metapsy format, small enough to mutate.
METAPSY = """\
study,year,condition_arm1,condition_arm2,multi_arm1,multi_arm2,outcome_type,instrument,rating,time,time_weeks,\
mean_arm1,sd_arm1,n_arm1,mean_arm2,sd_arm2,n_arm2,event_arm1,event_arm2,totaln_arm1,totaln_arm2,primary_calc
Alder 2020,2020,cbt,wl,,,msd,bdi-2,self-report,post,8,10.5,4.2,40,15.1,5.0,38,,,,,1
Birch 2021,2021,cbt,cau,,,response,hdrs,clinician,fu,26,,,,,,,12,7,30,31,1
"""


class PromiseError(Exception):
    """A reader broke its promise."""


def check_error(error: BaseException, path_needed: bool, printed: bool = True) -> None:
    """An error of ours: every problem with a known code, and with a path where there is a file."""
    from metarepro.codes import CODES
    from metarepro.errors import MetareproError

    if not isinstance(error, MetareproError):
        raise error
    if not error.problems:
        raise PromiseError(f"an error without problems: {error}")
    for problem in error.problems:
        if problem.code not in CODES:
            raise PromiseError(f"unknown code {problem.code!r}: {problem}")
        if path_needed and not problem.path:
            raise PromiseError(f"no path: {problem}")
        if not problem.message or problem.line < 0 or problem.column < 0:
            raise PromiseError(f"no message, or no such place: {problem}")
    if printed:
        str(error).encode("utf-8")  # a terminal must be able to show it


def table_target(name: str, folder: Path) -> Callable[[bytes], None]:
    """One table of the template project is the bytes, the others are as they are."""
    from metarepro.evidence import read_dataset

    for file in (PROJECT / "data/raw").glob("*.csv"):
        (folder / file.name).write_bytes(file.read_bytes())

    def read(data: bytes) -> None:
        (folder / f"{name}.csv").write_bytes(data)
        try:
            read_dataset(folder)
        except Exception as error:
            check_error(error, path_needed=True)

    return read


def file_target(reader: Callable[[Path], object], file: Path, path_needed: bool = True) -> Callable[[bytes], None]:
    """The bytes are the file."""

    def read(data: bytes) -> None:
        file.write_bytes(data)
        try:
            reader(file)
        except Exception as error:
            check_error(error, path_needed)

    return read


def yaml_target(data: bytes) -> None:
    """The bytes are the text; what is not UTF-8 has been refused before."""
    from metarepro.analysis.yaml_reader import read_yaml

    try:
        read_yaml(data.decode("utf-8", "replace"), "config.yaml")
    except Exception as error:
        check_error(error, path_needed=True)


def unpacked_twice(reader: Callable[[Path], object], file: Path) -> Callable[[bytes], None]:
    """The first byte chooses a part of a good workbook, which the rest replaces; random zip files are all damaged."""
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(workbook())) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    names = sorted(parts)
    plain = file_target(reader, file)

    def read(data: bytes) -> None:
        if not data or data[0] >= len(names):
            plain(data[1:])
            return
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as changed:
            for at, name in enumerate(names):
                changed.writestr(name, data[1:] if at == data[0] else parts[name])
        plain(packed.getvalue())

    return read


def workbook() -> bytes:
    """Studies of the template as a workbook."""
    import csv
    import io

    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "studies"
    with (PROJECT / "data/raw/studies.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            sheet.append([float(x) if re.fullmatch(r"\d+", x) else x for x in row])
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def target(name: str, folder: Path) -> Callable[[bytes], None]:
    """What is done with an input of a target."""
    if name.startswith("table_"):
        return table_target(name.removeprefix("table_"), folder)
    if name == "config":
        from metarepro.analysis.config_file import read_config

        return file_target(read_config, folder / "config.yaml")
    if name == "metapsy":
        from metarepro.importing.metapsy import read_metapsy

        return file_target(made_whole(read_metapsy), folder / "metapsy.csv")
    if name == "revman":
        from metarepro.importing.revman import read_revman

        return file_target(made_whole(read_revman), folder / "review.rm5")
    if name == "workbook":
        from metarepro.evidence.spreadsheet import read_sheet

        return unpacked_twice(lambda file: read_sheet(file, file.name, "studies"), folder / "studies.xlsx")
    assert name == "yaml", name
    return yaml_target


def made_whole(reader: Callable[[Path], object]) -> Callable[[Path], object]:
    """Reads what an importer made of a file, too: it must be a project that can be written and checked."""
    import shutil

    from metarepro.analysis.config_file import read_config
    from metarepro.errors import MetareproError
    from metarepro.evidence import read_dataset
    from metarepro.importing.project import ImportedProject, write_imported

    def read(file: Path) -> None:
        project = reader(file)
        assert isinstance(project, ImportedProject)
        folder = file.parent / "imported"
        shutil.rmtree(folder, ignore_errors=True)
        write_imported(project, folder)
        try:
            read_config(folder / "config.yaml")
        except MetareproError as error:
            raise PromiseError(f"the configuration that was written is refused: {error}") from error
        try:
            read_dataset(folder / "data/raw")
        except MetareproError as error:  # trial data may be wrong, what the importer itself makes may not
            check_error(error, path_needed=True)

    return read


def seeds(name: str) -> Iterator[bytes]:
    """Inputs to start from: the template's files and the shipped ones, the latter in part."""
    if name.startswith("table_"):
        for folder in (PROJECT / "data/raw", ROOT / "data/raw", ROOT / "examples/psilocybin/data/raw"):
            file = folder / f"{name.removeprefix('table_')}.csv"
            if file.exists():
                lines = file.read_bytes().splitlines(keepends=True)
                yield b"".join(lines[:8])
                yield b"".join([lines[0], *lines[-3:]]).replace(b"\n", b"\r\n")
                yield b"".join(lines[:4]).replace(b",", b";")
    elif name in ("config", "yaml"):
        for file in (PROJECT / "config.yaml", ROOT / "examples/psilocybin/config.yaml"):
            yield file.read_bytes()
        yield b"title: x\noutcomes: {a: {label: A, better: high}}\nanalyses: []\n"
    elif name == "metapsy":
        yield METAPSY.encode()
        yield METAPSY.replace(",", ";").encode()
        source = ROOT / "examples/psilocybin/source/data.csv"
        yield b"".join(source.read_bytes().splitlines(keepends=True)[:4])
    elif name == "revman":
        sys.path.insert(0, str(ROOT))
        from tests.importing import revman_files

        for seed in (revman_files.SMALL, revman_files.ROWS, revman_files.published()):
            yield seed if isinstance(seed, bytes) else seed.encode()
    elif name == "workbook":
        import io
        import zipfile

        whole = workbook()
        yield b"\xff" + whole
        with zipfile.ZipFile(io.BytesIO(whole)) as packed:
            for at, part in enumerate(sorted(packed.namelist())):
                yield bytes([at]) + packed.read(part)


def words(name: str) -> Iterator[str]:
    """What a mutation should know: column names, keys, words and odd numbers."""
    yield from (
        "",
        "1e309",
        "-1",
        "0",
        "nan",
        "inf",
        "1_000",
        "0x10",
        "١٢",
        "1,5",
        '"',
        '""',
        "\r\n",
        "\ufeff",
        "\0",
        "\u202e",
    )
    for seed in seeds(name):
        yield from set(re.findall(r"[A-Za-z_][\w>=%-]{2,30}", seed.decode("utf-8", "ignore")))


def within_limits(read: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Raise PromiseError, with a traceback, when an input takes too long; for one that is run again."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise PromiseError(f"not done after {SECONDS_AT_MOST} seconds")

    signal.signal(signal.SIGALRM, stop)

    def limited(data: bytes) -> None:
        signal.alarm(SECONDS_AT_MOST)
        try:
            read(data)
        finally:
            signal.alarm(0)

    return limited


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Fuzz one target in this process."""
    import atheris

    with atheris.instrument_imports(include=["metarepro"]):
        read = target(name, folder / "work")
    resource.setrlimit(resource.RLIMIT_AS, (BYTES_AT_MOST, BYTES_AT_MOST))
    warnings.simplefilter("ignore")
    options = [
        f"-max_total_time={seconds}", f"-max_len={LONGEST}", f"-dict={folder / 'words'}", "-rss_limit_mb=2048",
        f"-timeout={SECONDS_AT_MOST}", f"-artifact_prefix={folder}/broken-", "-print_final_stats=1", "-seed=1",
        "-verbosity=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(folder / "corpus")], read)
    atheris.Fuzz()  # which has an alarm of its own


def prepare(name: str, folder: Path) -> None:
    """Corpus and dictionary of a target."""
    for part in ("corpus", "work"):
        (folder / part).mkdir(parents=True)
    for number, seed in enumerate(seeds(name)):
        (folder / "corpus" / f"seed{number}").write_bytes(seed[:LONGEST])
    lines = {"".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words(name) if word}
    (folder / "words").write_text("".join(f'"{line}"\n' for line in sorted(lines)), encoding="ascii")


def main(arguments: list[str]) -> int:
    """Each target in turn; 1 if one was broken."""
    if arguments[:1] == ["--one"]:
        fuzz(arguments[1], int(arguments[2]), Path(arguments[3]))
        return 0
    if arguments[:1] == ["--again"]:
        with tempfile.TemporaryDirectory() as work:
            within_limits(target(arguments[1], Path(work)))(Path(arguments[2]).read_bytes())
        print("nothing wrong")
        return 0
    if not arguments or not arguments[0].isdigit() or not set(arguments[1:]) <= set(TARGETS):
        print(f"usage: fuzz_inputs.py SECONDS [TARGET ...]\ntargets: {' '.join(TARGETS)}", file=sys.stderr)
        return 2
    try:
        import atheris  # noqa: F401
    except ImportError:
        print("atheris is missing; it is no dependency of the project: pip install atheris", file=sys.stderr)
        return 2
    names = arguments[1:] or list(TARGETS)
    share = max(1, int(arguments[0]) // len(names))
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    failed = 0
    for name in names:
        prepare(name, folder / name)
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, "--one", name, str(share), str(folder / name)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT,
        )  # fmt: skip
        said = done.stdout.decode("utf-8", "replace")
        (folder / name / "log").write_text(said, encoding="utf-8")
        runs = re.search(r"number_of_executed_units:\s*(\d+)", said)
        broken = sorted(folder.glob(f"{name}/broken-*"))
        # A target that did not begin is no success.
        good = done.returncode == 0 and not broken and runs is not None and int(runs.group(1)) > 1
        failed += not good
        count = runs.group(1) if runs else "no"
        print(f"{name}: {count} inputs, {time.monotonic() - begun:.0f} s, {'clean' if good else 'BROKEN'}", flush=True)
        if not good:
            print(
                *[f"    {line}" for line in said.splitlines()[-25:]], *(f"  {b}" for b in broken), sep="\n", flush=True
            )
    print(f"{failed} of {len(names)} targets broken; logs and corpora: {folder}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
