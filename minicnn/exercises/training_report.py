"""What a training with a learner's functions has come to, beside the same one with minicnn's."""

from dataclasses import dataclass

LITTLE = 0.5  # of the accuracy of a whole training: less than that is little


@dataclass
class Run:
    """What a training has done.

    Attributes:
        steps: the number of its steps.
        batch: the number of digits in each.
        seconds: the duration.
        spent: seconds in each function.
        loss: the mean loss on the test digits.
        accuracy: the fraction of the test digits that are classified correctly.
    """

    steps: int
    batch: int
    seconds: float
    spent: dict[str, float]
    loss: float
    accuracy: float


def table(yours: Run, ours: Run, whole: Run | None) -> str:
    """Compare the trainings: loss and accuracy on the test digits, and time.

    Example:
        >>> print(table(Run(9, 32, 30.0, {}, 0.5, 0.85), Run(9, 32, 0.1, {}, 0.5, 0.85), None))
        on the test digits               loss   accuracy   seconds
        yours, 9 steps of 32           0.5000     85.00%      30.0
        minicnn's, the same steps      0.5000     85.00%       0.1
    """
    rows = [
        (f"yours, {yours.steps} steps of {yours.batch}", yours),
        ("minicnn's, the same steps", ours),
    ]
    if whole:
        rows.append((f"minicnn's, {whole.steps} steps of {whole.batch}", whole))
    lines = [f"{'on the test digits':27}  {'loss':>8}   accuracy   seconds"]
    for title, one in rows:
        lines.append(f"{title:27}  {one.loss:8.4f}   {one.accuracy:8.2%}   {one.seconds:7.1f}")
    return "\n".join(lines)


def too_few(yours: Run, ours: Run, whole: Run, names: list[str]) -> str:
    """Say what to do if there were too few steps: so few that minicnn's learn little in them too.

    Example:
        >>> few, whole = Run(14, 4, 52.0, {"dropout": 9.0}, 2.3, 0.13), Run(500, 32, 9.0, {}, 0, 1)
        >>> print(too_few(few, few, whole, ["dropout"]))
        14 steps of 4 digits are too few to learn: make dropout faster, the slowest of your
        functions, or allow more time (--minutes 32).
        >>> too_few(few, whole, whole, ["dropout"])
        ''
    """
    if ours.accuracy > LITTLE * whole.accuracy:
        return ""
    slowest = max(names, key=lambda name: yours.spent[name])
    minutes = whole.steps * yours.seconds / yours.steps / 60 + 1
    return (
        f"{yours.steps} steps of {yours.batch} digits are too few to learn: make {slowest} faster, "
        f"the slowest of your\nfunctions, or allow more time (--minutes {minutes:.0f})."
    )


def spent(yours: Run, ours: Run, names: list[str]) -> str:
    """Tell in which of the learner's functions the time was spent, the slowest first.

    Example:
        >>> def one(*seconds):
        ...     return Run(9, 32, 4.0, dict(zip(("dropout", "adam_step"), seconds)), 0.5, 0.8)
        >>> print(spent(one(1.0, 2.0), one(0.1, 0.5), ["dropout", "adam_step"]))
        seconds in             yours   share   minicnn's
        adam_step               2.00     50%        0.50
        dropout                 1.00     25%        0.10
        minicnn's part          1.00     25%
    """
    order = sorted(names, key=lambda name: -yours.spent[name])
    lines = [f"{'seconds in':20}  {'yours':>6}   share   minicnn's"]
    for name in order:
        mine = yours.spent[name]
        share = mine / yours.seconds
        lines.append(f"{name:20}  {mine:6.2f}   {share:5.0%}   {ours.spent[name]:9.2f}")
    own = "minicnn's part"
    rest = yours.seconds - sum(yours.spent[name] for name in names)
    lines.append(f"{own:20}  {rest:6.2f}   {rest / yours.seconds:5.0%}")
    return "\n".join(lines)
