"""Projects made of files of other programs.

A reader returns an `ImportedProject`; `write_imported` writes any of them as a project folder.
"""

from metarepro.importing.project import ImportedProject, write_imported

__all__ = ["ImportedProject", "write_imported"]
