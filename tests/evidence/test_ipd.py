"""The summary rows of the patient-level crossover trial, recomputed from its patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.conftest import ROOT

SCALES = {"MADRS": "MADRS_Total", "HDRS-17": "HAM17_Total", "HAM-D-6": "HAMD_Bech"}
REMISSION = {"MADRS": 10, "HDRS-17": 7}


@pytest.fixture(scope="module")
def patients():
    """One row a patient of the MDD group: order of infusions, one column a visit and scale."""
    folder = ROOT / "data/raw/ipd"
    people = pd.read_csv(folder / "evans2025_participants.tsv", sep="\t", na_values="n/a")
    scores = pd.read_csv(folder / "evans2025_phenotype.tsv", sep="\t", na_values="n/a")
    wide = scores.dropna(subset="session_id").pivot_table(
        index="participant_id", columns="session_id", values=list(SCALES.values())
    )
    wide.columns = [f"{scale} {visit}" for scale, visit in wide.columns]
    return people[people.group == "MDD"].join(wide, on="participant_id")


def visits(patients, arm, hours):
    """Patients of an arm, with the names of their baseline and of the visit."""
    letter = "d" if arm.startswith("ketamine") else "p"
    first = patients.infusion_1 == letter
    chosen = patients[first] if arm.endswith("_p1") else patients[first | (patients.infusion_2 == letter)]
    return chosen, "ses-b0", f"ses-{letter}{2 if hours == 48 else 10}"


def test_counts_are_the_patients_counts(patients, data):
    rows = [r for r in data.dichotomous if r.study_id == "evans2025" and r.outcome != "dropout"]
    assert len(rows) == 40
    for row in rows:
        chosen, base, visit = visits(patients, row.arm_id, row.timepoint_h)
        score, before = chosen[f"{SCALES[row.scale]} {visit}"], chosen[f"{SCALES[row.scale]} {base}"]
        rated = score.notna() & before.notna() if row.outcome == "response" else score.notna()
        met = score <= before / 2 if row.outcome == "response" else score <= REMISSION[row.scale]
        assert (int((met & rated).sum()), int(rated.sum())) == (row.events, row.total), row


def test_means_are_the_patients_means(patients, data):
    rows = [r for r in data.continuous if r.study_id == "evans2025"]
    assert len(rows) == 60
    for row in rows:
        chosen, base, visit = visits(patients, row.arm_id, row.timepoint_h)
        column = SCALES[row.scale]
        values = {
            "baseline": chosen[f"{column} {base}"],
            "endpoint": chosen[f"{column} {visit}"],
            "change": chosen[f"{column} {visit}"] - chosen[f"{column} {base}"],
        }[row.statistic].dropna()
        assert len(values) == row.n, row
        assert (round(values.mean(), 3), round(values.std(ddof=1), 3)) == pytest.approx((row.mean, row.sd), abs=6e-4)


def test_paired_effects_and_correlations_are_the_patients(patients, data):
    rows = [r for r in data.contrasts if r.study_id == "evans2025"]
    assert len(rows) == 6
    for row in rows:
        day, column = (2 if row.timepoint_h == 48 else 10), SCALES[row.scale]
        pair = patients[[f"{column} ses-d{day}", f"{column} ses-p{day}"]].dropna().to_numpy()
        difference = pair[:, 0] - pair[:, 1]
        se = difference.std(ddof=1) / np.sqrt(len(pair))
        assert len(pair) == row.n
        assert (round(difference.mean(), 3), round(se, 3)) == pytest.approx((row.estimate, row.se), abs=6e-4)
        assert f"r={np.corrcoef(pair.T)[0, 1]:.3f}" in row.derivation


def test_the_order_of_treatments_matters_at_ten_days_only(patients):
    def by_order(day):
        difference = patients[f"MADRS_Total ses-d{day}"] - patients[f"MADRS_Total ses-p{day}"]
        return [round(difference[patients.infusion_1 == first].mean(), 2) for first in "dp"]

    assert by_order(2) == [-6.75, -6.75]
    assert by_order(10) == [-0.09, -8.45]
