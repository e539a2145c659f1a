"""Tables as one workbook to type into: a sheet a table, what each column holds, lists of the allowed words."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from metarepro.evidence.dataset import numeric_columns
from metarepro.evidence.dictionary import column_names
from metarepro.evidence.tables import TABLES

# Rows for which the lists of allowed words are laid.
ROWS = 2000


def write_workbook(folder: Path, path: Path) -> None:
    """Put the CSV tables of a folder into one workbook and take them away.

    Parameters
    ----------
    folder : Path
        Folder of `studies.csv` and so on; tables that are not there get an empty sheet with their header.
    path : Path
        The workbook to write.
    """
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name in ("studies", "arms", "dichotomous", "continuous", "contrasts", "sources"):
        file = folder / f"{name}.csv"
        rows = list(csv.reader(file.open(encoding="utf-8"))) if file.exists() else []
        _fill(book.create_sheet(name), name, rows)
        file.unlink(missing_ok=True)
    book.save(path)


def _fill(sheet: Any, name: str, rows: list[list[str]]) -> None:
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    model = TABLES[name]
    numeric = numeric_columns(model)
    header = column_names(model)
    given = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True)) if rows else {}
    for number, column in enumerate(header, 1):
        field = model.model_fields[column]
        letter = get_column_letter(number)
        cell = sheet.cell(1, number, column)
        cell.font = Font(bold=field.is_required())
        cell.comment = Comment(field.description or "", "metarepro", width=320, height=110)
        texts = given.get(column, ())
        for row, text in enumerate(texts, 2):
            _put(sheet.cell(row, number), text, column in numeric)
        sheet.column_dimensions[letter].width = min(max([len(column), *map(len, texts)]) + 3, 40)
        words = [w for w in getattr(field.annotation, "__args__", ()) if isinstance(w, str) and w]
        words = words or (["yes", "no"] if field.annotation is bool else [])
        if words:
            allowed = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
            allowed.error = f"Allowed: {', '.join(words)}"
            allowed.add(f"{letter}2:{letter}{ROWS}")
            sheet.add_data_validation(allowed)
        elif column not in numeric:
            # As text, so that no date is made of what is typed.
            sheet.column_dimensions[letter].number_format = "@"
    sheet.freeze_panes = "B2"


def _put(cell: Any, text: str, number: bool) -> None:
    """A cell that keeps the zeros at the end of a number: they say how it was printed."""
    if not text:
        return
    if not number:
        cell.value, cell.number_format = text, "@"
        return
    decimals = len(text.partition(".")[2])
    cell.value = float(text) if decimals else int(text)
    cell.number_format = f"0.{'0' * decimals}" if decimals else "General"
