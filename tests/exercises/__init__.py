"""Proof that the grader grades: right answers pass, wrong ones are told what is wrong with them.

``wrong/`` keeps typical wrong answers as patches of the reference solutions, each with the topic
that the grader's hint must have. ``python -m tests.exercises`` gives them to the grader.
"""
