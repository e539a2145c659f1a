"""Studies of a network as contrasts against their first arm, from pairs of treatments or from arms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from metarepro.effects.checks import check_counts, check_means
from metarepro.errors import ConfigError, DataError
from metarepro.notes import Note, list_rows
from metarepro.pooling.kernel import Array

COLUMNS = {"OR": ("e", "n"), "RR": ("e", "n"), "RD": ("e", "n"), "MD": ("m", "sd", "n")}
# How far pairs of one study may depart from each other, relative to their size: they are printed rounded.
ROUNDED = 0.02


@dataclass(frozen=True)
class StudyContrasts:
    """One study: its arms, effects of all but the first against it, and their covariance."""

    name: str
    arms: tuple[str, ...]
    y: Array
    v: Array

    def against(self, arm: str) -> StudyContrasts:
        """The same study with another arm that the others are compared with."""
        at = self.arms.index(arm)
        if at == 0:
            return self
        # Levels of the arms relative to the first, minus that of the new one.
        levels = np.vstack([np.zeros(self.y.size), np.eye(self.y.size)])
        turn = np.delete(levels - levels[at], at, axis=0)
        others = tuple(a for a in self.arms if a != arm)
        return StudyContrasts(self.name, (arm, *others), turn @ self.y, turn @ self.v @ turn.T)


@dataclass(frozen=True)
class ArmContrasts:
    """Studies made of arms, and what was done to them."""

    studies: tuple[StudyContrasts, ...]
    notes: tuple[Note, ...]


def from_pairs(y: Array, v: Array, first: list[str], second: list[str], study: list[str]) -> tuple[StudyContrasts, ...]:
    """Studies from effects of pairs (first against second).

    Raises
    ------
    DataError
        A study of several arms without all its pairs, a pair twice, pairs that contradict each other.
    """
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(study):
        rows.setdefault(name, []).append(i)
    return tuple(_from_pairs(name, members, y, v, first, second) for name, members in rows.items())


def _from_pairs(name: str, rows: list[int], y: Array, v: Array, first: list[str], second: list[str]) -> StudyContrasts:
    arms = tuple(dict.fromkeys(arm for i in rows for arm in (second[i], first[i])))
    pairs = {frozenset((first[i], second[i])) for i in rows}
    if len(pairs) < len(rows):
        raise DataError(f"Study {name}: a pair of treatments stands twice, in {list_rows(rows)}. Fix: one row a pair.")
    wanted = {frozenset(pair) for pair in combinations(arms, 2)}
    if pairs != wanted:
        lacking = sorted(" v ".join(sorted(pair)) for pair in wanted - pairs)
        raise DataError(
            f"Study {name} has {len(arms)} arms and lacks {', '.join(lacking)} ({list_rows(rows)}): its effects share "
            "an arm, and their covariance follows from all its pairs. Fix: add them, or network_from_arms."
        )
    place = {arm: j for j, arm in enumerate(arms)}
    if len(arms) == 2:
        sign = 1.0 if first[rows[0]] == arms[1] else -1.0
        return StudyContrasts(name, arms, np.array([sign * y[rows[0]]]), np.array([[v[rows[0]]]]))
    # v of a pair is the sum of its arms' variances.
    sums = np.zeros((len(rows), len(arms)))
    differences = np.zeros((len(rows), len(arms) - 1))
    for r, i in enumerate(rows):
        a, b = place[first[i]], place[second[i]]
        sums[r, [a, b]] = 1
        for arm, sign in ((a, 1.0), (b, -1.0)):
            if arm:
                differences[r, arm - 1] = sign
    variances = np.linalg.lstsq(sums, v[rows], rcond=None)[0]
    off = np.abs(sums @ variances - v[rows]).max() / v[rows].max()
    effects: Array = np.asarray(np.linalg.lstsq(differences, y[rows], rcond=None)[0], dtype=np.float64)
    apart = np.abs(differences @ effects - y[rows]).max() / np.sqrt(v[rows].max())
    if (variances <= 0).any() or off > ROUNDED or apart > 0.1:
        what = "effects" if apart > 0.1 else "variances"
        raise DataError(
            f"Study {name}: the {what} of its pairs contradict each other ({list_rows(rows)}): each pair must be the "
            "difference of two arms. Fix: compute all pairs from the same arms, or network_from_arms."
        )
    return StudyContrasts(name, arms, effects, np.asarray(variances[0] + np.diag(variances[1:]), dtype=np.float64))


def from_arms(measure: str, study: list[str], treatment: list[str], numbers: dict[str, Array]) -> ArmContrasts:
    """Studies from their arms.

    Raises
    ------
    ConfigError
        A measure that is not known here.
    DataError
        Columns that are missing, impossible numbers, a study of one arm, a treatment twice in a study.
    """
    if measure not in COLUMNS:
        raise ConfigError(f"measure = {measure!r} is not known for networks of arms. Allowed: {', '.join(COLUMNS)}.")
    wanted = COLUMNS[measure]
    if set(numbers) != set(wanted):
        raise DataError(f"A network of arms with {measure} needs {', '.join(wanted)}; given: {', '.join(numbers)}.")
    short = [n for n, x in numbers.items() if x.size != len(study)]
    if short:
        raise DataError(f"{short[0]} has {numbers[short[0]].size} entries for {len(study)} arms.")
    missing = np.flatnonzero(~np.isfinite(list(numbers.values())).all(0))
    if missing.size:
        raise DataError(f"A number is missing in {list_rows(missing.tolist())}. Fix: leave these arms out.")
    if measure == "MD":
        check_means(numbers["m"], numbers["sd"], numbers["n"], "")
    else:
        check_counts(numbers["e"], numbers["n"], "e", "n")
    rows: dict[str, list[int]] = {}
    for i, name in enumerate(study):
        rows.setdefault(name, []).append(i)
    found, silent, corrected = [], [], []
    for name, members in rows.items():
        arms = [treatment[i] for i in members]
        if len(set(arms)) < len(arms):
            twice = [i for i in members if arms.count(treatment[i]) > 1]
            raise DataError(f"Study {name} has a treatment in two arms ({list_rows(twice)}). Fix: add these arms up.")
        if len(arms) < 2:
            raise DataError(f"Study {name} has one arm only ({list_rows(members)}): it compares nothing.")
        if measure == "MD":
            level, variance = numbers["m"][members], numbers["sd"][members] ** 2 / numbers["n"][members]
        else:
            e, n = numbers["e"][members], numbers["n"][members]
            if measure != "RD" and (e.sum() == 0 or (e == n).all()):
                silent.append(name)
                continue
            if ((e == 0) | (e == n)).any():
                corrected.append(name)
                e, n = e + 0.5, n + 1
            p = e / n
            level, variance = {
                "OR": (np.log(e / (n - e)), 1 / e + 1 / (n - e)),
                "RR": (np.log(p), 1 / e - 1 / n),
                "RD": (p, p * (1 - p) / n),
            }[measure]
        covariance = variance[0] + np.diag(variance[1:])
        found.append(StudyContrasts(name, tuple(arms), level[1:] - level[0], covariance))
    notes = [Note("network_silent", studies=silent)] if silent else []
    notes += [Note("network_corrected", studies=corrected)] if corrected else []
    if not found:
        raise DataError("No study of the network has events and non-events.")
    return ArmContrasts(tuple(found), tuple(notes))
