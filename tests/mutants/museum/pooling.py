"""Bugs of pooling, in windows of fixed and of adaptive size."""

from ..mutant import Mutant

MAX, WINNERS = "functional/pool/maximum.py", "functional/pool/winners.py"
AVG, ADAPTIVE = "functional/pool/average.py", "functional/pool/adaptive.py"
MAX_TEST, AVG_TEST = "functional/test_max_pool.py::test_", "functional/test_avg_pool.py::test_"
ADAPTIVE_TEST = "functional/test_adaptive_pool.py::test_"

MUTANTS = (
    Mutant(
        "max_pool: pad cells win",
        WINNERS,
        'return float("-inf") if x.is_floating_point() else torch.iinfo(x.dtype).min',
        "return 0",
        "The padding is zeros, as everywhere else: they beat negative numbers.",
        MAX_TEST + "padding_never_wins",
    ),
    Mutant(
        "max_pool: ties routed to all winners",
        WINNERS,
        "    *shares, left = _cells(out, axes)\n"
        "    left.copy_(g)\n"
        "    for cell, share in zip(_cells(h, axes), shares, strict=False):"
        "  # all cells but the last\n"
        "        torch.eq(cell, y, out=share).mul_(left)\n"
        "        left.sub_(share)\n",
        "    for cell, share in zip(_cells(h, axes), _cells(out, axes), strict=True):\n"
        "        torch.eq(cell, y, out=share).mul_(g)\n",
        "The gradient goes to every cell that equals the maximum.",
        MAX_TEST + "of_equal_cells_the_first_in_reading_order_wins",
    ),
    Mutant(
        "max_pool: what the winner took is not taken away from the rest",
        WINNERS,
        "        left.sub_(share)\n    return out",
        "    return out",
        "The last cell of a window, which keeps what is left, gets the whole gradient again.",
        MAX_TEST + "the_gradient_goes_to_the_winner_alone",
    ),
    Mutant(
        "max_pool: ties routed to all winners of overlapping windows",
        WINNERS,
        "        left.sub_(share)\n        out[place]",
        "        out[place]",
        "The same, in the branch for windows that share cells.",
        MAX_TEST + "no_gradient_is_lost_or_made",
    ),
    Mutant(
        "max_pool: the last of equal cells wins",
        WINNERS,
        "leads = (cell > best) | cell.isnan()",
        "leads = (cell >= best) | cell.isnan()",
        "≥ for >.",
        MAX_TEST + "value_winner_gradient_and_second_derivatives_are_torchs",
    ),
    Mutant(
        "max_pool: NaN loses",
        WINNERS,
        "leads = (cell > best) | cell.isnan()",
        "leads = cell > best",
        "Every comparison with NaN is false, so NaN never leads.",
        MAX_TEST + "nan_beats_every_number_and_the_last_nan_every_other",
    ),
    Mutant(
        "max_pool: gradient overwritten where windows overlap",
        WINNERS,
        "out[place] += share[seen]",
        "out[place] = share[seen]",
        "A cell that wins several windows hears of one.",
        MAX_TEST + "a_cell_that_wins_several_windows_gets_the_gradient_of_each",
    ),
    Mutant(
        "max_pool: the fast way taken with infinities too",
        WINNERS,
        "if are_finite(g, y):",
        "if torch.func.debug_unwrap(g) is g and torch.func.debug_unwrap(y) is y:",
        "0 · ∞ = NaN: the losers' gradients are spoilt.",
        MAX_TEST + "nan_and_infinity_win_and_lose_as_in_torch",
    ),
    Mutant(
        "max_pool: indices count by the height",
        WINNERS,
        "return row * cols.size + left",
        "return row * rows.size + left",
        "row · H + column: right for square images.",
        MAX_TEST + "indices_say_where_in_the_image_the_winner_is",
    ),
    Mutant(
        "max_pool: stride is 1 unless given",
        MAX,
        "s, p = k if stride is None",
        "s, p = (1, 1) if stride is None",
        "The default of convolution.",
        MAX_TEST + "windows_lie_side_by_side_unless_the_stride_says_otherwise",
    ),
    Mutant(
        "max_pool: ceil_mode keeps a window that starts outside",
        "functional/pool/windows.py",
        "return replace(axis, out=axis.out - 1) if ceil_mode and starts_outside else axis",
        "return axis",
        "Rounding up is all that is done.",
        MAX_TEST + "ceil_mode_takes_a_last_window_that_hangs_over_the_end_if_it_starts_inside",
    ),
    Mutant(
        "max_pool: dilation ignored",
        MAX,
        'k, d = pair("kernel_size", kernel_size, 1), pair("dilation", dilation, 1)',
        'k, d = pair("kernel_size", kernel_size, 1), (1, 1)',
        "Nobody pools with dilation, so nobody noticed.",
        MAX_TEST + "dilation_sets_the_cells_of_a_window_apart",
    ),
    Mutant(
        "avg_pool: padding always counted",
        AVG,
        "_lengths(axis, count_include_pad)",
        "_lengths(axis, True)",
        "count_include_pad=False changes nothing.",
        AVG_TEST + "padding_counts_as_cells_of_zero_or_not_at_all",
    ),
    Mutant(
        "avg_pool: cells beyond the padding counted",
        AVG,
        "min(s + axis.kernel, axis.size + pad) - max(s, -pad)",
        "s + axis.kernel - max(s, -pad)",
        "With ceil_mode the last mean is divided by cells that do not exist.",
        AVG_TEST + "cells_beyond_the_padding_count_never",
    ),
    Mutant(
        "avg_pool: gradient overwritten where windows overlap",
        AVG,
        "wide[:, :, cells] += h[:, :, seen]",
        "wide[:, :, cells] = h[:, :, seen]",
        "A cell gets the share of one of its windows.",
        AVG_TEST + "every_cell_of_a_window_gets_an_equal_share_of_its_gradient",
    ),
    Mutant(
        "avg_pool: divisor_override ignored",
        AVG,
        "torch.tensor(divisor_override or counts,",
        "torch.tensor(counts,",
        "The argument is checked, and then has no effect.",
        AVG_TEST + "the_sum_can_be_divided_by_something_else",
    ),
    Mutant(
        "adaptive pool: windows end at the floor",
        ADAPTIVE,
        "-((o + 1) * size // -out)",
        "(o + 1) * size // out",
        "⌊·⌋ at both ends: windows never overlap.",
        ADAPTIVE_TEST + "where_windows_do_not_divide_the_image_they_overlap",
    ),
    Mutant(
        "adaptive pool: None means 1",
        ADAPTIVE,
        "input.shape[dim] if s is None else s",
        "1 if s is None else s",
        "None pools globally, instead of leaving the size as it is.",
        ADAPTIVE_TEST + "none_leaves_a_size_as_it_is",
    ),
    Mutant(
        "adaptive_avg_pool: gradient not shared",
        ADAPTIVE,
        "g.narrow(dim, o, 1) / (b - a)",
        "g.narrow(dim, o, 1)",
        "Every cell gets the whole gradient of its window's mean.",
        ADAPTIVE_TEST + "means_and_their_derivatives_are_torchs",
    ),
    Mutant(
        "adaptive_max_pool: indices within the window",
        ADAPTIVE,
        "return (y, places) if return_indices else y",
        "return (y, places - places.flatten(-2)[..., :1, None]) if return_indices else y",
        "Places are counted from the first winner, not from the image's corner.",
        ADAPTIVE_TEST + "indices_say_where_in_the_image_the_winner_is",
    ),
    Mutant(
        "max_pool2d: tiles that begin in the padding",
        WINNERS,
        "whole = axis.before == 0 and axis.span == axis.size",
        "whole = axis.span == axis.size",
        "As many rows as the image has, but the first of them is padding.",
        "functional/test_max_pool.py::test_windows_side_by_side_that_begin_in_the_padding",
    ),
)
