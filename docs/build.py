"""The documentation site: pages are put together, their code is run and its output compared, Sphinx makes HTML of them.

python docs/build.py [FOLDER]     writes the site to FOLDER, build/site if left out; a warning is an error
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from docs.api_pages import write_api  # noqa: E402 - the paths must be set first
from docs.glossary_pictures import draw_all  # noqa: E402
from docs.run_code import run_page  # noqa: E402

DOCS = ROOT / "docs"
# Pages of the repository that the site has, too: file, name in the site.
OTHERS = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "data/README.md": "data-columns.md",
}
COMMANDS = (
    "",
    "init",
    "check",
    "run",
    "import table",
    "import metapsy",
    "import revman",
    "diff",
    "bundle",
    "verify",
    "explain",
    "completion",
)
# Code that docs/gallery.py runs; commands in pages are played by tests/test_your_data.py.
RUN_ELSEWHERE = ("gallery.md",)
# What the examples read, to be downloaded.
ARCHIVE, ARCHIVED = "examples.zip", ("config.yaml", "data/raw", "examples")
# Examples that are on the pages of the functions.
EXAMPLES = "api_examples.md"
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")


def main(target: Path) -> int:
    """Build the site; returns an exit code."""
    with tempfile.TemporaryDirectory() as temporary:
        stage = Path(temporary)
        write_pages(stage)
        write_commands(stage)
        write_api(stage)
        draw_all(stage / "glossary")
        write_archive(stage / ARCHIVE)
        failures = run_all(stage)
        if failures:
            print(*failures, sep="\n", file=sys.stderr)
            return 1
        shutil.rmtree(target, ignore_errors=True)
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", str(DOCS), "-b", "html"]
        return subprocess.run([*command, str(stage), str(target)], check=False).returncode


def write_pages(stage: Path) -> None:
    """Copy the pages and pictures of docs/, and pages from elsewhere, with links that hold in the site."""
    for path in sorted(DOCS.rglob("*")):
        name = path.relative_to(DOCS)
        if path.suffix in (".svg", ".png"):
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, stage / name)
        elif path.suffix == ".md" and path.name != EXAMPLES:
            _write(stage / name, path, name)
    for source, name in OTHERS.items():
        _write(stage / name, ROOT / source, Path(name))


def _write(to: Path, source: Path, name: Path) -> None:
    def link(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if "://" in target or target.startswith(("#", "mailto:")):
            return found[0]
        file, _, anchor = target.partition("#")
        place = (source.parent / file).resolve()
        inside = place.relative_to(ROOT).as_posix() if place.is_relative_to(ROOT) else ""
        known = OTHERS.get(inside) or (place.relative_to(DOCS).as_posix() if place.is_relative_to(DOCS) else "")
        if not place.exists() and not picture and not _made(name.parent / file):
            raise SystemExit(f"{source.relative_to(ROOT)}: the link to {target} leads nowhere.")
        if place.name == ARCHIVE:
            return found[0]
        if known and (picture or place.suffix in (".md", ".svg", ".png")):
            up = "../" * (len(name.parts) - 1)
            return f"{picture}[{words}]({up}{known}{'#' + anchor if anchor else ''})"
        return found[0] if picture else words  # a file of the repository, which the site does not have

    to.parent.mkdir(parents=True, exist_ok=True)
    blocks = re.split(r"(^```.*?^```$)", source.read_text(encoding="utf-8"), flags=re.M | re.S)
    to.write_text("".join(b if i % 2 else _LINK.sub(link, b) for i, b in enumerate(blocks)), encoding="utf-8")


def _made(page: Path) -> bool:
    """Whether a page is one that the build makes."""
    return page.parts[0] == "api" or page.name in ("command-line.md", "messages.md", ARCHIVE, *OTHERS.values())


def write_archive(to: Path) -> None:
    """The files that the examples read, as one archive."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ARCHIVED:
            place = ROOT / name
            for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                if file.is_file() and "results" not in file.parts:
                    archive.write(file, file.relative_to(ROOT))


def write_commands(stage: Path) -> None:
    """The page of the command line: what each command says of itself, and every code it may answer with."""
    lines = ["# Command line", "", "What `metarepro --help` and `metarepro COMMAND --help` print.", ""]
    for command in COMMANDS:
        lines += [f"## metarepro {command}".rstrip(), "", "```text", _said([*command.split(), "--help"]), "```", ""]
    (stage / "command-line.md").write_text("\n".join(lines), encoding="utf-8")
    codes = _said(["explain", "all"])
    text = ["# Messages by their codes", "", "What `metarepro explain CODE` says.", "", "```text", codes, "```", ""]
    (stage / "messages.md").write_text("\n".join(text), encoding="utf-8")


def _said(arguments: list[str]) -> str:
    environment = {"COLUMNS": "100", "PYTHONPATH": str(ROOT / "src"), "PATH": "", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    command = [sys.executable, "-m", "metarepro", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.rstrip()


def run_all(stage: Path) -> list[str]:
    """Run the code of every page; files that it writes lie beside the page. Returns what differs."""
    failures = run_page(DOCS / EXAMPLES)
    for page in sorted(stage.rglob("*.md")):
        if page.name not in RUN_ELSEWHERE and "api" not in page.relative_to(stage).parts:
            failures += run_page(page, page.parent)
    return failures


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "build/site").resolve()))
