"""Which folder a user means."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from archspec.errors import InputError
from archspec.io.places import cache_folder, user_path


def test_home_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert user_path("~/r1", "--run") == Path("/home/someone/r1")
    assert user_path("runs/a~b", "--run") == Path("runs/a~b")


@pytest.mark.parametrize("text", ["gs://bucket/r1", "s3://b", "hdfs://host/x"])
def test_an_address_is_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        user_path(text, "--run")
    assert str(error.value) == (f"--run {text}: an address; only folders of this machine can be written to\n"
                                "  hint: name a folder here, and copy it afterwards, or mount the bucket")


def test_an_unknown_user_is_refused() -> None:
    with pytest.raises(InputError, match="--run ~nobody-of-that-name/x: there is no such user"):
        user_path("~nobody-of-that-name/x", "--run")


def test_a_name_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(InputError) as error:
        user_path("caf\udce9", "--run")
    assert str(error.value) == "--run 'caf\\udce9': the name is not UTF-8\n  hint: name another folder"


@pytest.mark.parametrize(("own", "shared", "expected"), [
    ("/a/b", "/c", "/a/b"), ("~/b", "/c", "/home/someone/b"), ("", "/c", "/c/archspec"), ("", "", "/home/someone/.cache/archspec"),
    ("", "not/absolute", "/home/someone/.cache/archspec")])
def test_the_cache_folder(own: str, shared: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HOME", "/home/someone"), ("ARCHSPEC_CACHE", own), ("XDG_CACHE_HOME", shared)):
        monkeypatch.setenv(name, value)
    assert cache_folder() == Path(expected)


def test_the_cache_folder_of_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")
    monkeypatch.setenv("ARCHSPEC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", nowhere)
    assert cache_folder() == Path(tempfile.gettempdir(), f"archspec-{os.getuid()}")
