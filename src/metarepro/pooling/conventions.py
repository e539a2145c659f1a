"""What other programs do where there is a choice, by one word: `like="revman"`. No formulas: configuration reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from metarepro.effects.registry import Measure


@dataclass(frozen=True)
class Conventions:
    """What a program does unless told otherwise.

    Attributes
    ----------
    code, name : str
    tau2, ci, pi : str
        As `pool` takes them; `tau2_of_counts` for OR, RR and RD of two arms, if another.
    effects : mapping of str to mapping
        Options of `effect_sizes` by the kind of numbers that they are made of.
    meant : tuple of str
        What else it may be called.
    """

    code: str
    name: str
    tau2: str
    ci: str
    pi: str
    tau2_of_counts: str = ""
    effects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    meant: tuple[str, ...] = ()

    def tau2_for(self, measure: str) -> str:
        """The estimator for effects of a measure."""
        return self.tau2_of_counts if self.tau2_of_counts and measure in COUNTED else self.tau2

    def options_for(self, measure: Measure) -> dict[str, Any]:
        """Options of `effect_sizes` for a measure; none for measures that the program does not have."""
        if measure.inputs == "two_arm_counts" and measure.code not in (*COUNTED, "PETO"):
            return {}
        taken = {n: x for n, x in self.effects.get(measure.inputs, {}).items() if n in measure.options}
        if measure.code == "RD":  # no events in both arms are a difference of 0
            taken.pop("drop_double_zero", None)
        return taken


COUNTED = ("OR", "RR", "RD")
CONVENTIONS: dict[str, Conventions] = {
    c.code: c
    for c in (
        Conventions("metafor", "R metafor, rma()", "REML", "z", "z", meant=("RMA", "R")),
        Conventions(
            "meta", "R meta 8, metagen() and metabin()", "REML", "z", "t",
            effects={"two_arm_counts": {"drop_double_zero": True}}, meant=("METAGEN", "METABIN"),
        ),
        Conventions(
            "revman", "RevMan 5", "DL", "z", "HTS", "DL-MH",
            {"two_arm_counts": {"zero_cells": "revman"}, "two_arm_means": {"vtype": "RevMan", "j": "approximate"}},
            ("REVMAN 5", "REVMAN5", "COCHRANE"),
        ),
    )
}  # fmt: skip
