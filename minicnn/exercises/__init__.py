"""Self-grading exercises: write a function and check it (needs the extra ``test``).

python3 -m minicnn.exercises                          # list the exercises
python3 -m minicnn.exercises start conv2d_forward     # write conv2d_forward.py, to fill in
python3 -m minicnn.exercises check conv2d_forward.py  # check every exercise in the file
python3 -m minicnn.exercises hint conv2d_forward      # after an attempt: a hint, one of three
python3 -m minicnn.exercises status                   # what is right and what is next
python3 -m minicnn.exercises train                    # train a network with your own functions
python3 -m minicnn.exercises cheatsheet               # formula, shapes and gradient of each op

For teachers: `classroom` writes a folder for a class (stubs, notebooks for nbgrader, a table of
points, slides), `grade` grades what was handed in, and `check --json` is for autograders. The exit
code is 0 if every exercise is right, 1 if one is wrong or not written yet, 2 if a file could not be
read or the command is wrong.

For a wrong answer the grader prints the smallest case that fails, small enough to follow by hand,
and a hint about the kind of mistake; for a right one, why it is right, and how long it takes beside
minicnn's own function. The file runs in a process of its own; only the results of its functions
come back, and are compared here. The solutions are in ``minicnn/exercises/tasks/``; no message
contains them.
"""
