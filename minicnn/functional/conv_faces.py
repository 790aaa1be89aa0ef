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
The rows of a dilated kernel do not lie one behind the other in the copy. Then each row of the
kernel makes a product of its own, and the products are summed. Groups are as many convolutions side
by side, each of its own channels. Cells that the stride skips for good are left out before all.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from minicnn.functional.function import Function, needed
from minicnn.functional.geometry import Axis, thin
from minicnn.functional.layout import batch_last, follow, nchw
from minicnn.functional.plain import is_plain
from minicnn.functional.windows import inside, slide, spread, tap


@dataclass(frozen=True)
class ConvGeometry:
    """Where the windows of a convolution lie, and into how many groups its channels are split."""

    rows: Axis
    cols: Axis
    groups: int


def _thin(geometry: ConvGeometry) -> tuple[tuple[slice, slice, slice], Axis, Axis]:
    """Index of the cells of (H, C, W, N) that are read at all, and the windows on them."""
    (row_cells, rows), (col_cells, cols) = thin(geometry.rows), thin(geometry.cols)
    return (row_cells, slice(None), col_cells), rows, cols


def _columns(x: Tensor, rows: Axis, cols: Axis) -> list[Tensor]:
    """Turn an image (H, C, W, N) into its windows, (OH, kH·kW·C, OW·N).

    Where the rows of the kernel do not line up in memory, one matrix is made for each of them.
    """
    x = slide(spread(x, (0, 2), (rows, cols)), 2, cols)  # (H, C, OW, N, kW)
    x = x.permute(0, 4, 1, 2, 3).contiguous().flatten(3).flatten(1, 2)  # (H, kW·C, OW·N), the copy
    if rows.dilation > 1:
        return [tap(x, 0, rows, i) for i in range(rows.kernel)]
    return [slide(x, 0, rows).permute(0, 3, 1, 2).flatten(1, 2)]  # a view


def _matrices(weight: Tensor, rows: Axis) -> Tensor:
    """Turn a weight into the factors of `_columns`, (products, O, kernel rows·kW·C)."""
    w = weight.unflatten(2, (-1, 1 if rows.dilation > 1 else rows.kernel))
    return w.permute(2, 0, 3, 4, 1).flatten(2)


