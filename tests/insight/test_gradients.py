"""Gradients: those that a training step would use, under the parameters' paths."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minicnn import functional as F
from minicnn import insight, optim, train, tree

from .nets import generator, initialised, some_images, some_net


@given(count=st.integers(2, 5), seed=st.integers(0, 99))
def test_a_step_of_gradient_descent_subtracts_them(count: int, seed: int) -> None:
    net = some_net()
    params, state = initialised(net, seed)
    batch = some_images(count, seed), torch.arange(count) % 5
    named = insight.gradients(net, params, state, batch, rng=generator(seed))
    descent = optim.sgd(1.0)
    step = train.make_train_step(net, F.cross_entropy, descent)
    start = train.TrainState(0, params, state, descent.init(params))
    after, _ = step(start, batch, generator(seed))
    assert [path for path, _ in named] == list(tree.paths(params))
    leaves = zip(tree.leaves(params), tree.leaves(after.params), strict=True)
    for (_, gradient), (old, new) in zip(named, leaves, strict=True):
        torch.testing.assert_close(old - gradient, new)


def test_the_loss_may_be_another_one() -> None:
    net = some_net()
    params, state = initialised(net)
    batch = some_images(2), torch.tensor([0, 1])
    named = dict(
        insight.gradients(
            net, params, state, batch, lambda scores, _: scores.sum(), rng=generator(0)
        )
    )
    bias = named["6/bias"]
    assert torch.equal(bias, torch.full_like(bias, 2))  # each of two examples adds 1


def test_without_random_numbers_a_net_that_needs_them_complains() -> None:
    net = some_net()
    params, state = initialised(net)
    with pytest.raises(ValueError, match=r"dropout\(0.5\) needs rng"):
        insight.gradients(net, params, state, (some_images(2), torch.tensor([0, 1])))
