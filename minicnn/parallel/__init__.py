"""Data-parallel training: several processes share the work on every batch.

    torchrun --nproc-per-node=2 program.py

starts the same program twice. Each process draws the same weights, shuffles and augments the same
batches, and makes the same updates. What they share is the work of the network, by far the most of
it: with R_p for the rows of a batch x that are process p's,

    s[R_p] = net(θ, x[R_p])                        and all gather s, the whole batch's scores;
    g = Σ_p ∂loss(s)/∂s[R_p] · ∂s[R_p]/∂θ          of which each computes a term, and all add up.

So loss, accuracy and update are the whole batch's in every process, and training in P processes is
training in one, but for rounding. Each step takes two sums over the processes, and one more with
batch normalisation, for its running statistics.

A sum waits for every process: all have to make the same calls, in the same order.

    with parallel.join(device) as processes:
        optimizer = optim.chain(parallel.average_gradients(processes), optim.adam())
        net = parallel.share_net(net, processes)
        step = train.make_train_step(net, F.cross_entropy, optimizer)
"""

from minicnn.layers.layer import Share
from minicnn.parallel.gradients import average_gradients
from minicnn.parallel.processes import Processes, ProcessLostError, find_device, join
from minicnn.parallel.share import share_net, share_of
from minicnn.parallel.sums import any_of

__all__ = [
    "ProcessLostError",
    "Processes",
    "Share",
    "any_of",
    "average_gradients",
    "find_device",
    "join",
    "share_net",
    "share_of",
]