def _split(x: Tensor, dim: int, groups: int) -> tuple[Tensor, ...]:
    """Deal the channels out to the groups, a run of them to each."""
    return x.unflatten(dim, (groups, x.shape[dim] // groups)).unbind(dim)


def _convolve(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: ConvGeometry) -> Tensor:
    (x_cells, rows, cols), groups = _thin(geometry), geometry.groups
    biases = [None] * groups if bias is None else _split(bias[:, None], 0, groups)
    ys = []
    for x_g, w_g, y in zip(
        _split(batch_last(x)[x_cells], 1, groups), _split(weight, 0, groups), biases, strict=True
    ):
        for w, columns in zip(_matrices(w_g, rows), _columns(x_g, rows, cols), strict=True):
            factors = w.expand(rows.out, -1, -1), columns
            y = torch.bmm(*factors) if y is None else torch.baddbmm(y, *factors)  # (OH, O, OW·N)
        ys.append(y)
    y = ys[0] if groups == 1 else torch.cat(ys, 1)
    return follow(nchw(y.unflatten(2, (cols.out, x.shape[0]))), x)


def _transpose(image: Tensor, weight: Tensor, geometry: ConvGeometry) -> Tensor:
    (x_cells, rows, cols), groups = _thin(geometry), geometry.groups
    parts = zip(_split(batch_last(image), 1, groups), _split(weight, 0, groups), strict=True)
    xs = [_transpose_rows(g.flatten(2), w, rows) for g, w in parts]
    xs = [_transpose_columns(x, cols, image.shape[0]) for x in xs]
    x = xs[0] if groups == 1 else torch.cat(xs, 1)
    if x.shape[::2] != (geometry.rows.size, geometry.cols.size):  # some cells were left out
        whole = x.new_zeros(geometry.rows.size, x.shape[1], geometry.cols.size, x.shape[3])
        whole[x_cells] = x
        x = whole
    return follow(nchw(x), image)


def _transpose_rows(g: Tensor, weight: Tensor, rows: Axis) -> Tensor:
    """Send what kernel row i saw, weightᵀ times g, back to the image rows that it saw."""
    w = weight.permute(2, 3, 1, 0).flatten(1, 2)  # (kH, kW·C, O)
    # The empty product is a zero that vmap batches if it batches either of its factors.
    zero = torch.bmm(w[:1, :1, :0], g[:1, :0, :1])
    x = zero.new_zeros(rows.size, w.shape[1], g.shape[2])  # (H, kW·C, OW·N)
    for i, w_i in enumerate(w.unbind(0)):
        cells, seen = inside(rows, i)
        factors = w_i.expand(seen.stop - seen.start, -1, -1), g[seen]
        if is_plain(x):  # in one step, for which vmap has no rule
            x[cells].baddbmm_(*factors)
        else:
            x[cells] += torch.bmm(*factors)
    return x


def _transpose_columns(x: Tensor, cols: Axis, batch: int) -> Tensor:
    """Do the same for the kernel's columns: (H, kW·C, OW·N) -> (H, C, W, N)."""
    x = x.unflatten(1, (cols.kernel, -1)).unflatten(3, (cols.out, batch))
    out = x.new_zeros(x.shape[0], x.shape[2], cols.size, batch)
    for j in range(cols.kernel):
        cells, seen = inside(cols, j)
        out[:, :, cells] += x[:, j, :, seen]
    return out


def _correlate(x: Tensor, g: Tensor, geometry: ConvGeometry) -> Tensor:
    (x_cells, rows, cols), groups = _thin(geometry), geometry.groups
    x, g = batch_last(x)[x_cells], batch_last(g)
    parts = zip(_split(x, 1, groups), _split(g, 1, groups), strict=True)
    ws = []
    for x_g, g_g in parts:
        gt = g_g.flatten(2).mT  # (OH, OW·N, O)
        products = [torch.bmm(columns, gt).sum(0) for columns in _columns(x_g, rows, cols)]
        w = torch.cat(products).unflatten(0, (rows.kernel, cols.kernel, -1))  # (kH, kW, C, O)
        ws.append(w.permute(3, 2, 0, 1))
    return torch.cat(ws).contiguous()


class Convolve(Function):
    """convolve(x, w) + bias: (N, C, H, W), (O, C/G, kH, kW), (O,) or None -> (N, O, OH, OW)."""

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, geometry: ConvGeometry) -> Tensor:
        """Compute ∂T/∂g, plus the bias."""
        return _convolve(x, weight, bias, geometry)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        """Keep x, not its columns: they are kW times larger and quickly made again."""
        x, weight, bias, ctx.geometry = inputs
        ctx.has_bias = bias is not None
        ctx.save_for_backward(x, weight)

    @staticmethod
    def backward(ctx: Any, g: Tensor) -> Any:
        """Return ∂T/∂x, ∂T/∂w, and for the bias the sum of g over all it was added to."""
        x, weight = ctx.saved_tensors
        need_x, need_weight, need_bias = needed(ctx, True, True, ctx.has_bias)
        g = follow(g, x)  # once, for both faces
        return (
            Transpose.apply(g, weight, ctx.geometry) if need_x else None,
            Correlate.apply(x, g, ctx.geometry) if need_weight else None,
            g.sum((0, 2, 3)) if need_bias else None,
            None,
        )


class Transpose(Function):
    """transpose(g, w): (N, O, OH, OW), (O, C/G, kH, kW) -> (N, C, H, W)."""

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
        need_g, need_weight = needed(ctx, True, True)
        return (
            Convolve.apply(x, weight, None, ctx.geometry) if need_g else None,
            Correlate.apply(x, g, ctx.geometry) if need_weight else None,
            None,
        )


class Correlate(Function):
    """correlate(x, g): (N, C, H, W), (N, O, OH, OW) -> (O, C/G, kH, kW)."""

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
        need_x, need_g = needed(ctx, True, True)
        return (
            Transpose.apply(g, weight, ctx.geometry) if need_x else None,
            Convolve.apply(x, weight, None, ctx.geometry) if need_g else None,
            None,
        )
