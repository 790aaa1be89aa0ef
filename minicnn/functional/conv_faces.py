"""The three faces of convolution, each the derivative of the other two.

For an image x, a kernel w and an output-shaped g, convolution is one sum of products of the three:

    T(x, w, g) = Σ  g[n, o, oh, ow] · w[o, c, i, j] · x[n, c, oh·s + i·d − p, ow·s + j·d − p]

over all indices. T is linear in each of the three, so its derivative with respect to one is a
function of the other two, and these are the faces:

    ∂T/∂g = convolve(x, w)          the convolution itself
    ∂T/∂x = transpose(g, w)         the gradient of its input, the transposed convolution
    ∂T/∂w = correlate(x, g)         the gradient of its weight

Hence the backward of each face is the other two, and derivatives of every order follow.

How they are computed: images lie in memory as (H, C, W, N) (see layout.py). Sliding along W is one
copy, kW times the image; sliding along H is then an overlapping view of that copy, which a batched
matrix product accepts as it is, so the kH·kW-fold im2col matrix is never written:

    columns      (OH, kH·kW·C, OW·N)      a view of the (H, kW·C, OW·N) copy
    convolve     weight (O, kH·kW·C) times columns, for each output row oh
    correlate    columns times g transposed, summed over the output rows
    transpose    kernel row by kernel row, weightᵀ times g is added to the rows that it came from

The matrices are so wide, OW·N, because the batch is innermost; with N = 1 they still are OW wide.
The rows of a dilated kernel, or of one group among several, do not lie one behind the other in the
copy. Then each row of the kernel makes a product of its own, and the products are summed.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from minicnn.functional.geometry import Axis
from minicnn.functional.layout import batch_last, follow, nchw
from minicnn.functional.plain import is_plain
from minicnn.functional.windows import inside, slide, spread, tap


@dataclass(frozen=True)
class ConvGeometry:
    """Where the windows of a convolution lie, and into how many groups its channels are split."""

    rows: Axis
    cols: Axis
    groups: int


def _columns(x: Tensor, geometry: ConvGeometry) -> list[Tensor]:
    """Turn an image (H, C, W, N) into its windows, (OH·G, kH·kW·C/G, OW·N).

    Where the rows of the kernel do not line up in memory, one matrix is made for each of them.
    """
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    x = spread(x, (0, 2), (rows, cols))
    x = slide(x, 2, cols)  # (H, C, OW, N, kW)
    x = x.unflatten(1, (groups, x.shape[1] // groups)).permute(0, 1, 5, 2, 3, 4)
    x = x.contiguous().flatten(4).flatten(2, 3)  # (H, G, kW·C/G, OW·N), the copy
    if _in_line(geometry):
        windows = slide(x[:, 0], 0, rows)  # (OH, kW·C, OW·N, kH), a view
        return [windows.permute(0, 3, 1, 2).flatten(1, 2)]
    return [tap(x, 0, rows, i).flatten(0, 1) for i in range(rows.kernel)]


def _in_line(geometry: ConvGeometry) -> bool:
    """Whether the rows of a window follow each other in memory, so that one product takes all."""
    return geometry.groups == 1 and geometry.rows.dilation == 1


def _matrices(weight: Tensor, geometry: ConvGeometry) -> Tensor:
    """Turn a weight into the factors of `_columns`, (products, G, O/G, kernel rows·kW·C/G)."""
    stacked = weight.shape[2] if _in_line(geometry) else 1
    w = weight.unflatten(0, (geometry.groups, -1)).unflatten(3, (-1, stacked))
    return w.permute(3, 0, 1, 4, 5, 2).flatten(3)


def _per_row(matrices: Tensor, out_rows: int) -> Tensor:
    """Repeat one matrix a group, (G, a, b), for every output row: (OH·G, a, b)."""
    return matrices.expand(out_rows, *matrices.shape).flatten(0, 1)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: ConvGeometry) -> Tensor:
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    y = None if bias is None else _per_row(bias.reshape(groups, -1, 1), rows.out)
    for w, columns in zip(
        _matrices(weight, geometry), _columns(batch_last(x), geometry), strict=True
    ):
        factors = _per_row(w, rows.out), columns
        y = torch.bmm(*factors) if y is None else torch.baddbmm(y, *factors)  # (OH·G, O/G, OW·N)
    assert y is not None
    return follow(nchw(y.reshape(rows.out, weight.shape[0], cols.out, x.shape[0])), x)


def _transpose(image: Tensor, weight: Tensor, geometry: ConvGeometry) -> Tensor:
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    batch, channels = image.shape[0], weight.shape[1]  # channels of one group
    g = batch_last(image).flatten(2).unflatten(1, (groups, -1))  # (OH, G, O/G, OW·N)
    # Weightᵀ of each kernel row: (kH, G, kW·C/G, O/G).
    w = weight.unflatten(0, (groups, -1)).permute(3, 0, 4, 2, 1).flatten(2, 3)

    # Undo the rows: what kernel row i saw goes back to the input rows that it saw.
    # The empty product is a zero that vmap batches if it batches either of its factors.
    zero = torch.bmm(w[0, :1, :1, :0], g[:1, 0, :0, :1])
    x = zero.new_zeros(rows.size, groups, cols.kernel * channels, cols.out * batch)
    for i, w_i in enumerate(w.unbind(0)):
        cells, seen = inside(rows, i)
        g_i = g[seen]
        if groups == 1 and is_plain(x):  # in one step, for which vmap has no rule
            x[cells, 0].baddbmm_(w_i.expand(g_i.shape[0], -1, -1), g_i[:, 0])
        else:
            term = torch.bmm(_per_row(w_i, g_i.shape[0]), g_i.flatten(0, 1))
            x[cells] += term.unflatten(0, (g_i.shape[0], groups))

    # Undo the columns likewise.
    x = x.unflatten(2, (cols.kernel, channels)).unflatten(4, (cols.out, batch))
    out = x.new_zeros(rows.size, groups, channels, cols.size, batch)
    for j in range(cols.kernel):
        cells, seen = inside(cols, j)
        out[:, :, :, cells] += x[:, :, j, :, seen]
    return follow(nchw(out.flatten(1, 2)), image)


def _correlate(x: Tensor, g: Tensor, geometry: ConvGeometry) -> Tensor:
    rows, cols, groups = geometry.rows, geometry.cols, geometry.groups
    gt = batch_last(g).flatten(2).unflatten(1, (groups, -1)).flatten(0, 1).mT  # (OH·G, OW·N, O/G)
    products = [torch.bmm(columns, gt) for columns in _columns(batch_last(x), geometry)]
    w = torch.stack(products).unflatten(1, (rows.out, groups)).sum(1)  # (…, G, rows·kW·C/G, O/G)
    w = w.unflatten(2, (-1, cols.kernel, x.shape[1] // groups))  # (…, G, rows, kW, C/G, O/G)
    return w.permute(1, 5, 4, 0, 2, 3).flatten(3, 4).flatten(0, 1).contiguous()  # (O, C/G, kH, kW)


class Convolve(torch.autograd.Function):
    """convolve(x, w) + bias: (N, C, H, W), (O, C/G, kH, kW), (O,) or None -> (N, O, OH, OW)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: ConvGeometry) -> Tensor:
        """Compute ∂T/∂g, plus the bias."""
        return _convolve(x, weight, bias, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep x, not its columns: they are kW times larger and quickly made again."""
        x, weight, _, ctx.geometry = inputs
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Return ∂T/∂x, ∂T/∂w, and for the bias the sum of g over all it was added to."""
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias, _ = ctx.needs_input_grad
        g = follow(g, x)  # once, for both faces
        return (
            Transpose.apply(g, weight, ctx.geometry) if need_x else None,
            Correlate.apply(x, g, ctx.geometry) if need_weight else None,
            g.sum((0, 2, 3)) if need_bias else None,
            None,
        )


class Transpose(torch.autograd.Function):
    """transpose(g, w): (N, O, OH, OW), (O, C/G, kH, kW) -> (N, C, H, W)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(g: Tensor, weight: Tensor, geometry: ConvGeometry) -> Tensor:
        """Compute ∂T/∂x."""
        return _transpose(g, weight, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep both arguments."""
        g, weight, ctx.geometry = inputs
        ctx.save_for_backward(g, weight)

    @staticmethod
    def backward(ctx: Any, x: Tensor) -> Any:
        """Return ∂T/∂g and ∂T/∂w."""
        g, weight = ctx.saved_tensors
        need_g, need_weight, _ = ctx.needs_input_grad
        return (
            Convolve.apply(x, weight, None, ctx.geometry) if need_g else None,
            Correlate.apply(x, g, ctx.geometry) if need_weight else None,
            None,
        )


class Correlate(torch.autograd.Function):
    """correlate(x, g): (N, C, H, W), (N, O, OH, OW) -> (O, C/G, kH, kW)."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, g: Tensor, geometry: ConvGeometry) -> Tensor:
        """Compute ∂T/∂w."""
        return _correlate(x, g, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep both arguments."""
        x, g, ctx.geometry = inputs
        ctx.save_for_backward(x, g)

    @staticmethod
    def backward(ctx: Any, weight: Tensor) -> Any:
        """Return ∂T/∂x and ∂T/∂g."""
        x, g = ctx.saved_tensors
        need_x, need_g, _ = ctx.needs_input_grad
        return (
            Transpose.apply(g, weight, ctx.geometry) if need_x else None,
            Convolve.apply(x, weight, None, ctx.geometry) if need_g else None,
            None,
        )
