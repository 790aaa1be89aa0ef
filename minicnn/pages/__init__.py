"""A page about a run: its numbers, tables and figures, all in one HTML file.

The file asks no server for anything and runs no script: it opens from a disk, an attachment or an
archive, today and in ten years. It adapts to a phone, to a dark screen, and to paper.

    parts     what a page is made of: plain data, and its checks
    markup    each part as HTML
    page      the parts, one below the other
    report    the page of a run
"""

from .page import page
from .parts import Picture, Section, Table
from .report import report

__all__ = ["Picture", "Section", "Table", "page", "report"]
