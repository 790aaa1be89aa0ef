"""Self-grading exercises: write a function and check it (needs ``minicnn[test]``).

python3 -m minicnn.exercises                          # list the exercises
python3 -m minicnn.exercises start conv2d_forward     # write conv2d_forward.py, to fill in
python3 -m minicnn.exercises check conv2d_forward.py  # check every exercise in the file

For a wrong answer the grader prints the smallest case that fails, small enough to follow by hand,
and a hint about the kind of mistake. The file runs in a process of its own; only the results of its
functions come back, and are compared here. The solutions are in ``minicnn/exercises/tasks/``; no
message contains them.
"""
