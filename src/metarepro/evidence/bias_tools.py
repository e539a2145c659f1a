"""Tools that judge the risk of bias: their domains, and their judgements from best to worst. One row adds a tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

# From best to worst, over all tools.
Judgement = Literal["low", "some", "moderate", "serious", "critical", "high", "unclear", "no_information"]
MOST_DOMAINS = 12
OVERALL = "overall"
# Columns of judgements in the table, whichever of them a tool has.
ALL_COLUMNS = (*(f"d{number}" for number in range(1, MOST_DOMAINS + 1)), OVERALL)
# Judgements that say that nothing can be told.
UNKNOWN = ("unclear", "no_information")


@dataclass(frozen=True)
class BiasTool:
    """A tool that judges the risk of bias.

    Attributes
    ----------
    id : str
        As the column `tool` of risk_of_bias names it.
    name : str
    domains : mapping of str to str
        Names by d1, d2 ..., without the overall judgement.
    judgements : tuple of str
        Allowed ones from best to worst, then those that say that nothing can be told. Empty means not assessed.
    reference : str
        Empty for a tool of one's own.
    has_overall : bool
        Whether it makes an overall judgement, which is at least as bad as the worst domain.
    brief : tuple of str
        Names of the domains in a word or two, where it has them.
    """

    id: str
    name: str
    domains: Mapping[str, str]
    judgements: tuple[str, ...]
    reference: str = ""
    has_overall: bool = True
    brief: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Domains, then the overall judgement."""
        return (*self.domains, OVERALL)

    def shown_columns(self, overall_judged: bool) -> tuple[str, ...]:
        """Domains, and the overall judgement where the tool makes it or somebody made it."""
        return self.columns if self.has_overall or overall_judged else tuple(self.domains)

    @property
    def ranked(self) -> tuple[str, ...]:
        """Judgements from best to worst, without those that say that nothing can be told."""
        return tuple(j for j in self.judgements if j not in UNKNOWN)

    def name_of(self, column: str) -> str:
        """Full name of a domain or of the overall judgement."""
        return "Overall risk of bias" if column == OVERALL else self.domains[column]


def numbered(*names: str) -> dict[str, str]:
    """Names by d1, d2 ..."""
    return {f"d{number}": name for number, name in enumerate(names, 1)}


ROB2 = BiasTool(
    "rob2", "RoB 2",
    numbered(
        "Bias arising from the randomisation process", "Bias due to deviations from intended interventions",
        "Bias due to missing outcome data", "Bias in measurement of the outcome",
        "Bias in selection of the reported result",
    ),
    ("low", "some", "high"), "Sterne et al. 2019, doi:10.1136/bmj.l4898",
    brief=("randomisation", "deviations from the intervention", "missing outcomes", "measurement", "selected results"),
)  # fmt: skip
BIAS_TOOLS: dict[str, BiasTool] = {
    tool.id: tool
    for tool in (
        ROB2,
        BiasTool(
            "rob1", "RoB 1",
            numbered(
                "Random sequence generation (selection bias)", "Allocation concealment (selection bias)",
                "Blinding of participants and personnel (performance bias)",
                "Blinding of outcome assessment (detection bias)", "Incomplete outcome data (attrition bias)",
                "Selective reporting (reporting bias)", "Other bias",
            ),
            ("low", "high", "unclear"), "Higgins et al. 2011, doi:10.1136/bmj.d5928", has_overall=False,
        ),
        BiasTool(
            "robins_i", "ROBINS-I",
            numbered(
                "Bias due to confounding", "Bias in selection of participants into the study",
                "Bias in classification of interventions", "Bias due to deviations from intended interventions",
                "Bias due to missing data", "Bias in measurement of outcomes",
                "Bias in selection of the reported result",
            ),
            ("low", "moderate", "serious", "critical", "no_information"),
            "Sterne et al. 2016, doi:10.1136/bmj.i4919",
        ),
        BiasTool(
            "quadas2", "QUADAS-2",
            numbered(
                "Patient selection", "Index test", "Reference standard", "Flow and timing",
                "Applicability: patient selection", "Applicability: index test", "Applicability: reference standard",
            ),
            ("low", "high", "unclear"), "Whiting et al. 2011, doi:10.7326/0003-4819-155-8-201110180-00009",
            has_overall=False,
        ),
        BiasTool(
            "probast", "PROBAST",
            numbered("Participants", "Predictors", "Outcome", "Analysis"),
            ("low", "high", "unclear"), "Wolff et al. 2019, doi:10.7326/M18-1376",
        ),
    )
}  # fmt: skip
