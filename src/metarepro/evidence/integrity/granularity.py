"""Means, standard deviations and percentages that no whole-number data of the stated size can have.

All arithmetic is exact. A number is called impossible only when no value that rounds to it fits, whether halves are
rounded up, down or to the even digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from metarepro.errors import DataError
from metarepro.evidence.integrity.printed import cut_from, parse, rounded_from, shown, square_root


@dataclass(frozen=True)
class Attainable:
    """What a granularity test found.

    Attributes
    ----------
    possible : bool
        Whether some data of this size give the printed number.
    cut_off : bool
        Not possible by rounding, but by cutting off the further digits.
    nearest : tuple of str
        The attainable values next to it, below and above; empty when the number is possible.
    why : str
        Which property fails: `mean`, `sd`, `parity`; empty when the number is possible.
    """

    possible: bool
    cut_off: bool = False
    nearest: tuple[str, ...] = ()
    why: str = ""


_POSSIBLE = Attainable(True)


def grim(mean: str, n: int, decimals: int | None = None, items: int = 1, integer: bool = True) -> Attainable:
    """Whether n whole-number scores can have the printed mean.

    The mean times n (times the items, when each score is itself a mean of items) must be a whole number. When not to
    use: with adjusted or imputed means, or scores that are not whole numbers. Decides nothing where n times items
    exceeds a unit of the last decimal: then every printed mean is possible.

    Parameters
    ----------
    mean : str
        The mean as printed.
    n : int
        Size of the sample.
    decimals : int, optional
        Decimals it was printed with, when the text lost zeros at its end.
    items : int
        Whole-number items of which each score is the mean; 1 for sums and single items.
    integer : bool
        False says that the scores are no whole numbers; then everything is possible.

    References
    ----------
    Brown & Heathers 2017, doi:10.1177/1948550616673876.
    """
    _size(n, items)
    value, places = parse(mean, decimals)
    if not integer or _sums(rounded_from(mean, decimals), n * items):
        return _POSSIBLE
    unit = n * items
    below = Fraction(math.floor(value * unit), unit)
    nearest = (shown(below, places + 1), shown(below + Fraction(1, unit), places + 1))
    return Attainable(False, bool(_sums(cut_from(mean, decimals), unit)), nearest, "mean")


def grimmer(
    mean: str,
    sd: str,
    n: int,
    decimals_mean: int | None = None,
    decimals_sd: int | None = None,
    items: int = 1,
) -> Attainable:
    """Whether n whole-number scores can have the printed mean and standard deviation (divisor n - 1).

    For each sum S that the mean allows, the sum of squares Q = (n - 1) SD^2 + S^2/n must hold a whole number that is
    even or odd as S is (a number and its square are both even or both odd) and not below the least sum of squares of n
    whole numbers with sum S. From n = 5 on this is taken as enough; below, the scores themselves are looked for. When
    not to use: with an SD of a model, of imputed scores, or divided by n.

    Parameters
    ----------
    mean, sd : str
        As printed.
    n : int
        Size of the sample, 2 or more.
    decimals_mean, decimals_sd : int, optional
        Decimals they were printed with, when the texts lost zeros at their ends.
    items : int
        Whole-number items of which each score is the mean.

    References
    ----------
    Anaya 2016, doi:10.7287/peerj.preprints.2400v1; Allard 2018, Analytic-GRIMMER,
    https://aurelienallard.netlify.app/post/anaytic-grimmer-possibility-standard-deviations/.
    """
    _size(n, items)
    if n < 2:
        raise DataError("One score has no standard deviation. Give n of 2 or more.")
    first = grim(mean, n, decimals_mean, items)
    if not first.possible:
        return first
    value, places = parse(sd, decimals_sd)
    if value < 0:
        raise DataError(f"The standard deviation {sd} is negative.")
    low, high = rounded_from(sd, decimals_sd)
    low = max(low, Fraction(0))
    below: list[Fraction] = []
    above: list[Fraction] = []
    whole = False
    for total in _sums(rounded_from(mean, decimals_mean), n * items):
        centre = Fraction(total * total, n)
        least = _least_squares(total, n)
        start = max(math.ceil((n - 1) * low**2 * items**2 + centre), least)
        end = math.floor((n - 1) * high**2 * items**2 + centre)
        whole = whole or start <= end
        odd = (start - total) % 2
        if any(_reachable(n, total, q) for q in range(start + odd, end + 1, 2)):
            return _POSSIBLE
        under = (q for q in range(start + odd - 2, least - 1, -2) if _reachable(n, total, q))
        over = (q for q in range(start + odd, start + odd + 4 * n * n + 100, 2) if _reachable(n, total, q))
        below += [(q - centre) / (n - 1) / items**2 for q in [next(under, None)] if q is not None]
        above += [(q - centre) / (n - 1) / items**2 for q in [next(over, None)] if q is not None]
    near = ([max(below)] if below else []) + ([min(above)] if above else [])
    texts = tuple(shown(square_root(v), places + 1) for v in near)
    return Attainable(False, False, texts, "parity" if whole else "sd")


def debit(mean: str, sd: str, n: int, decimals: int | None = None) -> Attainable:
    """Whether n answers of 0 or 1 can have the printed mean and standard deviation (divisor n - 1).

    With k ones the mean is k/n and the variance k (n - k) / (n (n - 1)): the one fixes the other.

    Parameters
    ----------
    mean : str
        The proportion as printed, 0 to 1.
    sd : str
        Its standard deviation as printed.
    n : int
        Size of the sample, 2 or more.
    decimals : int, optional
        Decimals both were printed with, when the texts lost zeros at their ends.

    References
    ----------
    Heathers & Brown 2019, https://osf.io/5vb3u/.
    """
    _size(n, 1)
    value, _ = parse(mean, decimals)
    if not 0 <= value <= 1 or n < 2:
        raise DataError(f"mean = {mean}, n = {n}: give a proportion from 0 to 1 and n of 2 or more.")
    counts = [k for k in _sums(rounded_from(mean, decimals), n) if 0 <= k <= n]
    if not counts:
        return grim(mean, n, decimals)
    low, high = rounded_from(sd, decimals)
    low = max(low, Fraction(0))
    variances = [Fraction(k * (n - k), n * (n - 1)) for k in counts]
    if any(low**2 <= v <= high**2 for v in variances):
        return _POSSIBLE
    texts = dict.fromkeys(shown(square_root(v), parse(sd, decimals)[1] + 1) for v in (min(variances), max(variances)))
    return Attainable(False, False, tuple(texts), "sd")


def percent_attainable(percent: str, n: int, decimals: int | None = None) -> Attainable:
    """Whether a whole number of n patients is the printed percentage of n.

    43 % of 26 is none: 11 of 26 are 42.3 %, 12 of 26 are 46.2 %. When not to use: with estimated, weighted or
    Kaplan-Meier percentages.

    Parameters
    ----------
    percent : str
        The percentage as printed, without its sign.
    n : int
        The number it is a percentage of.
    decimals : int, optional
        Decimals it was printed with, when the text lost zeros at its end.

    References
    ----------
    Brown & Heathers 2017, doi:10.1177/1948550616673876.
    """
    _size(n, 1)
    value, places = parse(percent, decimals)
    if not 0 <= value <= 100:
        raise DataError(f"{percent} is not a percentage. Give 0 to 100.")
    if counts_of_percent(percent, n, decimals):
        return _POSSIBLE
    below = math.floor(value * n / 100)
    nearest = tuple(f"{k}/{n} = {shown(Fraction(100 * k, n), places + 1)} %" for k in (below, below + 1) if k <= n)
    low, high = cut_from(percent, decimals)
    return Attainable(False, bool(_sums((low / 100, high / 100), n)), nearest, "mean")


def counts_of_percent(percent: str, n: int, decimals: int | None = None) -> tuple[int, ...]:
    """Whole numbers of n patients that are printed as this percentage."""
    low, high = rounded_from(percent, decimals)
    return tuple(k for k in _sums((low / 100, high / 100), n) if 0 <= k <= n)


def sizes_of_percent(percent: str, events: int, below: int) -> range:
    """Sizes below a bound of which so many events are printed as this percentage; they follow each other."""
    low, high = rounded_from(percent)
    if high <= 0:
        return range(0)
    first = max(math.ceil(100 * events / high), events)
    last = min(math.floor(100 * events / low), below - 1) if low > 0 else below - 1
    return range(first, last + 1)


def sizes_that_fit(means: list[str], below: int, above: int) -> tuple[int, ...]:
    """Sizes in a range with which every printed mean of whole-number scores is possible."""
    return tuple(n for n in range(max(below, 1), above + 1) if all(grim(mean, n).possible for mean in means))


def _size(n: int, items: int) -> None:
    if n < 1 or items < 1:
        raise DataError(f"n = {n}, items = {items}: both are whole numbers from 1.")


def _sums(bounds: tuple[Fraction, Fraction], unit: int) -> range:
    """Whole numbers whose quotient by `unit` lies within the bounds."""
    return range(math.ceil(bounds[0] * unit), math.floor(bounds[1] * unit) + 1)


def _least_squares(total: int, n: int) -> int:
    """Least sum of squares of n whole numbers with this sum: all next to their mean."""
    each, rest = divmod(total, n)
    return n * each * each + rest * (2 * each + 1)


def _reachable(n: int, total: int, squares: int) -> bool:
    """Whether n whole numbers have this sum and sum of squares, both even or both odd; from n = 5 on nearly all do."""
    if squares < _least_squares(total, n):
        return False
    if n >= 5:
        return True
    if n == 1:
        return squares == total * total
    if n == 2:
        gap = 2 * squares - total * total
        return math.isqrt(gap) ** 2 == gap
    # One score lies within this distance of the mean; the others are looked for in turn.
    reach = math.isqrt(math.ceil((n * squares - total * total) * (n - 1))) // n + 1
    centre = total // n
    return any(
        _reachable(n - 1, total - x, squares - x * x)
        for x in range(centre - reach - 1, centre + reach + 2)
        if squares >= x * x
    )
