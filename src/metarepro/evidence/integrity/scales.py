"""Rating scales: their range, which way they point, and whether a total is a whole number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal


@dataclass(frozen=True)
class Scale:
    """A rating scale.

    Attributes
    ----------
    name : str
        Its usual short name.
    low, high : int
        Smallest and largest possible score.
    worse : str
        Which end is bad for the patient.
    integer : bool
        Whether a patient's score is a whole number.
    reference : str
        Paper that describes it.
    """

    name: str
    low: int
    high: int
    worse: Literal["high", "low"]
    integer: bool
    reference: str


_MADRS = "Montgomery & Asberg 1979, doi:10.1192/bjp.134.4.382"
_HAMD = "Hamilton 1960, doi:10.1136/jnnp.23.1.56"
_RUSH = "Rush et al. 2003, doi:10.1016/S0006-3223(02)01866-8"
_CSSRS = "Posner et al. 2011, doi:10.1176/appi.ajp.2011.10111704"
_BSS = "Beck et al. 1979, doi:10.1037/0022-006X.47.2.343"

_RATED_BAD: tuple[Scale, ...] = tuple(
    Scale(name, 0, high, "high", True, reference)
    for name, high, reference in (
        ("MADRS", 60, _MADRS),
        ("MADRS item 10", 6, _MADRS),
        ("HAM-D6", 22, "Licht et al. 2005, doi:10.1111/j.1600-0447.2004.00440.x"),
        ("HAM-D17", 52, _HAMD),
        ("HAM-D21", 64, _RUSH),
        ("HAM-D24", 75, _RUSH),
        # Any version: no item has more than 4 points, no version more than 29 items.
        ("HAM-D", 116, _HAMD),
        ("QIDS-SR", 27, _RUSH),
        ("QIDS-C", 27, _RUSH),
        ("IDS", 84, _RUSH),
        ("BDI", 63, "Beck et al. 1961, doi:10.1001/archpsyc.1961.01710120031004"),
        ("BDI-II", 63, "Beck, Steer & Brown 1996, Manual for the BDI-II, doi:10.1037/t00742-000"),
        ("SSI", 38, _BSS),
        ("BHS", 20, "Beck et al. 1974, doi:10.1037/h0037562"),
        ("PCL-5", 80, "Blevins et al. 2015, doi:10.1002/jts.22059"),
        ("CAPS-5", 80, "Weathers et al. 2018, doi:10.1037/pas0000486"),
        ("IES-R", 88, "Creamer et al. 2003, doi:10.1016/j.brat.2003.07.010"),
        ("C-SSRS ideation", 5, _CSSRS),
        ("C-SSRS intensity", 25, _CSSRS),
        ("PHQ-9", 27, "Kroenke et al. 2001, doi:10.1046/j.1525-1497.2001.016009606.x"),
        ("GAD-7", 21, "Spitzer et al. 2006, doi:10.1001/archinte.166.10.1092"),
    )
)
# Name, lowest and highest score, which end is bad, paper.
_OTHERS: tuple[tuple[str, int, int, Literal["high", "low"], str], ...] = (
    ("WHO-5", 0, 100, "low", "Topp et al. 2015, doi:10.1159/000376585"),
    ("MADRS-S", 0, 54, "high", "Svanborg & Asberg 2001, doi:10.1016/S0165-0327(00)00242-1"),
    ("GAF", 0, 100, "low", "Endicott et al. 1976, doi:10.1001/archpsyc.1976.01770060086012"),
    ("MMSE", 0, 30, "low", "Folstein et al. 1975, doi:10.1016/0022-3956(75)90026-6"),
    ("MoCA", 0, 30, "low", "Nasreddine et al. 2005, doi:10.1111/j.1532-5415.2005.53221.x"),
    ("PANSS", 30, 210, "high", "Kay et al. 1987, doi:10.1093/schbul/13.2.261"),
    ("HAM-A", 0, 56, "high", "Hamilton 1959, doi:10.1111/j.2044-8341.1959.tb00467.x"),
    ("YMRS", 0, 60, "high", "Young et al. 1978, doi:10.1192/bjp.133.5.429"),
    ("EPDS", 0, 30, "high", "Cox et al. 1987, doi:10.1192/bjp.150.6.782"),
    ("CES-D", 0, 60, "high", "Radloff 1977, doi:10.1177/014662167700100306"),
    ("BAI", 0, 63, "high", "Beck et al. 1988, doi:10.1037/0022-006X.56.6.893"),
    ("ISI", 0, 28, "high", "Bastien et al. 2001, doi:10.1016/S1389-9457(00)00065-4"),
    ("Y-BOCS", 0, 40, "high", "Goodman et al. 1989, doi:10.1001/archpsyc.1989.01810110048007"),
    ("PSQI", 0, 21, "high", "Buysse et al. 1989, doi:10.1016/0165-1781(89)90047-4"),
    ("WSAS", 0, 40, "high", "Mundt et al. 2002, doi:10.1192/bjp.180.5.461"),
)
SCALES = _RATED_BAD + tuple(Scale(name, low, high, worse, True, paper) for name, low, high, worse, paper in _OTHERS)

# The total of the C-SSRS is not defined: only its subscales have a range.
_OTHER_NAMES = {
    "hdrs": "HAM-D",
    "hrsd": "HAM-D",
    "hamd25": "HAM-D",
    "hamd28": "HAM-D",
    "hamd29": "HAM-D",
    "qidssr16": "QIDS-SR",
    "qidsc16": "QIDS-C",
    "qids": "QIDS-SR",
    "qids16": "QIDS-SR",
    "idsc": "IDS",
    "idssr": "IDS",
    "idsc30": "IDS",
    "idssr30": "IDS",
    "bss": "SSI",
    "bssi": "SSI",
    "bdiii": "BDI-II",
    "bdi2": "BDI-II",
    "madrssi": "MADRS item 10",
    "cssrs": "",
}


@lru_cache(maxsize=4096)
def find_scale(name: str) -> Scale | None:
    """The scale of a name as papers write it (`HDRS-17`, `HRSD17` and `HAM-D 17` are one), or None.

    Parameters
    ----------
    name : str
        Name as in the column `scale`.
    """
    key = re.sub(r"[^a-z0-9]", "", name.lower())
    key = re.sub(r"^(hdrs|hrsd|hamd|ham)(?=\d)", "hamd", key)
    wanted = _OTHER_NAMES.get(key, key)
    return next((s for s in SCALES if wanted in (s.name, re.sub(r"[^a-z0-9]", "", s.name.lower()))), None)


def lowest_score(name: str) -> int | None:
    """The lowest possible score of a scale, also of one whose total has no defined upper end; None if not known."""
    scale = find_scale(name)
    return scale.low if scale else 0 if is_known_name(name) else None


def is_known_name(name: str) -> bool:
    """Whether a name is of a scale that papers use, although its total may have no range."""
    return re.sub(r"[^a-z0-9]", "", name.lower()) in _OTHER_NAMES
