"""Files of the studio: which may be opened, how they are written, and what is kept of what is not saved."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from archspec.errors import InputError
from archspec.studio.documents import Conflict, Folder, Held, Missing, shipped_file
from archspec.studio.drafts import Draft, Drafts
from archspec.studio.opening import Opening, key_of
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


@pytest.mark.parametrize("raw", [b"a: 1\r\nb: 2\nc: 3\n", b"a: 1\rb: 2\rc: 3\n", b"a: 1\r\r\nb: 2\nc: 3", b"a: 1\n\r\n\rb: 2\nb: 2\r\nc: 3\n"])
def test_lines_that_are_still_there_end_as_they_did(raw: bytes, folder: Folder) -> None:
    path = folder.path("net.yaml")
    path.write_bytes(raw)
    held = folder.read(path)
    assert "\r" not in held.text
    folder.save(path, held.text.replace("b: 2", "x: 1\nb: 2", 1).replace("c: 3", "c: 4"), held.digest)
    found = path.read_bytes()
    first = raw[:raw.index(b"b")]
    assert found.startswith(first)
    assert found[len(first):].partition(b"b: 2")[2] == raw.partition(b"b: 2")[2].replace(b"3", b"4")
    folder.save(path, held.text, folder.read(path).digest)
    assert path.read_bytes() == raw


def test_what_the_system_refuses_is_told_in_words(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, raw: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"net\.yaml is not written: No space left"):
        folder.save(folder.path("net.yaml"), "a: 1\n", None)
    monkeypatch.undo()
    file = folder.root / ("n" * 245 + ".yaml")
    with pytest.raises(InputError, match="is not written: File name too long"):
        Folder(folder.root, file).save(file, "a: 1\n", None)
    assert not [*folder.root.glob(".partial*")]


def test_a_protected_file_is_not_written_and_one_of_two_names_stays_one(folder: Folder) -> None:
    path, twin = folder.path("net.yaml"), folder.root / "twin.yaml"
    digest = folder.save(path, "a: 1111\n", None).digest
    path.chmod(0o444)
    with pytest.raises(InputError, match="protected"):
        folder.save(path, "a: 2\n", digest)
    path.chmod(0o644)
    os.link(path, twin)
    folder.save(path, "a: 2\n", digest)
    assert (path.read_text(), twin.read_text(), path.samefile(twin)) == ("a: 2\n", "a: 2\n", True)


SAVE = """
import asyncio, io, os, signal, sys
from pathlib import Path
from archspec.studio.documents import Folder
from archspec.studio.drafts import Drafts
from archspec.studio.opening import Opening
root, state = map(Path, sys.argv[1:])

