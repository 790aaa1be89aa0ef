"""Wrong answers to the exercises on relu, softmax and the loss."""

LOG_SUM = "below - below.exp().sum().log()"
BELIEF = "belief[label] -= 1"

# exercise: (mistake, topic of the hint, correct text, wrong text)
ANSWERS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "relu_backward": (
        ("zero let through", "zero let through", "input > 0", "input >= 0"),
        ("relu itself", "forward, not backward", "grad * passes", "input * passes"),
        ("only the slope", "gradient forgotten", "grad * passes", "passes.to(grad)"),
        ("a comparison of the gradient", "sign of the gradient", "input > 0", "grad > 0"),
        ("unchanged", "let through unchanged", "grad * passes", "grad.clone()"),
        ("times the input", "times the input", "grad * passes", "grad * input * passes"),
        ("the negative side", "the negative side", "input > 0", "input < 0"),
        (
            "the gradient overwritten",
            "changed",
            "return grad * passes",
            "grad *= passes\n    return grad",
        ),
        ("torch's relu", "ready-made", "input > 0", "torch.relu(input) > 0"),
    ),
    "log_softmax": (
        ("no constant subtracted", "overflow", "row - row.max()", "row"),
        ("the maximum of all rows", "maximum of all rows", "row.max()", "logits.max()"),
        (
            "the columns normalised",
            "over the wrong dimension",
            "return torch.stack(rows)",
            "return logits - logits.exp().sum(0).log()",
        ),
        (
            "everything normalised together",
            "over everything",
            "below.exp().sum()",
            "(logits - row.max()).exp().sum()",
        ),
        ("probabilities", "logarithm forgotten", LOG_SUM, "below.exp() / below.exp().sum()"),
        ("base 2", "logarithm of base 2", LOG_SUM, f"({LOG_SUM}) / math.log(2)"),
        (
            "the constant subtracted only inside",
            "maximum not subtracted everywhere",
            LOG_SUM,
            "row - below.exp().sum().log()",
        ),
        (
            "the constant subtracted twice",
            "maximum not subtracted everywhere",
            LOG_SUM,
            "below - below.exp().sum().log() - row.max()",
        ),
        (
            "the logarithm of a quotient",
            "logarithm of a rounded probability",
            LOG_SUM,
            "(below.exp() / below.exp().sum()).log()",
        ),
        ("base 10", "logarithm of base 10", LOG_SUM, f"({LOG_SUM}) / math.log(10)"),
    ),
    "cross_entropy": (
        (
            "no constant subtracted",
            "overflow",
            "scores_of_one - scores_of_one.max()",
            "scores_of_one",
        ),
        ("the wrong sign", "sign", "log_sum - below[label]", "below[label] - log_sum"),
        ("a sum", "sum, not mean", "total / len(logits)", "total"),
        ("a mean over everything", "mean over everything", "len(logits)", "logits.numel()"),
        (
            "the probability",
            "logarithm forgotten",
            "log_sum - below[label]",
            "-(below[label] - log_sum).exp()",
        ),
        (
            "not normalised",
            "not normalised",
            "below = scores_of_one - scores_of_one.max()\n"
            "        log_sum = below.exp().sum().log()",
            "below, log_sum = scores_of_one, 0.0",
        ),
        (
            "every label for every row",
            "every label for every row",
            "log_sum - below[label]",
            "log_sum - below[target].mean()",
        ),
        (
            "only the first label",
            "several examples",
            "below[label]",
            "below[target[0]]",
        ),
        (
            "a Python number",
            "type",
            "return total / len(logits)",
            "return (total / len(logits)).item()",
        ),
        (
            "a loss for each example",
            "no mean at all",
            "return total / len(logits)",
            "rows = zip(logits, target, strict=True)\n"
            "    return torch.stack([row.exp().sum().log() - row[label] for row, label in rows])",
        ),
        (
            "the columns normalised",
            "over the wrong dimension",
            "return total / len(logits)",
            "log_p = logits - logits.exp().sum(0).log()\n"
            "    return -torch.stack([log_p[n, label] for n, label in enumerate(target)]).mean()",
        ),
        (
            "the logarithm of a mean",
            "logarithm of a mean",
            "return total / len(logits)",
            "rows = zip(logits, target, strict=True)\n"
            "    p = [row[label].exp() / row.exp().sum() for row, label in rows]\n"
            "    return -torch.stack(p).mean().log()",
        ),
    ),
    "cross_entropy_grad": (
        (
            "no constant subtracted",
            "overflow",
            "(scores_of_one - scores_of_one.max()).exp()",
            "scores_of_one.exp()",
        ),
        ("the wrong sign", "sign", "belief / len(logits)", "-belief / len(logits)"),
        ("no mean", "mean forgotten", "belief / len(logits)", "belief"),
        ("a mean over everything", "mean over everything", "len(logits)", "logits.numel()"),
        ("no label", "label forgotten", BELIEF, "pass"),
        (
            "only the label",
            "only the label",
            BELIEF,
            f"{BELIEF}\n        belief[: int(label)] = 0\n        belief[int(label) + 1 :] = 0",
        ),
        (
            "logits instead of probabilities",
            "not normalised",
            "belief = e / e.sum()",
            "belief = scores_of_one.clone()",
        ),
        (
            "log-probabilities",
            "one logarithm too many",
            "belief = e / e.sum()",
            "belief = (e / e.sum()).log()",
        ),
        ("one added", "one example", BELIEF, "belief[label] += 1"),
        ("a change in place", "changed", "(scores_of_one -", "scores_of_one.sub_("),
        (
            "the columns normalised",
            "over the wrong dimension",
            "return torch.stack(rows)",
            "p = logits.exp() / logits.exp().sum(0)\n"
            "    p[torch.arange(len(p)), target] -= 1\n"
            "    return p / len(p)",
        ),
    ),
}
