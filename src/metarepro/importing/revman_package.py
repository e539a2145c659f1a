"""The data package of RevMan Web (.zip): the tables of the analyses, wherever they are in it."""

from __future__ import annotations

import io
import zipfile

from metarepro.evidence.reader import MAX_BYTES
from metarepro.importing.names import clean_text
from metarepro.importing.revman_review import refuse

_MOST_FILES = 5_000


def files_of(raw: bytes, shown: str, depth: int = 0) -> dict[str, bytes]:
    """CSV files of a package, by their names without folders; a package in it is opened, too.

    Raises
    ------
    DataError
        E040: no such package, or one with too much in it.
    """
    found: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            members = package.infolist()
            if len(members) > _MOST_FILES:
                refuse(
                    "E040", f"the package holds {len(members):,} files; at most {_MOST_FILES:,} are looked at", shown
                )
            for member in members:
                name = member.filename.rpartition("/")[2]
                wanted = name.endswith(".csv") or (name.endswith("data.zip") and depth == 0)
                if not wanted or member.is_dir():
                    continue
                if member.file_size > MAX_BYTES:
                    what = (
                        f"{clean_text(name, 60)} in it has {member.file_size:,} bytes; at most {MAX_BYTES:,} are read"
                    )
                    refuse("E040", what, shown)
                with package.open(member) as file:
                    # The size that the package tells may be false.
                    content = file.read(MAX_BYTES + 1)
                if len(content) > MAX_BYTES:
                    refuse("E040", f"{clean_text(name, 60)} in it is larger than the package says", shown)
                found |= files_of(content, shown, 1) if name.endswith(".zip") else {name: content}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        refuse("E040", f"the package cannot be opened: {clean_text(str(error), 80)}", shown, 0, 0,
               "Fix: download it again.")  # fmt: skip
    return found