class Killed(io.FileIO):
    def write(self, raw):
        super().write(raw[:len(raw) // 2])
        os.kill(os.getpid(), signal.SIGKILL)

Path.open = lambda self, mode: Killed(self, mode)
folder = Folder(root)
saved = {"path": "net.yaml", "text": "a: 222222\\n", "digest": folder.read(root / "net.yaml").digest, "tab": "one"}
asyncio.run(Opening(folder, Drafts(state, root)).save(saved))
"""


def test_of_a_file_of_two_names_nothing_is_lost_where_its_writing_is_killed(folder: Folder, tmp_path: Path) -> None:
    path, state = folder.root / "net.yaml", tmp_path / "state"
    path.write_text("a: 111111\n")
    os.link(path, folder.root / "twin.yaml")
    before = folder.read(path).digest
    assert subprocess.run([sys.executable, "-c", SAVE, folder.root, state], timeout=120).returncode == -signal.SIGKILL
    assert path.read_text() == "a: 221111\n"
    opening = Opening(folder, Drafts(state, folder.root))
    (listed,) = asyncio.run(opening.open({}))["drafts"]
    found = asyncio.run(opening.open({"file": listed["path"], "tab": "two"}))
    assert (found["draft"]["text"], found["draft"]["digest"]) == ("a: 222222\n", before)
    asyncio.run(opening.save({"path": "net.yaml", "text": "a: 222222\n", "digest": found["digest"], "tab": "two"}))
    assert (path.read_text(), [*opening.drafts.all()]) == ("a: 222222\n", [])


def test_a_file_is_not_written_over_where_what_is_new_is_not_kept_first(folder: Folder, tmp_path: Path) -> None:
    path = folder.root / "net.yaml"
    path.write_text("a: 1\n")
    os.link(path, folder.root / "twin.yaml")
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(InputError, match="cannot be kept beside it first"):
        asyncio.run(Opening(folder, Drafts(tmp_path / "state", folder.root)).save({"path": "net.yaml", "text": "a: 2\n", "digest": folder.read(path).digest}))
    assert path.read_text() == "a: 1\n"


def test_what_was_typed_while_a_save_of_a_file_of_two_names_waits_stays_kept(folder: Folder, tmp_path: Path) -> None:
    path = folder.root / "net.yaml"
    path.write_text("a: 1\n")
    os.link(path, folder.root / "twin.yaml")
    opening = Opening(folder, Drafts(tmp_path / "state", folder.root))
    request = {"path": "net.yaml", "text": "a: 2\n", "digest": folder.read(path).digest, "tab": "one"}

    async def meanwhile() -> None:
        opening.type(request)
        async with opening._alone["net.yaml"]:  # another tab saves it
            saving = asyncio.create_task(opening.save(request))
            await asyncio.sleep(0.2)
            opening.type({**request, "text": "a: 3\n"})
            await opening.close()
        await saving
    asyncio.run(meanwhile())
    assert path.read_text() == "a: 2\n"
    assert [draft.text for draft in opening.drafts.all()] == ["a: 3\n"]


def test_a_text_that_stays_as_it_is_is_of_the_time_at_which_it_was_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts, times = Drafts(tmp_path / "state", tmp_path), iter([datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)])
    monkeypatch.setattr("archspec.studio.drafts.datetime", SimpleNamespace(now=lambda _: next(times)))
    for text in ("a: 1\n", "a: 1\n", "a: 2\n"):
        drafts.keep("net.yaml", "", text, None)
    assert [(each.text, each.at) for each in drafts.all()] == [("a: 2\n", "2026-01-02T00:00:00.000+00:00")]


def test_a_file_that_is_gone_when_it_is_looked_at_is_not_written_in_place(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.studio.documents.kind_of", lambda path: "file")
    assert not folder.in_place(folder.root / "gone.yaml")


def test_a_new_file_whose_name_is_taken_is_told_so(folder: Folder) -> None:
    (folder.root / "net.yaml").write_text("a: 1\n")
    with pytest.raises(Conflict, match="there already"):
        folder.save(folder.path("net.yaml"), "a: 2\n", None)


def test_of_servers_that_save_a_file_at_a_time_one_has_saved(folder: Folder) -> None:
    path = folder.path("net.yaml")
    digest = folder.save(path, "a: 0\n", None).digest

    def save(number: int) -> str | None:
        try:
            Folder(folder.root).save(path, f"a: {number}\n", digest)
        except Conflict:
            return None
        return f"a: {number}\n"
    with ThreadPoolExecutor(8) as several:
        told = {*several.map(save, range(1, 9))} - {None}
    assert told == {path.read_text()}


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


def test_the_text_of_each_tab_is_kept_by_itself(folder: Folder, tmp_path: Path) -> None:
    drafts, path = Drafts(tmp_path / "state", folder.root), folder.root / "net.yaml"
    path.write_text("a: 1\n")
    one, two = {"path": "net.yaml", "tab": "one"}, {"path": "net.yaml", "tab": "two"}
    new = {"name": "vv", "tab": "one"}

    async def work() -> None:
        opening = Opening(folder, drafts, lambda: [("net.yaml", "", "one")])

        async def typed(text: str, *tabs: Any) -> None:
            for tab in tabs:
                opening.type({"text": text, **tab})
            await opening.close()

        async def texts() -> set[tuple[str, str]]:
            return {(each.tab, each.text) for each in drafts.all()}
        await typed("a: 2\n", one)
        await typed("a: 1\n", two)  # as it is on the disk
        assert await texts() == {("one", "a: 2\n")}
        assert (await opening.open({"file": "net.yaml", "tab": "two"}))["draft"] is None  # it stands in another tab
        assert (await opening.open({"file": "net.yaml", "tab": "one"}))["draft"]["text"] == "a: 2\n"
        await typed("b: 1\n", new, {**new, "tab": "two"})
        await typed("a: 3\n", two)
        (folder.root / "sub" / "vv.yaml").write_text("c: 1\n")
        await opening.save({"path": "net.yaml", "text": "a: 3\n", "digest": folder.read(path).digest, "tab": "two"})
        await opening.save({"path": "sub/vv.yaml", "text": "c: 2\n", "digest": Held.of(b"c: 1\n", "").digest, "tab": "one"})
        assert await texts() == {("one", "a: 2\n"), ("one", "b: 1\n"), ("two", "b: 1\n")}
        await opening.save({"path": "vv.yaml", "name": "vv", "text": "b: 1\n", "tab": "two"})
        assert await texts() == {("one", "a: 2\n"), ("one", "b: 1\n")}
        opening.shown = tuple  # all tabs are closed
        await typed("a: 4\n", {**one, "tab": "three"})
        found = await opening.open({"file": "net.yaml", "tab": "four", "draft": "one"})
        assert (found["draft"]["text"], [each["draft"] for each in found["drafts"]]) == ("a: 2\n", ["three"])
        assert (await opening.open({"file": "net.yaml", "tab": "four", "draft": "three"}))["draft"]["text"] == "a: 4\n"
        assert {text for _, text in await texts()} == {"a: 2\n", "a: 4\n", "b: 1\n"}
        assert len((await opening.open({}))["drafts"]) == 3
    asyncio.run(work())


def test_what_another_server_keeps_is_copied_and_not_taken(folder: Folder, tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "state", folder.root)
    (folder.root / "net.yaml").write_text("a: 1\n")

    async def work() -> None:
        opening = Opening(folder, drafts)
        for keeper, offered in ((os.getppid(), False), (0, True)):
            drafts._write(Draft(str(folder.root), "net.yaml", "net", "a: 2\n", None, "", "one", keeper))
            assert ((await opening.open({"file": "net.yaml", "tab": "two"}))["draft"] is not None) == offered
            assert (await opening.open({"file": "net.yaml", "tab": "x", "draft": "one"}))["draft"] is not None or offered
            assert (drafts.of("net.yaml", "net", "one") is None) == offered
    asyncio.run(work())


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_bytes(b"\xff")], ids=["gone", "folder", "no text"])
def test_an_unsaved_text_is_reached_whatever_its_file_is(make: Callable[[Path], object], folder: Folder, tmp_path: Path) -> None:
    drafts = Drafts(tmp_path / "state", folder.root)
    drafts.keep("net.yaml", "net", "a: 2\n", "old", "one")
    make(folder.root / "net.yaml")
    found = asyncio.run(Opening(folder, drafts).open({"file": "net.yaml", "tab": "two"}))
    assert (found["text"], found["saved"], found["draft"]["text"]) == ("", None, "a: 2\n")
    assert (found["unread"] is None) == (not (folder.root / "net.yaml").exists())


def test_what_is_typed_while_it_is_saved_stays_kept(folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts, save, goes_on = Drafts(tmp_path / "state", folder.root), Folder.save, threading.Event()
    monkeypatch.setattr(Folder, "save", lambda self, path, text, digest: (path.name == "slow.yaml" and goes_on.wait(60), save(self, path, text, digest))[1])

    async def work() -> None:
        opening = Opening(folder, drafts)
        saving = asyncio.create_task(opening.save({"path": "slow.yaml", "text": "a: 1\n"}))
        await asyncio.sleep(0)
        assert (await opening.save({"path": "other.yaml", "text": "a: 1\n"}))["path"] == "other.yaml"  # one that hangs holds up no other
        opening.type({"path": "slow.yaml", "text": "a: 2\n"})
        await opening.close()
        goes_on.set()
        await saving
    asyncio.run(work())
    assert [draft.text for draft in drafts.all()] == ["a: 2\n"]


def test_what_cannot_be_kept_is_told(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")

    async def work() -> None:
        opening = Opening(folder, Drafts(tmp_path / "state", folder.root))
        opening.type({"name": "mine", "text": "a: 1\n"})
        await opening.close()
        assert "not kept" in opening.unkept[key_of({"name": "mine"})]
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
