"""Works that the methods rest on, by the codes of the methods; one row adds a work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from metarepro.analysis.result import AnalysisResult


@dataclass(frozen=True)
class Reference:
    """A work, and the codes of the methods that rest on it."""

    key: str
    codes: tuple[str, ...]
    authors: str
    title: str
    journal: str
    year: int
    volume: str
    pages: str
    doi: str

    def bibtex(self) -> str:
        """As an entry of a BibTeX file."""
        fields = {"author": self.authors, "title": f"{{{self.title}}}", "journal": self.journal, "year": str(self.year),
                  "volume": self.volume, "pages": self.pages, "doi": self.doi}  # fmt: skip
        inner = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
        return f"@article{{{self.key},\n{inner}\n}}\n"

    def __str__(self) -> str:
        place = f"{self.volume}:{self.pages}" if self.pages else self.volume
        return f"{self.authors.replace(' and ', ', ')}. {self.title}. {self.journal} {self.year};{place}."


REFERENCES = (
    Reference("dersimonian1986", ("DL",), "DerSimonian, R. and Laird, N.", "Meta-analysis in clinical trials",
              "Controlled Clinical Trials", 1986, "7", "177--188", "10.1016/0197-2456(86)90046-2"),
    Reference("viechtbauer2005", ("REML", "ML"), "Viechtbauer, W.",
              "Bias and efficiency of meta-analytic variance estimators in the random-effects model",
              "Journal of Educational and Behavioral Statistics", 2005, "30", "261--293", "10.3102/10769986030003261"),
    Reference("paule1982", ("PM",), "Paule, R. C. and Mandel, J.", "Consensus values and weighting factors",
              "Journal of Research of the National Bureau of Standards", 1982, "87", "377--385",
              "10.6028/jres.087.022"),
    Reference("hartung2001", ("HK", "HK-ci", "HK-adhoc"), "Hartung, J. and Knapp, G.",
              "A refined method for the meta-analysis of controlled clinical trials with binary outcome",
              "Statistics in Medicine", 2001, "20", "3875--3889", "10.1002/sim.1009"),
    Reference("jackson2017", ("HK-ci",), "Jackson, D. and Law, M. and Ruecker, G. and Schwarzer, G.",
              "The Hartung-Knapp modification for random-effects meta-analysis: a useful refinement but are there any "
              "residual concerns?", "Statistics in Medicine", 2017, "36", "3923--3934", "10.1002/sim.7411"),
    Reference("higgins2009", ("HTS",), "Higgins, J. P. T. and Thompson, S. G. and Spiegelhalter, D. J.",
              "A re-evaluation of random-effects meta-analysis",
              "Journal of the Royal Statistical Society, Series A", 2009, "172", "137--159",
              "10.1111/j.1467-985X.2008.00552.x"),
    Reference("higgins2002", ("i2",), "Higgins, J. P. T. and Thompson, S. G.",
              "Quantifying heterogeneity in a meta-analysis", "Statistics in Medicine", 2002, "21", "1539--1558",
              "10.1002/sim.1186"),
    Reference("viechtbauer2007", ("q-profile",), "Viechtbauer, W.",
              "Confidence intervals for the amount of heterogeneity in meta-analysis", "Statistics in Medicine", 2007,
              "26", "37--52", "10.1002/sim.2514"),
    Reference("roever2020", ("Bayes",), "R\u00f6ver, C.",
              "Bayesian random-effects meta-analysis using the bayesmeta R package", "Journal of Statistical Software",
              2020, "93", "1--51", "10.18637/jss.v093.i06"),
    Reference("roever2021", ("Bayes",), "R\u00f6ver, C. and Bender, R. and Dias, S. and others",
              "On weakly informative prior distributions for the heterogeneity parameter in Bayesian random-effects "
              "meta-analysis", "Research Synthesis Methods", 2021, "12", "448--474", "10.1002/jrsm.1475"),
    Reference("stijnen2010", ("binomial-normal", "CM.EL", "CM.AL", "UM.FS", "UM.RS", "PN"),
              "Stijnen, T. and Hamza, T. H. and Ozdemir, P.",
              "Random effects meta-analysis of event outcome in the framework of the generalized linear mixed model "
              "with applications in sparse data", "Statistics in Medicine", 2010, "29", "3046--3067",
              "10.1002/sim.4040"),
    Reference("mantel1959", ("Mantel-Haenszel",), "Mantel, N. and Haenszel, W.",
              "Statistical aspects of the analysis of data from retrospective studies of disease",
              "Journal of the National Cancer Institute", 1959, "22", "719--748", "10.1093/jnci/22.4.719"),
    Reference("yusuf1985", ("Peto",), "Yusuf, S. and Peto, R. and Lewis, J. and Collins, R. and Sleight, P.",
              "Beta blockade during and after myocardial infarction: an overview of the randomized trials",
              "Progress in Cardiovascular Diseases", 1985, "27", "335--371", "10.1016/S0033-0620(85)80003-7"),
    Reference("hedges1981", ("SMD",), "Hedges, L. V.",
              "Distribution theory for Glass's estimator of effect size and related estimators",
              "Journal of Educational Statistics", 1981, "6", "107--128", "10.3102/10769986006002107"),
    Reference("wilson1927", ("PLO",), "Wilson, E. B.",
              "Probable inference, the law of succession, and statistical inference",
              "Journal of the American Statistical Association", 1927, "22", "209--212",
              "10.1080/01621459.1927.10502953"),
    Reference("page2021", ("page",), "Page, M. J. and McKenzie, J. E. and Bossuyt, P. M. and others",
              "The PRISMA 2020 statement: an updated guideline for reporting systematic reviews", "BMJ", 2021, "372",
              "n71", "10.1136/bmj.n71"),
)  # fmt: skip


def used_references(results: Sequence[AnalysisResult]) -> list[Reference]:
    """Works behind the methods that some results used, in the order of the table."""
    codes = {"page"}
    for r in results:
        for s in (r.summary, *(x.summary for x in r.sensitivity)):
            if s is None or s.k < 2:
                continue
            codes |= {s.method.tau2, s.method.ci, s.method.pi, s.method.model, r.measure, "i2"}
            codes |= {"q-profile"} if s.method.model == "inverse variance" else set()
    return [ref for ref in REFERENCES if codes & set(ref.codes)]
