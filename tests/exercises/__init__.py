"""Tests of the grader: it accepts correct answers and identifies the mistake in wrong ones.

``wrong/`` contains typical wrong answers as patches of the reference solutions, each with the
expected topic of the grader's hint. ``python -m tests.exercises`` grades all of them.
"""
