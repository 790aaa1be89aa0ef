"""A report about a run: its numbers, tables and figures in one self-contained HTML file.

The file loads nothing from the network and runs no scripts, so it opens from a disk, an attachment
or an archive. It adapts to phones, dark mode and printing.

    parts     the parts of a page as plain data, and their checks
    markup    each part as HTML
    page      the whole page
    report    the report of a run
"""

from .. import viz as viz  # first: it imports matplotlib safely
from .page import page
from .parts import Picture, Section, Table
from .report import report

__all__ = ["Picture", "Section", "Table", "page", "report"]
