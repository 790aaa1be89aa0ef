"""Exercises that grade themselves: write a function, and have it judged (needs ``minicnn[test]``).

python3 -m minicnn.exercises                          # which there are
python3 -m minicnn.exercises start conv2d_forward     # writes conv2d_forward.py, to be filled in
python3 -m minicnn.exercises check conv2d_forward.py  # judges every exercise found in the file

A wrong answer is met with the smallest case that shows it, small enough to follow by hand, and a
hint at the kind of mistake. The solutions are in ``minicnn/exercises/tasks/``; no message contains
them.
"""
