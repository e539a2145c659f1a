"""Commands of a document and what they print: run them, compare, or write the output into the document.

python -m tests.transcript docs/your-data.md    writes the outputs anew

In a document, a block of ```console holds commands after "$ " and their output. A comment `<!-- edit: SHEET!CELL = VALUE -->`
changes the workbook of the project `../my-review`; `<!-- append: FILE ... -->` adds lines to one of its files.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from openpyxl import load_workbook

ROOT = Path(__file__).parents[1]
_STEP = re.compile(
    r"^```console\n(?P<block>.*?)^```$|^<!-- edit: (?P<sheet>\w+)!(?P<cell>\w+) = (?P<value>\S+) -->$"
    r"|^<!-- append: (?P<file>\S+)\n(?P<lines>.*?)^-->$",
    re.M | re.S,
)


def play(text: str, folder: Path) -> str:
    """The document with the outputs that its commands give now; projects are made in `folder`."""

    def step(found: re.Match[str]) -> str:
        project = folder / "my-review"
        if found["sheet"]:
            path = project / "data" / "raw" / "tables.xlsx"
            book = load_workbook(path)
            book[found["sheet"]][found["cell"]].value = float(found["value"])
            book.save(path)
        elif found["file"]:
            with (project / found["file"]).open("a", encoding="utf-8") as file:
                file.write("\n" + found["lines"])
        else:
            commands = [line for line in found["block"].splitlines() if line.startswith("$ ")]
            shown = "".join(f"{line}\n{output(line[2:], folder)}" for line in commands)
            return f"```console\n{shown}```"
        return found[0]

    return _STEP.sub(step, text)


def output(command: str, folder: Path) -> str:
    """What a command prints, with the folder written as the document has it."""
    here = command.replace("../", f"{folder}/")
    done = subprocess.run(["bash", "-c", here], cwd=ROOT, capture_output=True, text=True, timeout=300)
    told = done.stdout if "| tail" in command else done.stdout + done.stderr
    return told.replace(f"{folder.resolve()}/", "/home/you/").replace(f"{folder}/", "../")


if __name__ == "__main__":
    import tempfile

    for name in sys.argv[1:]:
        document = Path(name)
        with tempfile.TemporaryDirectory() as temporary:
            document.write_text(play(document.read_text(encoding="utf-8"), Path(temporary)), encoding="utf-8")
