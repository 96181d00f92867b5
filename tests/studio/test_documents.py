"""Files of the studio: which may be opened, how they are written, and what is kept of what is not saved."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archspec.errors import InputError
from archspec.studio.documents import Conflict, Folder, Held, Missing, shipped_file
from archspec.studio.drafts import Drafts
from archspec.studio.opening import Opening
from archspec.studio.run_folders import folders, image, progress

NAMES = ["../out.yaml", "/etc/passwd", "a/../../out.yaml", "linked.yaml", "folder/out.yaml", "a\0.yaml", "", "x.txt", "loop.yaml", "a" * 5000 + ".yaml"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "out.yaml").write_text("secret: 1\n")
    (tmp_path / "in" / "linked.yaml").symlink_to(tmp_path / "out.yaml")
    (tmp_path / "in" / "folder").symlink_to(tmp_path)
    (tmp_path / "in" / "loop.yaml").symlink_to("loop.yaml")
    return Folder(tmp_path / "in")


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_what_lies_elsewhere_is_no_file_of_the_studio(name: str, folder: Folder) -> None:
    with pytest.raises(InputError) as error:
        folder.path(name)
    assert "secret" not in str(error.value)


def test_a_link_within_the_folder_is_followed(folder: Folder) -> None:
    (folder.root / "sub" / "net.yaml").write_text("a: 1\n")
    (folder.root / "short.yaml").symlink_to("sub/net.yaml")
    path = folder.path("short.yaml")
    folder.save(path, "a: 2\n", folder.read(path).digest)
    assert (folder.root / "sub" / "net.yaml").read_text() == "a: 2\n"
    assert (folder.root / "short.yaml").is_symlink()


def test_the_file_that_it_was_started_with_may_be_called_anyhow(tmp_path: Path) -> None:
    assert Folder(tmp_path, tmp_path / "spec.txt").path("spec.txt") == tmp_path / "spec.txt"
    with pytest.raises(InputError):
        Folder(tmp_path, tmp_path / "spec.txt").path("other.txt")


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), os.mkfifo, lambda path: path.write_bytes(b"\xff"), lambda path: path.write_bytes(b"a" * 1_000_001)],
                         ids=["folder", "pipe", "no text", "large"])
def test_what_is_no_text_is_refused(make: Callable[[Path], object], folder: Folder) -> None:
    make(folder.root / "x.yaml")
    with pytest.raises(InputError, match=r"x\.yaml"):
        folder.read(folder.path("x.yaml"))


@pytest.mark.parametrize("raw", [b"a: 1\nb: 2\n", b"a: 1\r\nb: 2\r\n", b"\xef\xbb\xbfa: 1\nb: 2\n", b"\xef\xbb\xbfa: 1\r\nb: 2", b"a: 1"])
def test_a_file_keeps_its_form(raw: bytes, folder: Folder) -> None:
    path = folder.path("net.yaml")
    path.write_bytes(raw)
    path.chmod(0o640)
    held = folder.read(path)
    assert "\r" not in held.text
    assert not held.text.startswith("\ufeff")
    saved = folder.save(path, held.text.replace("1", "3"), held.digest)
    assert path.read_bytes() == raw.replace(b"1", b"3")
    assert (saved, path.stat().st_mode & 0o777) == (folder.read(path), 0o640)


def test_a_file_that_has_changed_is_not_written(folder: Folder) -> None:
    path = folder.path("net.yaml")
    digest = folder.save(path, "a: 1\n", None).digest
    for on_disk, given in (("a: 2\n", digest), ("a: 2\n", None)):
        path.write_text(on_disk)
        with pytest.raises(Conflict) as error:
            folder.save(path, "a: 3\n", given)
        assert error.value.disk is not None
        assert (error.value.disk.text, path.read_text()) == (on_disk, on_disk)
    assert folder.save(path, "a: 2\n", digest).text == "a: 2\n"  # it is what should be written
    path.unlink()
    with pytest.raises(Conflict) as error:
        folder.save(path, "a: 3\n", digest)
    assert error.value.disk is None


@pytest.mark.parametrize("name", [".hidden.yaml", "none/x.yaml", "a\nb.yaml", "<b>.yaml", "-\u202e.yaml"])
def test_a_new_file_has_a_name_that_specs_can_say(name: str, folder: Folder) -> None:
    with pytest.raises(InputError) as error:
        folder.save(folder.path(name), "a: 1\n", None)
    assert "\u202e" not in str(error.value)
    folder.save(folder.path("sub/my net-2.yml"), "a: 1\n", None)


def test_half_of_a_sign_is_not_written(folder: Folder) -> None:
    with pytest.raises(InputError, match="line 2"):
        folder.save(folder.path("net.yaml"), "a: 1\nb: \ud800\n", None)
    assert not (folder.root / "net.yaml").exists()


def test_what_ships_is_found_by_name_and_nothing_else() -> None:
    assert shipped_file("resnet50").name == "resnet50.yaml"
    assert shipped_file("resnet").parent.name == "blocks"
    assert shipped_file("blocks/resnet.yaml").parent.name == "blocks"
    for name in ("../pyproject.toml", "../README", "index.json", "/etc/passwd", "a\0", "", "x" * 5000):
        with pytest.raises(Missing):
            shipped_file(name)


# -- unsaved texts -------------------------------------------------------------------------------------------------------

def test_a_draft_is_this_users_alone_and_of_this_folder(tmp_path: Path) -> None:
    one, other = (Drafts(tmp_path / "state", tmp_path / name) for name in ("a", "b"))
    one.keep("net.yaml", "net", "text", "digest")
    one.keep(None, "<b>\ud800", "new", None)
    (tmp_path / "state" / "broken.json").write_text("{")
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir() if path.name != "broken.json"} == {0o600}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    assert {(draft.path, draft.text) for draft in one.all()} == {("net.yaml", "text"), (None, "new")}
    assert [*other.all()] == []
    one.drop("net.yaml", "net")
    one.drop("net.yaml", "net")
    assert one.of("net.yaml", "net") is None


def test_what_is_typed_is_kept_until_it_is_saved_or_dropped(folder: Folder, tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "state", folder.root)
    (folder.root / "net.yaml").write_text("a: 1\n")

    async def work() -> None:
        opening = Opening(folder, drafts)

        async def typed(text: str, **more: Any) -> Any:
            opening.type({"text": text, **more})
            await opening.close()
            return (await opening.open({"file": more["path"]} if more.get("path") else {"name": more["name"]}))
        found = await typed("a: 2\n", path="net.yaml", digest="old")
        assert (found["text"], found["draft"]["text"], found["draft"]["digest"]) == ("a: 1\n", "a: 2\n", "old")
        assert (await opening.open({}))["drafts"][0]["path"] == "net.yaml"
        assert (await typed("a: 1\n", path="net.yaml"))["draft"] is None
        assert (await typed("b: 1\n", name="mine"))["text"] == "b: 1\n"
        await typed("a: 3\n", path="net.yaml")
        await opening.drop({"path": "net.yaml"})
        assert (await opening.open({"file": "net.yaml"}))["draft"] is None
        await opening.save({"path": "mine.yaml", "name": "mine", "text": "b: 1\n"})
        assert [*drafts.all()] == []
        (folder.root / "net.yaml").write_bytes(b"\xff")
        opening.type({"path": "net.yaml", "text": "a: 4\n"})
        await opening.close()
        assert drafts.of("net.yaml", "net") is not None
        drafts.drop("net.yaml", "net")
        opening.type({"path": "../out.yaml", "text": "x"})
        await opening.close()
        assert [*drafts.all()] == []
    asyncio.run(work())


def test_what_cannot_be_kept_is_told(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")

    async def work() -> None:
        opening = Opening(folder, Drafts(tmp_path / "state", folder.root))
        opening.type({"name": "mine", "text": "a: 1\n"})
        await opening.close()
        assert "not kept" in opening.unkept
    asyncio.run(work())


def test_a_variant_that_nothing_was_typed_into_is_not_kept(folder: Folder, tmp_path: Path) -> None:
    async def work() -> None:
        opening = Opening(folder, Drafts(tmp_path / "state", folder.root))
        (folder.root / "resnet50_variant.yaml").write_text("a: 1\n")
        new = await opening.open({"zoo": "resnet50"})
        assert (new["path"], new["name"], new["digest"], len(new["text"].splitlines())) == (None, "resnet50_variant_2", None, 4)
        opening.type({"name": new["name"], "text": new["text"]})
        await opening.close()
        assert (await opening.open({}))["drafts"] == []
        (folder.root / "resnet18.yaml").write_text("a: 1\n")
        for zoo in ("resnet18", "resnet", "../x", "resnet50.yaml"):
            with pytest.raises(InputError):
                await opening.open({"zoo": zoo})
    asyncio.run(work())


def test_a_text_of_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    async def work() -> None:
        opening = Opening(Folder(tmp_path, tmp_path / "new.yaml"), Drafts(tmp_path / "state", tmp_path))
        found = await opening.open({"file": "new.yaml"})
        assert (found["path"], found["text"], found["saved"], found["digest"]) == ("new.yaml", "", None, None)
        with pytest.raises(Missing):
            await opening.open({"file": "other.yaml"})
    asyncio.run(work())


def test_a_shipped_file_is_looked_at(folder: Folder, tmp_path: Path) -> None:
    async def work() -> None:
        opening = Opening(folder, Drafts(tmp_path / "state", folder.root))
        (folder.root / "parent.yaml").write_text("a: 1\n")
        assert (await opening.view_file({"file": "shipped:blocks/resnet.yaml"}))["read_only"]
        assert (await opening.view_file({"file": "parent.yaml"}))["text"] == "a: 1\n"
        assert (await opening.open({"shipped": "resnet50"}))["read_only"]
        for name in ("shipped:../README.md", "linked.yaml", "/etc/passwd"):
            with pytest.raises(InputError):
                await opening.view_file({"file": name})
    asyncio.run(work())


# -- runs ----------------------------------------------------------------------------------------------------------------

def test_runs_lie_in_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    for place in (out, tmp_path / "in" / "runs" / "a"):
        place.mkdir(parents=True)
        (place / "manifest.json").write_text("{}")
        (place / "confusion.png").write_bytes(b"\x89PNG")
    root = tmp_path / "in"
    (root / "runs" / "linked").symlink_to(out)
    (root / "runs" / "a" / "augmented.png").symlink_to(out / "confusion.png")
    assert [path.name for path in folders(root)] == ["a"]
    before = progress(root)
    (root / "runs" / "a" / "metrics.jsonl").write_text("{}\n")
    assert progress(root) != before
    assert image(root, "a", "confusion.png") == root / "runs" / "a" / "confusion.png"
    for run, file in (("a", "augmented.png"), ("a", "manifest.json"), ("a", "../a/confusion.png"), ("linked", "confusion.png"), ("..", "confusion.png"),
                      ("a\0", "confusion.png"), ("a/../a", "confusion.png")):
        assert image(root, run, file) is None
    assert folders(tmp_path / "none") == []


def test_a_held_text_has_one_digest() -> None:
    assert Held.of(b"a: 1\r\n", "x").digest != Held.of(b"a: 1\n", "x").digest
