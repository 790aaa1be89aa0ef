"""Data-parallel training: several processes share the work on every batch.

    torchrun --nproc-per-node=2 program.py

starts the same program twice. Each process draws the same weights, shuffles and augments the same
batches, and makes the same updates. They share the forward and backward passes, by far the most
work. With R_p for the rows of a batch x that belong to process p,

    s[R_p] = net(θ, x[R_p])                        the scores s of the whole batch are gathered;
    g = Σ_p ∂loss(s)/∂s[R_p] · ∂s[R_p]/∂θ          each process computes one term of the sum.

So every process has the loss, accuracy and update of the whole batch, and training in P processes
equals training in one, up to rounding. Each step needs two all-reduces, and a third with batch
normalisation, for its running statistics.

An all-reduce waits for every process, so all must make the same calls in the same order.

    with parallel.join(device) as processes:
        optimizer = optim.chain(parallel.average_gradients(processes), optim.adam())
        net = parallel.share_net(net, processes)
        step = train.make_train_step(net, F.cross_entropy, optimizer)
"""

from minicnn.layers.layer import Share
from minicnn.parallel.gradients import average_gradients
from minicnn.parallel.processes import Processes, ProcessLostError, find_device, join
from minicnn.parallel.share import share_net, share_of
from minicnn.parallel.sums import any_of, gather

__all__ = [
    "ProcessLostError",
    "Processes",
    "Share",
    "any_of",
    "average_gradients",
    "find_device",
    "gather",
    "join",
    "share_net",
    "share_of",
]
