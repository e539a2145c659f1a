"""A researcher's own sheet (CSV or XLSX) as a project: one row a trial, or one row an arm."""

from metarepro.importing.sheet.read import SheetOptions, read_plain_sheet

__all__ = ["SheetOptions", "read_plain_sheet"]
