"""Find the paper: paint over what lies around a sheet, and invert light ink on dark paper."""

from collections.abc import Iterator

import torch
from PIL import Image, ImageOps, ImageStat
from torch import Tensor

from .lines import without_lines
from .picture import steps, strongest_step, thumbnail, to_picture
from .regions import at_edge, cell_side, close, number_pieces, sum_cells, threshold, to_pixels

SMALLEST_SHEET = 0.2  # of the picture
FULLEST_OVAL = 0.85  # of the rectangle around it: π/4, and a little more
LINE = 2  # pixels: half the thickness of lines that do not divide a sheet
STRONG = 1 / 4  # of the strongest step: in shade, ink differs less from paper than in light
NOISE = 4  # standard deviations of the noise: a step as high is none of it


def without_surroundings(picture: Image.Image) -> Image.Image:
    """Paint over what is around a sheet that lies in the picture, or around the inside of a frame.

    Otherwise the sheet itself would be taken for ink, since it differs from the rest. A sheet is a
    large piece, lighter or darker than the rest, or of the most common grey, that

    - does not touch the edge of the picture, as paper does where no table is seen;
    - is roughly a rectangle: it fills a rectangle around it, whereas a "0" is an oval;
    - has something on it, unlike the bar of a "1".

    Args:
        picture: of mode "RGB" or "L".

    Returns:
        The sheet's part of the picture; ``picture`` itself if it shows no such sheet.
    """
    sheet = _find_sheet([thumbnail(channel) for channel in picture.split()])
    if sheet is None:
        return picture
    mask = to_picture(255 * sheet.to(torch.uint8))
    mask = mask.resize(picture.size, Image.Resampling.NEAREST)
    colour = tuple(ImageStat.Stat(picture, mask).median)
    paper = Image.new(picture.mode, picture.size, colour)
    paper.paste(picture, mask=mask)
    return paper.crop(mask.getbbox())


def on_light_paper(picture: Image.Image) -> Image.Image:
    """Invert a picture of light ink on dark paper.

    A vote decides. Each row is scanned from the left and from the right, each column from above and
    from below, up to the first strong step of grey. Coming from outside, the first step leads from
    paper onto ink: a step down is a vote for dark ink, a step up for light ink.

    Neither the mean grey nor that of the border could decide this: half of either may lie in a
    shadow. The edge of a shadow votes too, but once from each end of a row, once down and once up,
    so its votes cancel. The lines of ruled paper would vote wherever the picture begins on one, so
    they are erased before.

    Args:
        picture: of mode "L".

    Returns:
        A picture of dark ink on light paper.
    """
    grey = thumbnail(picture)
    for _ in range(2):  # first dark lines, then light ones
        grey = 1 - without_lines(grey)
    noise = steps(grey).abs().median().item() / 0.67
    strong = max(STRONG * strongest_step(grey), NOISE * noise)
    scans = (grey, grey.flip(1), grey.T, grey.T.flip(1))
    votes = sum(_count_first_steps(scan, strong) for scan in scans)
    return ImageOps.invert(picture) if votes > 0 else picture


def _count_first_steps(grey: Tensor, strong: float) -> int:
    """Count rows whose first strong step from the left goes up, minus those where it goes down."""
    change = steps(grey)
    first = (change.abs() >= strong).int().argmax(1, keepdim=True)  # the first True
    step = change.gather(1, first)
    return int((step.sign() * (step.abs() >= strong)).sum())


def _find_sheet(greys: list[Tensor]) -> Tensor | None:
    """Find the sheet in one of the channels, and return a mask of its pixels."""
    strongest = max(map(strongest_step, greys))
    for kind in (kind for grey in greys for kind in _kinds(grey)):
        sheet = _largest_rectangle(kind)
        if sheet is not None:
            # A yellow note is seen in blue, and blue ink on it in red.
            on_it = (grey.where(sheet, grey[sheet].median()) for grey in greys)
            if max(map(strongest_step, on_it)) >= strongest / 2:
                return sheet
    return None


def _kinds(grey: Tensor) -> Iterator[Tensor]:
    """Tell apart the pixels of a channel, in ways that may show a sheet."""
    strongest = strongest_step(grey)
    if strongest == 0:
        return
    light = grey > threshold(grey, grey.mean().item())  # too little ink to shift the mean
    common = (grey - grey.median()).abs() < STRONG * strongest  # a frame may be fainter than ink
    yield from (light, ~light, common)
    for kind in (light, ~light, common):
        yield close(kind.float(), LINE) > 0  # without the lines that divide ruled paper


def _largest_rectangle(kind: Tensor) -> Tensor | None:
    """Find the largest piece that does not touch the edge, and return it if it is a sheet."""
    side = cell_side(kind)
    # A cell counts only if all its pixels are of the kind, so that the finest frame separates.
    pieces = number_pieces(sum_cells(kind, side) == side**2)
    amount = pieces.flatten().bincount()
    amount[at_edge(pieces)] = amount[0] = 0
    if not amount.any():
        return None
    piece = _fill(pieces == amount.argmax())
    if piece.sum() < SMALLEST_SHEET * piece.numel() or _fullness(piece) < FULLEST_OVAL:
        return None
    return to_pixels(piece, side)[: kind.shape[0], : kind.shape[1]]


def _fill(piece: Tensor) -> Tensor:
    """Fill the cells that have the piece on all four sides, such as the digit on a sheet."""
    filled = torch.ones_like(piece)
    for view, result in ((piece, filled), (piece.T, filled.T)):
        before, after = view.cummax(1).values, view.flip(1).cummax(1).values.flip(1)
        result &= before & after
    return filled


def _fullness(piece: Tensor) -> float:
    """Compute the fraction that a piece fills of its smallest rectangle, rotated by 0° to 87°."""
    rows, columns = piece.nonzero().T.float()
    angles = torch.arange(0, 90, 3).deg2rad().unsqueeze(1)
    down = angles.cos() * rows - angles.sin() * columns  # (30, pixels)
    across = angles.sin() * rows + angles.cos() * columns
    heights = down.amax(1) - down.amin(1) + 1
    widths = across.amax(1) - across.amin(1) + 1
    return (piece.sum() / (heights * widths).min()).item()
