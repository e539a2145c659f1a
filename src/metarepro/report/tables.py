"""Tables of results/tables: what the page shows, as CSV, and on request as docx, xlsx, LaTeX and Markdown."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from metarepro.analysis.result import AnalysisResult
from metarepro.csv_output import csv_text
from metarepro.figures.page import numbers as fmt
from metarepro.report.assurance import DOMAINS

FINDINGS_COLUMNS = (
    "analysis", "outcome", "harm", "experimental", "control", "measure", "k", "participants", "estimate", "ci_low",
    "ci_high", "control_risk", "control_risk_source", "treated_risk", "treated_low", "treated_high", "difference",
    "difference_low", "difference_high", "verdict", "crosses_null", "certainty", "do_not_quote",
)  # fmt: skip
LEAVE_ONE_OUT_COLUMNS = (
    "analysis", "measure", "without", "k", "participants", "estimate", "ci_low", "ci_high", "tau2", "crosses_null",
)  # fmt: skip
CERTAINTY_COLUMNS = ("analysis", "outcome", "part", "judgement", "reason", "assessor", "what_the_data_say")


def summary_of_findings_csv(names: Sequence[str], results: Iterable[AnalysisResult]) -> str:
    """The summary of findings at full precision; risks as shares of 1."""
    by_id = {r.id: r for r in results}
    rows: list[list[Any]] = []
    for r in (by_id[n] for n in names):
        s, a, c = r.summary, r.absolute, r.conclusion
        effect = [s.k, s.participants, s.estimate, s.ci_low, s.ci_high] if s else [0, None, None, None, None]
        risks = (
            [a.control_risk, str(a.source), a.treated_risk, a.treated_low, a.treated_high, a.difference,
             a.difference_low, a.difference_high]
            if a else [None] * 8
        )  # fmt: skip
        certainty = r.certainty.overall if r.certainty and r.certainty.overall else "not assessed"
        rows.append(
            [r.id, r.outcome_label, _word(r.harm), r.experimental_label, r.control_label, r.measure, *effect, *risks,
             c.verdict, _word(c.crosses_null), certainty, "; ".join(map(str, c.do_not_quote))]
        )  # fmt: skip
    return csv_text(FINDINGS_COLUMNS, rows)


def leave_one_out_csv(results: Iterable[AnalysisResult]) -> str:
    """Every pooled result without each of its studies."""
    rows = [
        [r.id, r.measure, w.label, w.k, w.participants, w.estimate, w.ci_low, w.ci_high, w.tau2, _word(w.crosses_null)]
        for r in results
        for w in r.leave_one_out
    ]
    return csv_text(LEAVE_ONE_OUT_COLUMNS, rows)


def certainty_csv(results: Iterable[AnalysisResult]) -> str:
    """Certainty: the judgements, and what the data say of each domain."""
    rows = []
    for r in results:
        c = r.certainty
        if c is None:
            continue
        rows.append([r.id, r.outcome_label, "overall", c.overall or "not assessed", c.reason, c.assessor, ""])
        rows += [
            [r.id, r.outcome_label, DOMAINS[d.domain], d.judgement or "not assessed", d.reason, "", str(d.fact or "")]
            for d in c.domains
        ]
    return csv_text(CERTAINTY_COLUMNS, rows)


def _word(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


READER_HEAD = ("Outcome", "With control", "With treatment", "Difference", "Relative effect", "Trials (people)",
               "Certainty")  # fmt: skip


def reader_rows(
    names: Sequence[str], results: Iterable[AnalysisResult], time_unit: str = "auto"
) -> list[tuple[str, ...]]:
    """The summary of findings as a reader sees it, for a paper."""
    from metarepro.report.findings_table import findings_view
    from metarepro.report.words import Reader

    view = findings_view(names, {r.id: r for r in results}, Reader(time_unit))
    return [
        tuple(_plain(x) for x in (f"{row['result'].outcome_label}, {row['when']}", *row["cells"], row["relative"],
                                  row["evidence"], row["certainty"]))
        for row in view["rows"]
    ]  # fmt: skip


def _plain(text: Any) -> str:
    return text.striptags() if hasattr(text, "striptags") else str(text)


def as_markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(c.replace('|', chr(92) + '|') for c in line)} |\n" for line in lines).encode()


_LATEX = {"&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}",
          "^": r"\textasciicircum{}", "\\": r"\textbackslash{}", fmt.MINUS: "$-$", "\u2013": "--"}  # fmt: skip


def as_latex(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table in LaTeX, for the package booktabs."""

    def line(cells: Sequence[str]) -> str:
        return " & ".join("".join(_LATEX.get(c, c) for c in cell) for cell in cells) + r" \\"

    body = [rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}", r"\toprule", line(head), r"\midrule",
            *map(line, rows), r"\bottomrule", r"\end{tabular}", ""]  # fmt: skip
    return "\n".join(body).encode()


def as_xlsx(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as a sheet; all cells are texts, so that nothing is taken for a formula or a date."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Summary of findings"
    for number, cells in enumerate([head, *rows], 1):
        for column, text in enumerate(cells, 1):
            cell = sheet.cell(number, column, text)
            cell.data_type = "s"
            cell.font = Font(bold=number == 1)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_docx(head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """A table as a document of Word.

    Raises
    ------
    ConfigError
        python-docx is not installed.
    """
    try:
        from docx import Document
    except ImportError:
        from metarepro.errors import ConfigError

        raise ConfigError("tables: docx needs python-docx. Fix: pip install metarepro[docx].") from None
    document = Document()
    table = document.add_table(rows=1, cols=len(head))
    table.style = "Table Grid"
    for cell, text in zip(table.rows[0].cells, head, strict=True):
        cell.paragraphs[0].add_run(text).bold = True
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


# Further formats by the words of the settings: ending of the file, what writes it. One row adds a format.
FORMATS = {
    "markdown": ("md", as_markdown), "latex": ("tex", as_latex), "xlsx": ("xlsx", as_xlsx), "docx": ("docx", as_docx),
}  # fmt: skip
