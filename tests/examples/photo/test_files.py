"""What is opened as a picture: ordinary formats, from files; nothing else is waited for or run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import EpsImagePlugin, Image, ImageDraw

from examples.photo import read_digit
from minicnn import data
from minicnn.data.picture import FORMATS

pytestmark = pytest.mark.filterwarnings("error")


def drawing() -> Image.Image:
    picture = Image.new("RGB", (100, 80), "white")
    ImageDraw.Draw(picture).line([(40, 20), (60, 20), (45, 60)], fill="black", width=6)
    return picture


@pytest.mark.parametrize("format_", FORMATS)
def test_an_ordinary_format_is_read_whatever_the_name(format_, tmp_path):
    drawing().save(tmp_path / "digit.txt", format_)
    assert read_digit(tmp_path / "digit.txt").shape == (1, 28, 28)


@pytest.fixture
def no_program(monkeypatch):
    """Fail if an external program is started."""

    def started(*args, **_):
        pytest.fail(f"started {args}")

    for name in ("Popen", "run", "call", "check_call", "check_output"):
        monkeypatch.setattr(subprocess, name, started)
    monkeypatch.setattr(os, "system", started)
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", started)


OTHERS = ["EPS", "PDF", "PCX", "TGA", "ICO", "DDS", "SGI", "MSP", "SPIDER", "JPEG2000"]


@pytest.mark.parametrize("format_", OTHERS)
def test_another_format_named_png_is_refused_in_one_line(format_, tmp_path, no_program):
    picture = drawing().convert("1") if format_ == "MSP" else drawing()
    picture = picture.convert("F") if format_ == "SPIDER" else picture
    picture.save(tmp_path / "digit", format_)
    (tmp_path / "digit").rename(tmp_path / "digit.png")
    refused(tmp_path / "digit.png")


@pytest.mark.parametrize(
    "content",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
        b"%!PS\n(/etc/passwd) (r) file\n",
        b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"",
        b"\0" * 1000,
        "a seven".encode("utf-16"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(content, tmp_path, no_program):
    (tmp_path / "digit.png").write_bytes(content)
    refused(tmp_path / "digit.png")


def refused(path: Path) -> None:
    with pytest.raises(data.DataError) as caught:
        read_digit(path)
    formats = "PNG, JPEG, WEBP, TIFF, GIF, BMP, PPM"
    expected = f"{path} is no picture in a format that Pillow reads safely: {formats}"
    assert str(caught.value) == expected


def test_a_folder_is_refused(tmp_path):
    not_a_file(tmp_path, "Is a directory")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_refused_and_not_waited_for(linked, tmp_path):
    os.mkfifo(tmp_path / "digit.png")
    if linked:
        (tmp_path / "link.png").symlink_to("digit.png")
    not_a_file(tmp_path / ("link.png" if linked else "digit.png"))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there are no devices")
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused(device):
    not_a_file(Path(device))


def not_a_file(path: Path, why: str = "it is not a file") -> None:
    with pytest.raises(data.DataError) as caught:
        read_digit(path)
    assert str(caught.value) == f"{path} cannot be read: {why}"


@pytest.mark.parametrize("name", ["seven $x^$.png", "s\x1b[31meven.png", "seven\n.png"])
def test_a_name_is_only_a_name(name, tmp_path):
    drawing().save(tmp_path / "plain.png")
    (tmp_path / "plain.png").rename(tmp_path / name)
    assert read_digit(tmp_path / name).shape == (1, 28, 28)


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode there")
def test_a_name_that_is_not_utf_8_is_only_a_name(tmp_path):
    drawing().save(tmp_path / "plain.png")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/seven\xff.png"))
    (tmp_path / "plain.png").rename(path)
    assert read_digit(path).shape == (1, 28, 28)
    path.write_bytes(b"")
    with pytest.raises(data.DataError, match="seven\udcff"):
        read_digit(path)
