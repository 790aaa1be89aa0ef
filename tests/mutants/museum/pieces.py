"""Bugs of the pieces that networks and their training are put together from."""

from ..mutant import Mutant

COMBINE, TRAIN, CHAIN = "layers/combine.py", "train/step.py", "optim/transform.py"
COMBINED, TRANSFORM = "layers/test_layers_combine.py::test_", "optim/test_optim_transform.py::test_"
ACCUMULATE_TEST, PIECES = "optim/test_accumulate.py::test_", "test_train_pieces.py::test_"

MUTANTS = (
    Mutant(
        "residual: shortcut of the output",
        COMBINE,
        "return outputs[0] + outputs[1], states",
        "return outputs[0] + outputs[0], states",
        "y = 2·f(x).",
        COMBINED + "residual_adds_its_shortcut",
    ),
    Mutant(
        "parallel: branches joined in the other order",
        COMBINE,
        "[batch_last(y) for y in outputs], 1)",
        "[batch_last(y) for y in outputs[::-1]], 1)",
        "Weights cannot be exchanged with torch.",
        COMBINED + "parallel_joins_the_channels_of_its_branches",
    ),
    Mutant(
        "state_dict: variance before mean",
        "layers/exchange.py",
        "for path in tree.paths(values)]",
        "for path in sorted(tree.paths(values), reverse=True)]",
        "Names and numbers go together no longer.",
        "layers/test_layers_exchange.py::test_a_networks_state_dict_is_its_twins",
    ),
    Mutant(
        "summary: a shortcut on the output",
        "layers/summary.py",
        "shape = in_shape if layer.name in SIDE_BY_SIDE else shape_after",
        "shape = shape_after",
        "The layers beside each other are listed as if they followed each other.",
        "layers/test_layers_summary.py::test_layers_side_by_side_are_listed_on_the_same_input",
    ),
    Mutant(
        "accumulate: the sum for the mean",
        "optim/accumulate.py",
        "m + g / every",
        "m + g",
        "Steps k times as large, where the optimizer does not divide by the gradient's size.",
        ACCUMULATE_TEST + "micro_batches_equal_one_large_batch",
    ),
    Mutant(
        "accumulate: the old sum kept",
        "optim/accumulate.py",
        "AccumulateState(torch.zeros_like(state.count), zeros, inner)",
        "AccumulateState(torch.zeros_like(state.count), mean, inner)",
        "Every update holds all gradients since the beginning.",
        ACCUMULATE_TEST + "micro_batches_equal_one_large_batch",
    ),
    Mutant(
        "partition: gradients in the order of their own dicts",
        "optim/partition.py",
        "zip(tree.leaves_like(params, values), found",
        "zip(tree.leaves(values), found",
        "A gradient whose keys are sorted goes to another parameter.",
        TRANSFORM + "dicts_may_be_in_any_order",
    ),
    Mutant(
        "optimizers: gradients of another shape broadcast",
        CHAIN,
        '        leaves_like("grads", grads, params)\n        return update',
        "        return update",
        "What adam refuses, another link lets through.",
        TRANSFORM + "gradients_that_do_not_match_the_parameters_are_refused",
    ),
    Mutant(
        "train: the graph of asking parameters",
        TRAIN,
        "        train_state, batch = tree.map(_without_graph, (train_state, batch))\n",
        "",
        "Each step hangs on to the graph of the step before.",
        PIECES + "what_arrives_with_requires_grad_makes_no_graph_grow",
    ),
    Mutant(
        "refresh: the statistics of the last batch",
        "train/statistics.py",
        "tree.map(torch.add, total, measured), count + 1",
        "measured, 1",
        "One batch for all.",
        PIECES + "refreshed_statistics_are_those_of_torchs_update_bn",
    ),
)
