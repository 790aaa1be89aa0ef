"""Pictures as images: as torchvision reads them, and upright, on white, and not clipped besides."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from torchvision import transforms
from torchvision.datasets.folder import pil_loader

from minicnn import data

RED, BLUE = (255, 0, 0), (0, 0, 255)


def two_colours(mode: str = "RGB") -> Image.Image:
    """A picture of 3 × 4 pixels whose left column is red."""
    picture = Image.new("RGB", (4, 3), BLUE)
    picture.paste(RED, (0, 0, 1, 3))
    return picture.convert(mode)


@pytest.mark.parametrize("format_", ["PNG", "BMP", "PPM", "TIFF", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P", "CMYK"])
def test_an_opaque_picture_has_torchvisions_pixels(mode, format_, tmp_path):
    picture = two_colours(mode)
    try:
        picture.save(
            tmp_path / "picture", format_, **({"lossless": True} if format_ == "WEBP" else {})
        )
    except OSError:
        pytest.skip(f"{format_} has no pictures of mode {mode}")
    image = data.read_image(tmp_path / "picture")
    expected = transforms.PILToTensor()(pil_loader(tmp_path / "picture"))
    grey = mode in ("L", "1") and format_ != "WEBP"
    assert (image.shape, image.dtype) == ((1 if grey else 3, 3, 4), torch.uint8)
    assert image.expand(3, 3, 4).equal(expected)
    assert data.read_image(tmp_path / "picture", channels=3).equal(expected)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 20), st.integers(1, 20))
def test_a_picture_fills_the_size_and_is_cut_in_its_middle(tmp_path_factory, h, w, height, width):
    path = tmp_path_factory.mktemp("p") / "a.png"
    pixels = np.random.default_rng(0).integers(0, 256, (h, w, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    image = data.read_image(path, (height, width))
    assert image.shape == (3, height, width)
    assert int(image.min()) >= pixels.min()  # nothing is filled in
    assert int(image.max()) <= pixels.max()
    if (h, w) == (height, width):
        assert image.permute(1, 2, 0).numpy().tolist() == pixels.tolist()


def test_scaling_is_that_of_torchvision_where_nothing_is_cut(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    resized = transforms.Resize((20, 30))(Image.fromarray(pixels))
    assert data.read_image(tmp_path / "a.png", (20, 30)).equal(transforms.PILToTensor()(resized))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_picture_is_opened_as_grey_or_colour_with_or_without_transparency(mode, tmp_path):
    two_colours(mode).save(tmp_path / "a.png")
    assert data.open_picture(tmp_path / "a.png").mode == mode


def test_one_number_is_a_square(tmp_path):
    two_colours().save(tmp_path / "a.png")
    assert data.read_image(tmp_path / "a.png", 9).shape == (3, 9, 9)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparent_parts_are_white(mode, tmp_path):
    picture = Image.new(mode, (2, 1), (0, 255) if mode == "LA" else (0, 0, 0, 255))
    picture.putpixel((1, 0), (0, 0) if mode == "LA" else (0, 0, 0, 0))
    picture.save(tmp_path / "a.png")
    image = data.read_image(tmp_path / "a.png")
    assert image.shape == (1 if mode == "LA" else 3, 1, 2)
    assert image[:, 0].unique(dim=0).tolist() == [[0, 255]]


def test_sixteen_bits_are_scaled_and_not_clipped(tmp_path):
    Image.fromarray(np.array([[0, 256 * 128, 65535]], dtype=np.uint16)).save(tmp_path / "a.png")
    assert data.read_image(tmp_path / "a.png").tolist() == [[[0, 127, 255]]]


def test_a_photo_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # taken with the camera on its side
    two_colours().save(tmp_path / "a.png", exif=exif)
    turned = transforms.PILToTensor()(two_colours().transpose(Image.Transpose.ROTATE_270))
    assert data.read_image(tmp_path / "a.png").equal(turned)


def test_colours_become_grey_as_pillow_weighs_them(tmp_path):
    two_colours().save(tmp_path / "a.png")
    grey = transforms.PILToTensor()(ImageOps.grayscale(two_colours()))
    assert data.read_image(tmp_path / "a.png", channels=1).equal(grey)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"size": 0}, ValueError, "size must be at least 1, got 0"),
        ({"size": (0, 3)}, ValueError, "size must be at least 1, got 0"),
        ({"size": (3, -1)}, ValueError, "size must be at least 1, got -1"),
        ({"size": 1.5}, TypeError, "size must be an integer or (height, width), got 1.5"),
        ({"size": [1, 2]}, TypeError, "size must be an integer or (height, width), got [1, 2]"),
        ({"size": (1, "2")}, TypeError, "size must be an integer, got '2'"),
        ({"size": True}, TypeError, "size must be an integer, got True"),
        ({"channels": 2}, ValueError, "channels must be 1, 3 or None, got 2"),
    ],
)  # fmt: skip
def test_options_are_checked_before_anything_is_read(options, error, told, tmp_path):
    for call in (data.read_image, data.load_folder):
        with pytest.raises(error) as caught:
            call(tmp_path / "none", **options)
        assert str(caught.value) == told


def test_a_picture_of_too_many_pixels_is_refused(tmp_path, monkeypatch):
    two_colours().save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 8)
    with pytest.raises(data.DataError) as caught:
        data.read_image(tmp_path / "a.png")
    assert str(caught.value) == (
        f"{tmp_path / 'a.png'} has more than 8 pixels, expected no more than Pillow's limit"
    )


@pytest.mark.parametrize(
    ("dtype", "kind"), [("float32", "floating-point numbers"), ("int32", "numbers of 32 bits")]
)
def test_pixels_without_a_known_range_are_refused(dtype, kind, tmp_path):
    Image.fromarray(np.eye(4, dtype=dtype)).save(tmp_path / "a.tif")
    with pytest.raises(data.DataError) as caught:
        data.read_image(tmp_path / "a.tif")
    assert str(caught.value) == f"{tmp_path / 'a.tif'} has {kind} as pixels, expected 8 or 16 bits"


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bits_are_scaled_and_not_clipped(suffix, tmp_path):
    values = np.array([[0, 257, 65535 - 257, 65535]], dtype="uint16")
    Image.fromarray(values).save(tmp_path / f"a{suffix}")
    assert data.read_image(tmp_path / f"a{suffix}").flatten().tolist() == [0, 1, 254, 255]


def test_several_frames_are_refused(tmp_path):
    frames = [two_colours(), Image.new("RGB", (4, 3))]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    with pytest.raises(data.DataError) as caught:
        data.read_image(tmp_path / "a.webp")
    assert str(caught.value) == (
        f"{tmp_path / 'a.webp'} has 2 frames or pages, expected one picture"
    )
