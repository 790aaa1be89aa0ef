"""Wrong answers to the exercises on initialisation, batch norm, optimizers and dropout."""

# exercise: (mistake, topic of the hint, correct text, wrong text)
ANSWERS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "kaiming_uniform": (
        ("fan_out", "fan_out instead of fan_in", "uniform[0].numel()", "uniform[:, 0].numel()"),
        ("only the channels", "window not counted", "uniform[0].numel()", "uniform.shape[1]"),
        ("all weights", "everything counted", "uniform[0].numel()", "uniform.numel()"),
        ("variance 1 / fan_in", "variance 1 / fan_in", "3 * 2 / fan_in", "3 / fan_in"),
        (
            "the standard deviation as the bound",
            "standard deviation as the bound",
            "3 * 2 / fan_in",
            "2 / fan_in",
        ),
        ("no root", "root forgotten", "math.sqrt(3 * 2 / fan_in)", "3 * 2 / fan_in"),
        (
            "only positive weights",
            "only positive weights",
            "uniform * (2 * bound) - bound",
            "uniform * bound",
        ),
        (
            "Xavier's rule",
            "Xavier's rule",
            "uniform[0].numel()",
            "uniform[0].numel() + uniform[:, 0].numel()",
        ),
    ),
    "batch_norm_train": (
        (
            "n − 1 in y",
            "n − 1 instead of n",
            "(squares / n + eps)",
            "(squares / (n - 1) + eps)",
        ),
        ("n in the running variance", "n instead of n − 1", "squares / (n - 1)", "squares / n"),
        (
            "the two exchanged",
            "n and n − 1 exchanged",
            "(squares / n + eps).sqrt() + bias[c]\n"
            "        means.append((1 - momentum) * running_mean[c] + momentum * mean)\n"
            "        variances.append((1 - momentum) * running_var[c] "
            "+ momentum * squares / (n - 1))",
            "(squares / (n - 1) + eps).sqrt() + bias[c]\n"
            "        means.append((1 - momentum) * running_mean[c] + momentum * mean)\n"
            "        variances.append((1 - momentum) * running_var[c] + momentum * squares / n)",
        ),
        (
            "momentum the wrong way round",
            "momentum the wrong way round",
            "    y, means, variances",
            "    momentum = 1 - momentum\n    y, means, variances",
        ),
        (
            "epsilon outside the root",
            "epsilon outside the root",
            "(squares / n + eps).sqrt()",
            "((squares / n).sqrt() + eps)",
        ),
        ("no root", "root forgotten", "(squares / n + eps).sqrt()", "(squares / n + eps)"),
        ("one mean for all channels", "several channels", "x.sum() / n", "input.mean()"),
        (
            "the running statistics not updated",
            "running statistics not updated",
            "return y, torch.stack(means), torch.stack(variances)",
            "return y, running_mean, running_var",
        ),
        (
            "the running statistics overwritten",
            "changed",
            "return y, torch.stack(means)",
            "running_mean.copy_(torch.stack(means))\n    return y, running_mean",
        ),
        ("only y", "type", "return y, torch.stack(means), torch.stack(variances)", "return y"),
        ("no bias", "weight and bias", ".sqrt() + bias[c]", ".sqrt()"),
        (
            "the first image's statistics",
            "several images",
            "mean = x.sum() / n",
            "mean = x[0].mean()",
        ),
        ("no epsilon", "epsilon forgotten", "(squares / n + eps)", "(squares / n)"),
        (
            "the statistics of all channels together",
            "over all channels",
            "mean = x.sum() / n\n        squares = ((x - mean) ** 2).sum()",
            "mean, n = input.mean(), input.numel()\n        squares = ((input - mean) ** 2).sum()",
        ),
    ),
    "sgd_momentum": (
        ("uphill", "uphill", "param - velocity", "param + velocity"),
        (
            "damped",
            "damped",
            "grad + buffer * momentum",
            "grad * (1 - momentum) + buffer * momentum",
        ),
        (
            "Nesterov's step",
            "Nesterov's step",
            "param - velocity * lr",
            "param - (grad + velocity * momentum) * lr",
        ),
        (
            "the learning rate in the buffer",
            "learning rate in the buffer",
            "velocity = grad + buffer * momentum\n    return param - velocity * lr,",
            "velocity = grad * lr + buffer * momentum\n    return param - velocity,",
        ),
        (
            "the gradient decays too",
            "gradient decays too",
            "grad + buffer * momentum",
            "(grad + buffer) * momentum",
        ),
        ("the old buffer", "old buffer", "param - velocity * lr", "param - buffer * lr"),
        (
            "only the gradient",
            "momentum without effect on the step",
            "param - velocity * lr",
            "param - grad * lr",
        ),
        (
            "results exchanged",
            "results exchanged",
            "return param - velocity * lr, velocity",
            "return velocity, param - velocity * lr",
        ),
        (
            "parameters overwritten",
            "changed",
            "return param - velocity * lr, velocity",
            "param -= velocity * lr\n    return param, velocity",
        ),
    ),
    "adam_step": (
        (
            "no bias correction",
            "no bias correction",
            "m_hat = new_m / (1 - b1**t)\n    v_hat = new_v / (1 - b2**t)",
            "m_hat, v_hat = new_m, new_v",
        ),
        (
            "v not corrected",
            "bias correction of one moment only",
            "new_v / (1 - b2**t)",
            "new_v",
        ),
        (
            "no power of t",
            "power of t forgotten",
            "m_hat = new_m / (1 - b1**t)\n    v_hat = new_v / (1 - b2**t)",
            "m_hat = new_m / (1 - b1)\n    v_hat = new_v / (1 - b2)",
        ),
        ("t counted from 0", "t off by one", "b1, b2 = betas", "b1, b2 = betas\n    t = t + 1"),
        (
            "the corrected moments returned",
            "corrected moments returned",
            "eps), new_m, new_v",
            "eps), m_hat, v_hat",
        ),
        ("no square", "square forgotten", "grad * grad * (1 - b2)", "grad * (1 - b2)"),
        ("uphill", "uphill", "param - lr", "param + lr"),
        ("no root", "root forgotten", "v_hat.sqrt()", "v_hat"),
        (
            "epsilon under the root",
            "epsilon under the root",
            "(v_hat.sqrt() + eps)",
            "(v_hat + eps).sqrt()",
        ),
        ("the betas exchanged", "betas exchanged", "b1, b2 = betas", "b2, b1 = betas"),
        ("the old m", "the first step", "m_hat = new_m /", "m_hat = m /"),
    ),
    "cosine_schedule": (
        (
            "a straight line",
            "a straight line",
            "math.cos(step / total_steps * math.pi)",
            "(1 - 2 * step / total_steps)",
        ),
        ("upwards", "upwards", "middle + swing", "middle - swing"),
        ("a full wave", "a full wave", "* math.pi", "* 2 * math.pi"),
        ("degrees", "degrees instead of radians", "math.pi", "180"),
        (
            "a quarter of a wave",
            "quarter of a wave",
            "middle + swing * math.cos(step / total_steps * math.pi)",
            "min_lr + 2 * swing * math.cos(step / total_steps * math.pi / 2)",
        ),
        (
            "not halved",
            "not halved",
            "middle + swing * math.cos(step / total_steps * math.pi)",
            "min_lr + 2 * swing * (1 + math.cos(step / total_steps * math.pi))",
        ),
        (
            "no minimal rate",
            "min_lr forgotten",
            "middle, swing =",
            "min_lr = 0.0\n    middle, swing =",
        ),
        (
            "min_lr only added",
            "min_lr only added",
            "(max_lr + min_lr) / 2, (max_lr - min_lr) / 2",
            "max_lr / 2 + min_lr, max_lr / 2",
        ),
        (
            "the steps rounded down",
            "all steps, down to 0",
            "step / total_steps",
            "step // total_steps",
        ),
        (
            "down to below min_lr",
            "negative half",
            "middle + swing * math.cos(step / total_steps * math.pi)",
            "min_lr + 2 * swing * math.cos(step / total_steps * math.pi)",
        ),
    ),
    "dropout": (
        ("not scaled", "not scaled", "input / (1 - p)", "input * 1.0"),
        ("divided by p", "divided by p", "input / (1 - p)", "input / max(p, 1e-9)"),
        ("multiplied", "multiplied, not divided", "input / (1 - p)", "input * (1 - p)"),
        ("the others dropped", "the others dropped", "uniform < p", "uniform >= p"),
        (
            "random numbers equal to p dropped",
            "random numbers equal to p",
            "uniform < p",
            "uniform <= p",
        ),
        ("training ignored", "training ignored", "if not training:", "if False:"),
        (
            "scaled when not training",
            "scaled when not training",
            "return input.clone()",
            "return input * (1 - p)",
        ),
        (
            "its own random numbers",
            "unsteady",
            "uniform < p",
            "torch.rand(input.shape) < p",
        ),
        (
            "one random number for all",
            "p = ½",
            "uniform < p",
            "uniform.flatten()[0] < p",
        ),
        ("torch's dropout", "ready-made", "input / (1 - p)", "torch.dropout(input, p, training)"),
    ),
}
