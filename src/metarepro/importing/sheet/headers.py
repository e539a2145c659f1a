"""Headers of sheets that people use, and what stands below them.

Names of the packages metafor, meta, Stata's meta and metan, RevMan, and plain words in English and German. Case, blanks
and marks do not count.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

# Sets of names that belong together: what each number is made of. All of them must be there.
PROFILES: tuple[dict[str, str], ...] = (
    {"e1": "tpos", "n1": "tpos+tneg", "e2": "cpos", "n2": "cpos+cneg"},
    {"e1": "ai", "n1": "ai+bi", "e2": "ci", "n2": "ci+di"},
    {"e1": "ai", "n1": "n1i", "e2": "ci", "n2": "n2i"},
    {"e1": "tdeath", "n1": "tdeath+tnodeath", "e2": "cdeath", "n2": "cdeath+cnodeath"},
    {"e1": "x1i", "t1": "t1i", "e2": "x2i", "t2": "t2i"},
    {"m1": "m1i", "sd1": "sd1i", "n1": "n1i", "m2": "m2i", "sd2": "sd2i", "n2": "n2i"},
    {"m1": "tmean", "sd1": "tsd", "n1": "tsample", "m2": "cmean", "sd2": "csd", "n2": "csample"},
    {"tp": "tp", "fp": "fp", "fn": "fn", "tn": "tn"},
    {"r": "ri", "n": "ni"},
    {"e": "xi", "n": "ni"},
    {"e": "xi", "n": "xi+mi"},
    {"e": "xi", "t": "ti"},
    {"m": "mi", "sd": "sdi", "n": "ni"},
    {"a": "a", "b": "b", "c": "c", "d": "d"},
)  # fmt: skip

_SIDES = {
    "1": "1 e t i exp experimental treatment treated treat trt tx intervention interv active drug verum exposed ig eg "
    "experimentell experimentalgruppe behandlung behandelt behandlungsgruppe interventionsgruppe",
    "2": "2 c control controls ctrl ctl con placebo pbo plac comparator unexposed kg cg kontrolle kontroll "
    "kontrollgruppe vergleich vergleichsgruppe",
}
SIDE_OF = {word: side for side, words in _SIDES.items() for word in words.split()}
_FILLERS = frozenset(
    ("of", "in", "the", "group", "grp", "arm", "with", "number", "no", "anzahl", "der", "die", "gruppe", "arms")
)
_QUANTITIES = {
    "e": "e event events nevents eventsn cases case responders deaths death ereignis ereignisse nereignisse falle "
    "todesfalle",
    "n": "n total totals ntotal totaln samplesize size patients participants subjects npatients patientsn gesamt "
    "patienten teilnehmer fallzahl probanden analysed nanalysed randomised randomized",
    "m": "m mean means mittelwert mw mittel average",
    "sd": "sd sds sa std stdev stddev standarddeviation standardabweichung stdabw stabw",
    "se": "se sem stderr standarderror standardfehler",
    "median": "median med",
    "q1": "qone lowerquartile", "q3": "qthree upperquartile",
    "min": "min minimum", "max": "max maximum",
    "t": "t time persontime personyears patientyears py pyrs personenjahre personenzeit exposuretime",
}  # fmt: skip
QUANTITY_OF = {word: quantity for quantity, words in _QUANTITIES.items() for word in words.split()}
# Alone in a header these are too little to tell.
_NEVER_ALONE = frozenset(("e", "t", "time", "i", "c", "1", "2", "m"))

_EFFECTS = {
    "OR": "or oddsratio", "RR": "rr riskratio relativerisk relativesrisiko", "HR": "hr hazardratio",
    "RD": "rd riskdifference risikodifferenz", "MD": "md meandifference wmd mittelwertdifferenz",
    "SMD": "smd hedgesg cohensd g d", "IRR": "irr rateratio",
    "GEN": "es effect effectsize effekt effektstarke estimate te yi theta esize metaes",
}  # fmt: skip
EFFECT_OF = {word: measure for measure, words in _EFFECTS.items() for word in words.split()}
_LOGS = {
    "OR": "logor lnor logoddsratio", "RR": "logrr lnrr logriskratio", "HR": "loghr lnhr loghazardratio",
    "IRR": "logirr lnirr",
}  # fmt: skip
LOG_OF = {word: measure for measure, words in _LOGS.items() for word in words.split()}
_SPREADS = {
    "se": "se sei sete seyi stderr standarderror standardfehler sees selogor selnor selogrr selnrr selnhr seloghr "
    "seeffect metase",
    "variance": "variance vi var v varianz samplingvariance",
    "ci_low": "lower low lcl ll cilow cilower lowerci lowercl cil cilb lb lci lowerlimit cilo ci95low ci95lower "
    "lower95 lowerci95 low95 95cilow 95cilower 95lcl lower95ci untere unteregrenze untergrenze kiunten",
    "ci_high": "upper high ucl ul cihigh ciupper upperci uppercl ciu ciub ub uci upperlimit cihi ci95high ci95upper "
    "upper95 upperci95 high95 95cihigh 95ciupper 95ucl upper95ci obere oberegrenze obergrenze kioben",
    "ci": "ci 95ci ci95 ki 95ki ki95 confidenceinterval konfidenzintervall 95confidenceinterval",
    "p_value": "p pvalue pval pwert",
}  # fmt: skip
SPREAD_OF = {word: target for target, words in _SPREADS.items() for word in words.split()}
_CORRELATIONS = frozenset(("r", "ri", "cor", "corr", "correlation", "korrelation", "pearsonr"))

_TEXTS = {
    "study": "studlab slab study studie studyname studyid trial trialname studienname metastudylabel",
    "author": "author authors autor autoren firstauthor erstautor reference ref publication publikation name",
    "year": "year jahr yr pubyear publicationyear yearofpublication erscheinungsjahr",
    "outcome": "outcome outcomes endpoint endpunkt zielgrosse",
    "scale": "scale instrument skala",
    "arm": "arm arms group gruppe treatment behandlung condition intervention armname",
}  # fmt: skip
TEXT_OF = {word: target for target, words in _TEXTS.items() for word in words.split()}
_TIMES = frozenset(("time", "timepoint", "followup", "zeitpunkt", "visit"))
_UNITS = {
    "wk": "week weeks wk wks wochen woche", "mo": "month months mo monate monat", "d": "day days d tage tag",
    "h": "hour hours h hrs stunden", "min": "minutes min minuten",
}  # fmt: skip
UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}


def plain(name: str) -> str:
    """Letters and digits of a header, in lower case and without accents."""
    flat = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    return "".join(c for c in flat.casefold() if c.isalnum())


def words_of(name: str) -> list[str]:
    """Words and numbers of a header, in lower case."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", unicodedata.normalize("NFKD", name.replace("ß", "ss")))
    low = "".join(c for c in spaced.casefold() if not unicodedata.combining(c))
    for digit, word in (("1", "one"), ("3", "three")):
        low = re.sub(rf"(?<![a-z])q[ _.]?{digit}(?!\d)", f" q{word} ", low)
    return re.findall(r"[^\W\d_]+|\d+", low)


