"""Proof that the tests bite: wrong versions of the library, each of which a test has to notice.

``python -m tests.mutants`` tries the museum of bugs, ``museum/``: small patches that learners and
real projects write. ``python -m tests.mutants --general 300`` tries a sample of all mutants that
``general.py`` can make, mechanically, of the functions and optimizers; with ``--over around`` of
the packages around them.
"""
