"""Which folder a user means."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

import archspec
from archspec.errors import InputError
from archspec.io.places import cache_folder, expanded, refuse_no_folder, user_path


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


def test_what_is_read_may_be_called_as_an_unknown_user() -> None:
    assert expanded("~nobody-of-that-name/x") == Path("~nobody-of-that-name/x")


def test_home_is_expanded_at_one_place_alone() -> None:
    """Path.expanduser raises RuntimeError where there is no such user."""
    package = Path(archspec.__file__).parent
    found = {str(path.relative_to(package)) for path in package.rglob("*.py") if "expanduser" in path.read_text(encoding="utf-8")}
    assert found == {"io/places.py"}


def test_what_can_become_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    refuse_no_folder(tmp_path, "--to")
    refuse_no_folder(tmp_path / "new/er", "--to")
    for name, why in (("file", "file is no folder\n  hint: name another folder"), ("file/x", "file is no folder\n  hint: name another folder"),
                      ("link", "link is a link to nowhere, which is not there\n  hint: make that folder, or name another one"),
                      ("circle/x", "circle is a link to circle, which is not there\n  hint: make that folder, or name another one")):
        with pytest.raises(InputError) as error:
            refuse_no_folder(tmp_path / name, "--to")
        assert str(error.value) == f"--to {tmp_path / name}: {tmp_path}/{why}"


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


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a user without a home has in a folder for temporary files; it is not there yet."""
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")
    monkeypatch.setenv("ARCHSPEC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setattr(Path, "home", nowhere)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"archspec-{os.getuid()}"


def test_the_cache_folder_of_a_user_without_a_home(shared: Path) -> None:
    assert cache_folder() == cache_folder() == shared
    assert shared.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("wrong", ["a link", "a file", "everybody's", "somebody else's"])
def test_a_cache_folder_that_is_not_the_users_alone_is_refused(wrong: str, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if wrong == "a link":
        (shared.parent / "theirs").mkdir()
        shared.symlink_to(shared.parent / "theirs")
    elif wrong == "a file":
        shared.write_text("")
    else:
        shared.mkdir()
        shared.chmod(0o777 if wrong == "everybody's" else 0o700)
    if wrong == "somebody else's":
        number = os.getuid()
        monkeypatch.setattr(os, "getuid", lambda: number + 1)
        shared = shared.rename(shared.with_name(f"archspec-{number + 1}"))
    with pytest.raises(InputError) as error:
        cache_folder()
    assert str(error.value) == (f"{shared}: what is kept between two starts would be read from there, but it is a link, or no folder of this "
                                "user's alone\n  hint: name another folder with the environment variable ARCHSPEC_CACHE")


def test_where_no_cache_folder_can_be_made_there_is_none(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(shared.parent / "nowhere"))
    assert cache_folder() == shared.parent / "nowhere" / shared.name
