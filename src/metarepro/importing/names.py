"""Names of other programs -> ids and cells that the tables take."""

from __future__ import annotations

import json
import re
import unicodedata

from metarepro.evidence.texts import TOTALS

# Letters that do not come apart into a Latin letter and an accent.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "Oe", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D",
     "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th", "ı": "i"}
)  # fmt: skip
# What YAML, or some program that reads it, takes for something else than a word.
_NO_WORDS = ("yes", "no", "on", "off", "y", "n", "true", "false", "null", "nan", "inf", "infinity")
# Categories of characters that cannot be seen: controls, formats (zero-width, bidirectional), surrogates, unassigned.
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")


def clean_text(text: str, longest: int = 500) -> str:
    """One line of visible characters with single blanks, cut at `longest` characters.

    Parameters
    ----------
    text : str
    longest : int
        At least 4.
    """
    spaced = "".join(" " if c.isspace() else c for c in text)
    seen = "".join(c for c in spaced if unicodedata.category(c) not in _UNSEEN)
    line = " ".join(seen.split())
    return line if len(line) <= longest else line[: longest - 3].rstrip() + "..."


def slug(text: str, otherwise: str, longest: int = 40) -> str:
    """An id made of a name: lower case letters and digits, joined by underscores; `otherwise` if none is left.

    Parameters
    ----------
    text : str
        The name.
    otherwise : str
        The id of a name without a Latin letter or digit.
    longest : int
        Characters at most.
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    words = re.findall(r"[a-z0-9]+", "".join(c for c in plain.lower() if not unicodedata.combining(c)))
    return "_".join(words)[:longest].strip("_") or otherwise


def yaml_word(identifier: str) -> str:
    """An id as YAML takes it for a text: in quotes if it could be something else.

    Parameters
    ----------
    identifier : str
    """
    plain = re.fullmatch(r"[a-z][a-z0-9_]*", identifier) and identifier not in _NO_WORDS
    return identifier if plain else json.dumps(identifier, ensure_ascii=False)


class UniqueIds:
    """Ids of one table: each key gets an id of its own, the same one whenever it is asked for."""

    def __init__(self) -> None:
        self._of: dict[object, str] = {}
        # A study of that name would be taken for a row of totals.
        self._taken: set[str] = set(TOTALS)

    def get(self, key: object, name: str, otherwise: str, longest: int = 40) -> str:
        """The id of `key`, made of `name`; a name that is taken gets a number.

        Parameters
        ----------
        key : hashable
        name, otherwise, longest
            As for `slug`.
        """
        if key not in self._of:
            base = slug(name, otherwise, longest)
            found, number = base, 2
            while found in self._taken:
                found, number = f"{base}_{number}", number + 1
            self._taken.add(found)
            self._of[key] = found
        return self._of[key]
