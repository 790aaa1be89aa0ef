"""How fast minicnn is, measured side by side with torch.

    python -m tests.bench                       every row but the whole processes
    python -m tests.bench --quick               a first impression, in half a minute
    python -m tests.bench --only conv2d         the rows whose name has a match for this pattern
    python -m tests.bench --whole               every row: most of an hour
    python -m tests.bench --save docs/results   write bench.json, bench.md and the bar charts
    python -m tests.bench --guard               exit 1 at a ratio twice its goal

Every figure is a ratio, ours / theirs. The two take turns in one process and one run, and each
repetition gives one ratio; what is reported is the median, between the quartiles. The processor's
moods so hit both alike: a ratio says something where an absolute time would not.

measure    two functions take turns            table     the rows and their goals
spread     median and quartiles                ops       single operations, and Adam
row        a row, its goal, its result         geometry  strides, padding, dilation, groups
report     JSON, Markdown                      steps     training steps, evaluation
chart      bars                                scaling   memory, and batches that double
guard      fails on a gross slowdown           whole     whole processes
twins      torch's module for each layer       memory    the most that tensors take at once
"""
