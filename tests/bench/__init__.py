"""How fast minicnn is, measured side by side with torch.

    python -m tests.bench                       all rows but the whole processes: three minutes
    python -m tests.bench --quick               a first impression, in a minute: processor time
    python -m tests.bench --only conv2d         the rows whose name matches this pattern
    python -m tests.bench --whole               all rows: twenty minutes a run
    python -m tests.bench --runs 5              repeat everything in five fresh processes
    python -m tests.bench --save docs/results   write bench.json, bench.md and the bar charts
    python -m tests.bench --guard               exit 1 at a ratio far above its goal
    python -m tests.bench.profile               time and memory of a network, layer by layer

Every figure is a ratio, ours / theirs. The two take turns in one process, so that whatever else the
machine does affects both, and each repetition gives one ratio. The median is reported with its
quartiles. A ratio is comparable where an absolute time would not be. Repetitions in one process
share its memory addresses and the state of the machine, so their spread is too small; ``--runs``
reports the spread between runs.

table    the rows and their goals           measure    timing in turns, spread, fresh processes
row      a row and its result               report     terminal, JSON, Markdown, chart
ops      single operations, and Adam        guard      fails on a gross slowdown
steps    training steps, evaluation         profile    a network layer by layer
memory   of tensors, and of a process       twins      the torch.nn twin of a network
whole    whole processes                    reference  the usual script, to compare with
networks convolutions of real networks        beside     two records, case by case
"""
