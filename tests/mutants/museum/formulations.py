"""Bugs of convolution's formulations, and of the choice between them."""

from ..mutant import Mutant

BLOCKS, DEPTHWISE = "functional/conv/blocks.py", "functional/conv/depthwise.py"
PRODUCTS = "functional/conv/products.py"
TEST = "functional/test_conv_formulations.py::test_"
TWINS = TEST + "value_gradients_and_second_derivatives_are_torchs"

MUTANTS = (
    Mutant(
        "blocks: each starts at the image's first row",
        BLOCKS,
        "before=rows.before - top * rows.stride",
        "before=rows.before",
        "All blocks of the output see the windows of the first one.",
        TWINS,
    ),
    Mutant(
        "blocks: the last one as high as the others",
        BLOCKS,
        "out = min(height, rows.out - top)",
        "out = height",
        "Rows left over in the last block are computed from cells below the image.",
        TWINS,
    ),
    Mutant(
        "blocks: the weight's gradient of the last one only",
        BLOCKS,
        "else torch.baddbmm(w, *factors)",
        "else torch.bmm(*factors)",
        "What the other blocks found is thrown away.",
        TWINS,
    ),
    Mutant(
        "blocks: overlaps overwritten",
        BLOCKS,
        "x[h, :, w_] += wide_ij[oh, :, ow]",
        "x[h, :, w_] = wide_ij[oh, :, ow]",
        "A cell that several windows see gets the gradient of one.",
        TWINS,
    ),
    Mutant(
        "blocks: bias dealt out to the groups in turn",
        BLOCKS,
        "bias.view(groups, -1, 1)",
        "bias.view(-1, groups, 1).transpose(0, 1)",
        "Group k gets the biases k, k + G, k + 2G, …, not a run of them.",
        TEST + "each_group_gets_its_own_run_of_biases",
    ),
    Mutant(
        "depthwise: kernels transposed",
        DEPTHWISE,
        "weight.flatten(1)[:, :, None, None]",
        "weight.mT.flatten(1)[:, :, None, None]",
        "The kernel's numbers are read column by column.",
        TWINS,
    ),
    Mutant(
        "depthwise: bias forgotten",
        DEPTHWISE,
        "y = first * w if bias is None else torch.addcmul(bias[:, None, None], first, w)",
        "y = first * w",
        "The fast path of a special case leaves out what the general one does.",
        TWINS,
    ),
    Mutant(
        "depthwise: written in place under vmap",
        DEPTHWISE,
        "if is_plain(y):",
        "if y is not None:",
        "vmap has no rule for addcmul_, and warns that it loops.",
        TEST + "vmap_of_grad_is_a_loop",
    ),
    Mutant(
        "choice: one channel a group is enough to be depthwise",
        PRODUCTS,
        "if 1 < groups == channels == kernels:",
        "if 1 < groups == channels:",
        "Two kernels for each channel are taken for one.",
        TEST + "the_choice",
    ),
    Mutant(
        "choice: the batch is left out of the width",
        PRODUCTS,
        "cols.out * batch < NARROW",
        "cols.out < NARROW",
        "Large batches, too, copy all their windows.",
        TEST + "the_choice",
    ),
    Mutant(
        "choice: groups at any number",
        PRODUCTS,
        "(narrow and weight >= LARGE) or groups >= MANY",
        "narrow and weight >= LARGE",
        "A product for each of many small groups: a loop over the channels.",
        TEST + "the_choice",
    ),
)
