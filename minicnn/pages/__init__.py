"""Pages: the report of a run, and the explorer of a network, each one self-contained HTML file.

A page loads nothing from the network, so it opens from a disk, an attachment or an archive. It
adapts to phones, dark mode and printing. The report runs no scripts.

    parts     the parts of a page as plain data, and their checks
    markup    each part as HTML
    page      the whole page
    report    the report of a run
    explorer  a network that can be watched, forward and backward
"""

from .. import viz as viz  # first: it imports matplotlib safely
from .explorer import explorer, save_explorer
from .page import page
from .parts import Picture, Section, Table
from .report import report

__all__ = ["Picture", "Section", "Table", "explorer", "page", "report", "save_explorer"]