@cache
def quantity_and_side(name: str) -> tuple[str, str] | None:
    """What a header of an arm's number names, such as ("e", "1") for `Events treatment`; side "" without one.

    None if a word is not known: `mean baseline 1` is another thing than `mean 1`.
    """
    if "%" in name:
        return None
    words = [part for word in words_of(name) for part in _split_fused(word)]
    found = _take_side(words)
    if found is None:
        return None
    side, left = found
    quantity = QUANTITY_OF.get("".join(w for w in left if w not in _FILLERS)) or QUANTITY_OF.get("".join(left))
    if quantity is None or (not side and "".join(left) in _NEVER_ALONE):
        return None
    return quantity, side


def _split_fused(word: str) -> list[str]:
    """`ncontrol` as two words, `meane` too; others as they are."""
    if word in QUANTITY_OF or word in SIDE_OF or word in _FILLERS:
        return [word]
    for at in range(1, len(word)):
        left, right = word[:at], word[at:]
        if left in QUANTITY_OF and right in SIDE_OF and (len(left) > 1 or len(right) > 1 or left in "nm"):
            return [left, right]
        if left in SIDE_OF and len(left) > 1 and right in QUANTITY_OF:
            return [left, right]
    return [word]


def _take_side(words: Sequence[str]) -> tuple[str, list[str]] | None:
    """The side that the words name, and the other words; None if they name both."""
    named = {SIDE_OF[w] for w in words if w in SIDE_OF and len(w) > 1}
    if len(named) > 1:
        return None
    if named:
        return named.pop(), [w for w in words if not (w in SIDE_OF and len(w) > 1)]
    # A single letter or figure counts at the end or the start only, beside another word.
    for at in (len(words) - 1, 0):
        if len(words) > 1 and words[at] in SIDE_OF:
            left = [w for i, w in enumerate(words) if i != at]
            return SIDE_OF[words[at]], left
    return "", list(words)


@cache
def is_known(name: str) -> bool:
    """Whether a header is one that people use for a study, a number or an effect."""
    word = plain(name)
    known = word in EFFECT_OF or word in LOG_OF or word in SPREAD_OF or word in TEXT_OF or word in _CORRELATIONS
    return known or quantity_and_side(name) is not None or any(word in set_.values() for set_ in PROFILES)


def profile_of(names: Sequence[str], used: frozenset[str]) -> dict[str, str]:
    """The set of names that belong together, by target; values are expressions of plain names. Empty without one."""
    there = {plain(n) for n in names} - {plain(n) for n in used}
    return next((p for p in PROFILES if all(set(v.split("+")) <= there for v in p.values())), {})


def is_correlation(name: str) -> bool:
    """Whether a header names a correlation."""
    return plain(name) in _CORRELATIONS


def unit_of_time(name: str) -> str | None:
    """Unit that a header of times names; empty for a time without one, None for another header."""
    words = words_of(name)
    units = [UNIT_OF[w] for w in words if w in UNIT_OF]
    rest = "".join(w for w in words if w not in UNIT_OF and w not in ("in", "at"))
    if rest in _TIMES or (not rest and len(units) == 1 and len(words) == 1 and len(words[0]) > 2):
        return units[0] if units else ""
    return None
