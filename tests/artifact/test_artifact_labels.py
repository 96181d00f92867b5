"""Files of class names: one reader, and each of its complaints with the line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.artifact import labels
from archspec.artifact.labels import HINT, read_labels
from archspec.errors import InputError


@pytest.mark.parametrize("data", ["cat\ndög\n owl \n", "cat\ndög\n owl ", "cat\r\ndög\r\n owl \r\n", "\ufeffcat\ndög\n owl "])
def test_one_a_line(data: str, tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(data.encode())
    assert read_labels(tmp_path / "names", 3) == ("cat", "dög", " owl ")


@pytest.mark.parametrize(("data", "message"), [
    (b"", f"FILE is empty\n  hint: {HINT}"),
    (b"a\n\nb\n", "FILE:2: the name of a class is missing\n  hint: remove the line, or write the name into it"),
    (b"a\nb\n\n", "FILE:3: the name of a class is missing\n  hint: remove the line, or write the name into it"),
    (b"a\nb\n\xa0\n", f"FILE:3: is no text in UTF-8\n  hint: {HINT}"),
    ("a\nb\u2028c\n".encode(), f"FILE:2: b\\u2028c holds what cannot be printed\n  hint: {HINT}"),
    (b"a\0\nb\n", f"FILE:1: a\\x00 holds what cannot be printed\n  hint: {HINT}"),
    (b"a\n\x1b[31mb\n", f"FILE:2: \\x1b[31mb holds what cannot be printed\n  hint: {HINT}"),
    (b"a\tb\nc\n", f"FILE:1: a\\tb holds what cannot be printed\n  hint: {HINT}"),
    (b"a\rb\n", f"FILE:1: a\\rb holds what cannot be printed\n  hint: {HINT}"),
    (b"a\nb\na\n", "FILE:3: a is the name of line 1, too\n  hint: give each class a name of its own, say with a word in brackets"),
    (b"a\n", f"FILE has 1 name, one a line, but the network tells 2 classes apart\n  hint: {HINT}"),
    (b"a\nb\nc\n", f"FILE has 3 names, one a line, but the network tells 2 classes apart\n  hint: {HINT}"),
])
def test_what_are_no_names(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "names").write_bytes(data)
    with pytest.raises(InputError) as error:
        read_labels(tmp_path / "names", 2)
    assert str(error.value).replace(str(tmp_path / "names"), "FILE") == message


def test_what_is_no_file_or_has_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, why in ((tmp_path, "Is a directory"), (Path("/dev/zero"), "it is no file"), (tmp_path / "gone", "No such file or directory")):
        with pytest.raises(InputError) as error:
            read_labels(path)
        assert str(error.value) == f"{path}: {why}\n  hint: {HINT}"
    monkeypatch.setattr(labels, "MOST_BYTES", 1 << 20)
    (tmp_path / "huge").write_bytes(b"a" * (2 << 20))
    with pytest.raises(InputError, match="huge is larger than 1 MiB\n  hint: "):
        read_labels(tmp_path / "huge")
