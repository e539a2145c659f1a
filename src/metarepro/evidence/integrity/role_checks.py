"""Roles of arms that do not fit what the other arms and studies say."""

from __future__ import annotations

from collections.abc import Iterator

from metarepro.evidence.dataset import Dataset
from metarepro.evidence.integrity.findings import Check, Finding, Texts, finding

# Studies that must give an agent one role before the other role in a single study is told.
_USUAL = 3


def check_roles(dataset: Dataset, _text: Texts) -> Iterator[Finding]:
    """Controlled trials without an experimental arm, and agents with another role than in every other study."""
    for study in dataset.studies.values():
        arms = dataset.arms_of.get(study.study_id, ())
        if len(arms) > 1 and study.design != "single_arm" and all(a.role == "control" for a in arms):
            message = (
                f"All {len(arms)} arms of this {study.design} trial are called control. The role of one of them is "
                "wrong, or its experimental arm is missing."
            )
            yield finding("W041", "warning", arms[0], "role", "control", message, "entry", "no_experimental_arm")
    roles: dict[str, dict[str, set[str]]] = {}
    for arm in dataset.arms.values():
        roles.setdefault(arm.agent, {}).setdefault(arm.role, set()).add(arm.study_id)
    for arm in dataset.arms.values():
        other = "control" if arm.role == "experimental" else "experimental"
        usual = roles[arm.agent].get(other, set()) - {arm.study_id}
        if roles[arm.agent][arm.role] == {arm.study_id} and len(usual) >= _USUAL:
            message = f"{arm.agent} is {arm.role} here and {other} in the {len(usual)} other studies that have it."
            yield finding("W040", "note", arm, "role", arm.role, message, "entry", "unusual_role")


CHECKS: tuple[Check, ...] = (check_roles,)
