"""Which images a command line means."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from archspec.errors import InputError
from archspec.predict.images import Image, images, together


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("b.png", "a.png", "x/c.jpg", "x/.hidden.jpg", "x/notes.txt", "[1].png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def names(*named: str, listed: str | None = None) -> list[str]:
    return [image.name for image in images(named, listed)]


def test_files_folders_and_patterns_in_the_order_of_the_command_line(here: Path) -> None:
    assert names("b.png", "x", "*.png") == ["b.png", "x/c.jpg", "[1].png", "a.png", "b.png"]
    assert names("[1].png") == ["[1].png"]
    assert names("**/*.jpg") == ["x/c.jpg"]


def test_an_image_is_read_when_it_is_its_turn(here: Path) -> None:
    image, = images(["gone.png"], None)
    with pytest.raises(FileNotFoundError):
        image.read()
    (here / "gone.png").write_bytes(b"here")
    assert image.read() == b"here"


def test_a_photograph_that_is_not_read_is_told(here: Path) -> None:
    (here / "x/d.heic").write_bytes(b"heic")
    first, unread = images(["x"], None)
    assert (first.name, unread.name) == ("x/c.jpg", "x")
    with pytest.raises(OSError) as error:
        unread.read()
    assert error.value.strerror == "1 HEIC photograph, which is not read (d.heic)"


def test_names_from_a_file_one_a_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "list").write_bytes(b"a.png\r\n\n b \xe9.png\nx\n")
    assert [os.fsencode(name) for name in names("b.png", listed="list")] == [b"b.png", b"a.png", b" b \xe9.png", b"x"]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a.png\nb.png")))
    assert names(listed="-") == ["a.png", "b.png"]


def test_an_image_on_standard_input_is_read_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"bytes")))
    image, = images(["-"], None)
    assert (image.name, image.read(), image.read()) == ("-", b"bytes", b"bytes")


@pytest.mark.parametrize(("named", "listed", "said"), [
    ([], None, "no image is named\n  hint: archspec predict MODEL IMAGE..., or --from FILE with a name a line"),
    (["-"], "-", "standard input holds an image or names, not both\n  hint: leave '-' or '--from -' out"),
    (["*.bmp"], None, "*.bmp: no file matches (seen from {here})"),
    (["y"], None, "y: no images in it; left out: 1 file that is no image (z.txt)"),
    ([], "gone", "--from gone: No such file or directory"),
    ([], "zeros", "--from: zeros holds no names of files, one a line\n  hint: an image itself is read from standard input as '-'"),
])
def test_what_can_mean_no_image(named: list[str], listed: str | None, said: str, here: Path) -> None:
    (here / "y").mkdir()
    (here / "y/z.txt").write_text("z")
    (here / "zeros").write_bytes(bytes(1 << 20))
    with pytest.raises(InputError) as error:
        list(images(named, listed))
    assert str(error.value) == said.format(here=here)


def test_in_groups_without_reading_ahead() -> None:
    drawn = list[int]()

    def many() -> object:
        for number in range(5):
            drawn.append(number)
            yield Image(str(number), bytes)
    groups = together(many(), 2)
    assert [image.name for image in next(groups)] == ["0", "1"]
    assert drawn == [0, 1]
    assert [len(group) for group in groups] == [2, 1]
