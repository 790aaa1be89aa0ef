"""Exercise: the gradient of a convolution with respect to its kernels."""

from torch import Tensor

from minicnn.exercises.cases import in_float32
from minicnn.exercises.conv_cases import conv_gradient, convolutions
from minicnn.exercises.exercise import Exercise, Fast, Probe, Stub, Suspect
from minicnn.testing.case import Case


@Stub
def conv2d_grad_weight(
    grad: Tensor,
    input: Tensor,
    weight: Tensor,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> Tensor:
    """Compute the gradient of the loss with respect to the kernels of a convolution.

        ∂L/∂weight[o, c, i, j] = Σ_n,y,x ∂L/∂out[n, o, y, x] · ∂out[n, o, y, x]/∂weight[o, c, i, j]

    where out is the output of conv2d_forward. A weight is used at every position of every image:
    what is it multiplied by there?

    Args:
        grad: ∂L/∂out, (N, O, OH, OW).
        input: the images, (N, C, H, W).
        weight: the kernels, (O, C/G, kH, kW); only the shape is used.
        stride: s.
        padding: p, cells of 0 on each of the four sides.
        dilation: d.
        groups: G, which divides C and O.

    Returns:
        ∂L/∂weight, (O, C/G, kH, kW), with the dtype of ``weight``.

    Example:
        >>> image = torch.tensor([[[[1.0, 2.0, 3.0]]]])
        >>> grad = torch.tensor([[[[1.0, 10.0]]]])
        >>> conv2d_grad_weight(grad, image, torch.zeros(1, 1, 1, 2), 1, 0, 1, 1)
        tensor([[[[21., 32.]]]])
    """
    raise NotImplementedError


def solution(
    grad: Tensor,
    input: Tensor,
    weight: Tensor,
    stride: int,
    padding: int,
    dilation: int,
    groups: int,
) -> Tensor:
    """Sum, for each weight, the gradient times the cells that the weight was applied to."""
    n_images, channels, height, width = input.shape
    n_kernels, seen, k_h, k_w = weight.shape
    out_h, out_w = grad.shape[2:]
    padded = input.new_zeros(n_images, channels, height + 2 * padding, width + 2 * padding)
    padded[:, :, padding : padding + height, padding : padding + width] = input
    result = input.new_zeros(n_kernels, seen, k_h, k_w)
    for o in range(n_kernels):
        first = o // (n_kernels // groups) * seen
        for c in range(seen):
            for i in range(k_h):
                for j in range(k_w):
                    for y in range(out_h):
                        for x in range(out_w):
                            h, w = y * stride + i * dilation, x * stride + j * dilation
                            met = padded[:, first + c, h, w]
                            result[o, c, i, j] += (grad[:, o, y, x] * met).sum()
    return result


def twin(**arguments: Tensor) -> Tensor:
    """Compute the gradient with torch's autograd."""
    names = ("grad", "input", "weight")
    inputs = {name: arguments.pop(name) for name in names}
    return conv_gradient(Case(inputs, arguments), "weight")


def as_if(case: Case, **geometry: int) -> Tensor:
    """Read the image with another geometry, cropped to what the output positions need."""
    g = {**case.options, **geometry}
    x, grad, weight = (case.inputs[name] for name in ("input", "grad", "weight"))
    spans = [g["dilation"] * (k - 1) + 1 for k in weight.shape[2:]]
    sizes = [
        (n - 1) * g["stride"] + k - 2 * g["padding"]
        for n, k in zip(grad.shape[2:], spans, strict=True)
    ]
    return case.replace(input=x[:, :, : sizes[0], : sizes[1]], **geometry).call(twin)


EXERCISE = Exercise(
    stub=conv2d_grad_weight,
    task="the gradient of convolution with respect to its kernels",
    chapter="the-backward-pass-of-convolution",
    solution=solution,
    twin=twin,
    probes=(
        Probe(
            "one square image, one square kernel",
            convolutions(square=True, gradient=True),
            "Take a kernel of two cells on an image of three: write down the two outputs as sums, "
            "and differentiate them with respect to the first weight.",
        ),
        Probe(
            "sides of different lengths",
            convolutions(gradient=True),
            "Height and width are exchanged somewhere: sizes, loops or indices.",
        ),
        Probe(
            "several channels",
            convolutions(channels=2, gradient=True),
            "The weights of a channel are multiplied with cells of that channel only.",
        ),
        Probe(
            "several kernels",
            convolutions(kernels=3, gradient=True),
            "The gradient of a kernel depends on its own channel of `grad` only.",
        ),
        Probe(
            "several images",
            convolutions(images=3, gradient=True),
            "The same weights are applied to every image: the contributions are summed.",
        ),
        Probe(
            "stride 2",
            convolutions(stride=2, gradient=True),
            "Right for stride 1: neighbours in `grad` are now two cells apart in the image.",
        ),
        Probe(
            "padding 1",
            convolutions(padding=1, gradient=True),
            "Right without padding: position 0 now starts outside the image, where the weights are "
            "multiplied by zeros.",
        ),
        Probe(
            "dilation 2",
            convolutions(dilation=2, gradient=True),
            "Right for dilation 1: neighbours in the kernel are applied to cells two apart.",
        ),
        Probe(
            "groups 2",
            convolutions(groups=2, channels=2, kernels=2, gradient=True),
            "Right for one group: which channels does kernel o see, and which is the first?",
        ),
        Probe(
            "stride 2, padding 1, dilation 2 together",
            convolutions(stride=2, padding=1, dilation=2, gradient=True),
            "Each is right on its own. The stride multiplies the index into `grad`, the dilation "
            "that into the kernel.",
        ),
        Probe(
            "float32",
            in_float32(convolutions(channels=2, gradient=True)),
            "The result has the dtype of the images.",
        ),
    ),
    suspects=(
        Suspect(
            "kernel flipped",
            lambda case: case.call(twin).flip(2, 3),
            "The result is flipped: the first weight is applied to the first cell of each window.",
        ),
        Suspect(
            "rows and columns exchanged",
            lambda case: case.replace(input=case.inputs["input"].mT).call(twin),
            "The rows and columns of the image are exchanged.",
        ),
        Suspect(
            "mean over the positions",
            lambda case: case.call(twin) / case.inputs["grad"][0, 0].numel(),
            "You divide by the number of positions. The chain rule has a sum there.",
        ),
        Suspect(
            "mean over the batch",
            lambda case: case.call(twin) / len(case.inputs["grad"]),
            "You divide by the number of images. If the loss is a mean, that factor is in `grad`.",
        ),
        Suspect(
            "only one image",
            lambda case: case.replace(
                grad=case.inputs["grad"][:1], input=case.inputs["input"][:1]
            ).call(twin),
            "Only the first image of the batch is used.",
        ),
        Suspect(
            "stride forgotten",
            lambda case: as_if(case, stride=1),
            "The argument `stride` has no effect.",
        ),
        Suspect(
            "dilation forgotten",
            lambda case: as_if(case, dilation=1),
            "The argument `dilation` has no effect.",
        ),
        Suspect(
            "weight, not image",
            lambda case: case.inputs["grad"].sum() * case.inputs["weight"],
            "The value of the weight is not needed: the derivative of a product with respect to "
            "one factor is the other factor.",
        ),
    ),
    hints=(
        "Take a kernel of two cells on an image of three. Write both outputs as sums, and "
        "differentiate each with respect to the first weight. What remains?",
        "The derivative of an output with respect to a weight is the cell that the weight is "
        "multiplied by there. The chain rule multiplies it by the gradient of that output and "
        "sums over all outputs.",
        "Start with a result of zeros in the shape of the kernels. For each weight and each "
        "output position, find the cell of the padded image that the weight meets there, "
        "exactly as in the forward pass. Add that cell times the gradient of the output.",
    ),
    why=(
        "out is linear in each weight, so its derivative is the cell that the weight meets. "
        "Summed over images and positions, this is again a correlation: of the image with the "
        "gradient."
    ),
    fast=Fast(
        "minicnn.functional.conv.rows.correlate",
        "computes it as one matrix product for each output row",
    ),
)
