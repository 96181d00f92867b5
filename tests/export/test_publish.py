"""A version of a model is there whole or not at all, whatever ends the process that publishes it, and whenever."""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from artifacts import artifact
from fileless import fileless
from forked import ends
from here import Here

from archspec.artifact.folder import spec_of
from archspec.errors import InputError
from archspec.export import companions, configs, proof
from archspec.export import publish as published
from archspec.export.exportable import Exportable
from archspec.export.exporters import EXPORTERS, NotEqual, export
from archspec.export.predecessor import other_classes
from archspec.export.publish import publish
from archspec.export.release import Wanted, release
from archspec.export.subject import Subject
from archspec.export.versions import versions
from archspec.io import lock
from archspec.io.digest import digest
from archspec.io.files import remove

PIXELS = np.random.default_rng(0).uniform(0, 255, (5, 8, 8, 4)).astype(np.float32)
INSIDE = {"saved_model.pb", "variables", "assets", "assets.extra", "fingerprint.pb"}
WRITES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir")
MOMENTS = 20


def tick(*_: object) -> None: ...


@pytest.fixture(scope="module", autouse=True)
def without_files() -> Iterator[None]:
    with fileless():
        yield


def small(*overrides: str) -> Subject:
    """The small network, whose images are not there."""
    return Subject(artifact(), spec_of(artifact(), overrides), None, ())


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What an export fills in; so a test of publishing writes it again and again without TensorFlow."""
    folder = tmp_path_factory.mktemp("exported")
    companions.write(artifact(), folder)
    export(Exportable(artifact()), ["savedmodel", "tflite"], folder, PIXELS)
    return folder


@pytest.fixture
def fill(exported: Path) -> Callable[[Path], object]:
    return lambda folder: shutil.copytree(exported, folder, dirs_exist_ok=True)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".publishing.lock")


def is_whole(version: Path) -> bool:
    images = PIXELS[:1]
    return {path.name for path in version.iterdir()} == INSIDE and EXPORTERS["savedmodel"].run(version, images).shape == (1, 3)


def without(left_out: str, fill: Callable[[Path], object]) -> Callable[[Path], object]:
    def others(folder: Path) -> None:
        fill(folder)
        remove(folder / left_out)
        report = json.loads((folder / "parity.json").read_text())
        rows = [row for row in report["artefacts"] if row["path"] != left_out]
        (folder / "parity.json").write_text(json.dumps({**report, "artefacts": rows}))
    return others


def test_numbers_go_on_from_all_that_a_server_takes_for_one(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    assert publish(tmp_path, "small", fill).served == tmp_path / "small/1"
    assert names(tmp_path / "small") == ["1", "files"]
    for taken in ("007", "-9", "v12", "1_000", "٣", str(2**63), "files/11"):
        (tmp_path / "small" / taken).mkdir()
    assert publish(tmp_path, "small", fill).version == 12
    (tmp_path / "small/20").write_text("even a file")
    assert publish(tmp_path, "small", fill).files == tmp_path / "small/files/21"
    (tmp_path / "small" / str(2**63 - 1)).mkdir()
    with pytest.raises(InputError, match="has version 9223372036854775807, the greatest there can be"):
        publish(tmp_path, "small", fill)


def test_what_lies_where(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    found = publish(tmp_path, "small", fill)
    assert (found.version, found.removed) == (1, ())
    assert set(names(tmp_path / "small/1")) == INSIDE
    assert names(tmp_path / "small/1/assets.extra") == [
        "artifact.json", "labels.txt", "parity.json", "spec.yaml", "tf_serving_warmup_requests"]
    assert names(tmp_path / "small/files/1") == ["artifact.json", "labels.txt", "model.tflite", "parity.json", "spec.yaml"]
    for told in ("1/assets.extra/parity.json", "files/1/parity.json"):
        text = (tmp_path / "small" / told).read_text()
        assert '"path": "1"' in text
        assert '"path": "files/1/model.tflite"' in text


@pytest.mark.parametrize(("left_out", "there"), [("model.tflite", ["1"]), ("saved_model/1", ["files"])])
def test_one_format_alone(left_out: str, there: list[str], tmp_path: Path, fill: Callable[[Path], object]) -> None:
    publish(tmp_path, "small", without(left_out, fill))
    assert names(tmp_path / "small") == there


def test_old_versions_are_never_touched_unless_few_are_to_be_kept(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    for _ in range(3):
        publish(tmp_path, "small", fill)
    before = {number: digest(tmp_path / "small" / number) for number in "123"}
    (tmp_path / "small/02").mkdir()
    assert publish(tmp_path, "small", fill, keep=2).retired == (1, 2)
    assert names(tmp_path / "small") == ["02", "3", "4", "files"]
    assert names(tmp_path / "small/files") == ["3", "4"]
    assert digest(tmp_path / "small/3") == before["3"]


POLICY = 'model_config_list {{ config {{ name: "small" base_path: "/models/{0}" model_platform: "tensorflow" {1} }} }}'


@pytest.mark.parametrize(("text", "retired", "pinned"), [
    (POLICY.format("small", "model_version_policy { specific { versions: 2 } }"), (1, 3), (2,)),
    (POLICY.format("small", 'version_labels { key: "stable" value: 1 } version_labels { key: "new" value: 4 }'), (2, 3), (1,)),
    (POLICY.format("other", "model_version_policy { specific { versions: 2 } }").replace("small", "other"), (1, 2, 3), ()),
    (POLICY.format("elsewhere", "model_version_policy { specific { versions: [1, 2] } }"), (3,), (1, 2)),
    ("model_config_list {", (), (1, 2, 3))])
def test_what_model_config_names_stays(text: str, retired: tuple[int, ...], pinned: tuple[int, ...], tmp_path: Path) -> None:
    """By its policy or a label, in either place; all do where it cannot be read."""
    base = tmp_path / "small"
    for number in "1234":
        (base / "files" / number).mkdir(parents=True)
        (base / number).mkdir()
        (base / number / "saved_model.pb").touch()
    (base / "model.config").write_text(text)
    removed, *others = published._retire(base, 1)
    assert removed == tuple(place / str(number) for place in (base, base / "files") for number in retired)
    assert others == [pinned, "" if retired else "it ends in the middle"]
    assert names(base / "files") == names(base)[:-2] == [str(each) for each in (*pinned, 4)]


def test_who_waits_for_another_export_is_told(tmp_path: Path, fill: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """As it begins, and for how long it has."""
    told, held, end = list[float](), threading.Event(), threading.Event()
    monkeypatch.setattr(lock, "TOLD_EVERY", 0.01)

    def first() -> None:
        with lock.alone(tmp_path / "small/publishing"):
            held.set()
            end.wait(60)

    def waiting(seconds: float) -> None:
        told.append(seconds)
        if len(told) == 2:
            end.set()
    thread = threading.Thread(target=first)
    thread.start()
    assert held.wait(60)
    assert publish(tmp_path, "small", fill, waiting=waiting).version == 1
    thread.join()
    assert told[0] == 0 < told[1]


def test_other_classes_than_the_version_before(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    base = tmp_path / "small"
    assert other_classes(base, artifact()) == ""
    publish(tmp_path, "small", without("saved_model/1", fill))
    publish(tmp_path, "small", fill)
    assert other_classes(base, artifact()) == ""
    more = " another network takes over this name, and with it all requests that name no version\n  hint: --name gives a network a name of its own"
    assert other_classes(base, replace(artifact(), classes=("cat", "owl", "dög"))) == (
        f"{base}: class 1 is 'dög' in version 2, 'owl' in this one:{more}")
    facts = base / "2/assets.extra/artifact.json"
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "classes": ["a", "b"]}))
    assert other_classes(base, artifact()) == f"{base}: version 2 tells 2 classes apart, this one 3:{more}"
    facts.write_text("{")
    assert other_classes(base, artifact()) == ""


def test_each_place_keeps_its_own_newest(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    """So files alone never retire what is served, nor does a folder that no server can load."""
    publish(tmp_path, "small", without("model.tflite", fill), keep=1)
    (tmp_path / "small/2").mkdir()
    assert publish(tmp_path, "small", without("saved_model/1", fill), keep=1).removed == ()
    assert publish(tmp_path, "small", without("saved_model/1", fill), keep=1).removed == (tmp_path / "small/files/3",)
    assert (names(tmp_path / "small"), names(tmp_path / "small/files")) == (["1", "2", "files"], ["4"])
    assert publish(tmp_path, "small", without("model.tflite", fill), keep=1).removed == (tmp_path / "small/1",)
    assert (names(tmp_path / "small"), names(tmp_path / "small/files")) == (["2", "5", "files"], ["4"])


def test_nothing_is_cleared_but_what_publishing_left(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    theirs = [".old-backup", ".tmp-20241126", ".archspec-new-x", ".archspec-old", ".archspec-old-7b"]
    for name in (*theirs, ".archspec-new-1", ".archspec-old-2", ".archspec-old-files-2"):
        (tmp_path / "small" / name).mkdir(parents=True)
    publish(tmp_path, "small", fill)
    assert names(tmp_path / "small") == sorted([*theirs, "1", "files"])


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".", "sm\u00e4ll", "12", "007"])
def test_names_are_checked_before_anything_is_made(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is a number, and a server" if name.isdecimal() else r"has to consist of letters"):
        release(small(), Wanted(tmp_path / "to", name, ["savedmodel"]), tick)
    with pytest.raises(InputError):
        publish(tmp_path / "to", name, lambda folder: None)
    assert not list(tmp_path.iterdir())


def test_what_fails_publishes_nothing(tmp_path: Path, fill: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "Fresh", Here)
    publish(tmp_path, "small", fill)

    def other(folder: Path) -> None:
        fill(folder)
        (folder / "model.tflite").write_bytes(b"another")
    with pytest.raises(ValueError, match="is not what was compared with the model"):
        publish(tmp_path, "small", other)
    with pytest.raises(NotEqual):
        release(small("export.tolerance=1e-30"), Wanted(tmp_path, "small", ["savedmodel"]), tick)
    with pytest.raises(InputError, match="no format is asked for: there is nothing of small to publish\n  hint: "):
        release(small(), Wanted(tmp_path, "small", []), tick)
    with pytest.raises(InputError, match="keep 0: the new version itself is one"):
        publish(tmp_path, "small", fill, keep=0)
    with pytest.raises(InputError, match=r"the model's name '\.\./up' has to consist of letters"):
        publish(tmp_path, "../up", fill)
    assert names(tmp_path) == ["small"]
    assert names(tmp_path / "small") == ["1", "files"]
    assert names(tmp_path / "small/files") == ["1"]


def in_a_child(work: Callable[[], object]) -> int:
    """Forks, for it has to be a process of its own that dies, and TensorFlow, which it does not use, takes seconds to import."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def changes(hook: Callable[[int], object]) -> None:
    """Calls the hook with its number at each change of the disk in this process, just before it is made."""
    count = iter(range(10**6))

    def heard(event: str, values: tuple[object, ...]) -> None:
        writing = event == "open" and isinstance(values[2], int) and values[2] & (os.O_WRONLY | os.O_RDWR)
        if writing or event in WRITES:
            hook(next(count))
    sys.addaudithook(heard)


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_served_but_whole_versions(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    """At each the old versions or, from one moment on, the new one; the next export clears what is left, and goes on."""
    def publishing(kill: Callable[[int], object]) -> None:
        changes(kill)
        publish(tmp_path, "small", fill, keep=2)

    def killing(moment: int, number: int) -> None:
        if number == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted() -> int:
        ours, theirs = os.pipe()
        os.waitpid(in_a_child(lambda: publishing(lambda number: os.write(theirs, b"."))), 0)
        return len(os.read(ours, 10**4))
    new, seen = [publish(tmp_path, "small", fill) for _ in range(2)][-1], set[int]()
    for moment in random.Random(0).sample(range(counted()), MOMENTS):
        before = versions(tmp_path / "small")
        child = in_a_child(partial(publishing, partial(killing, moment)))
        assert os.waitpid(child, 0)[1] == signal.SIGKILL, moment
        standing = versions(tmp_path / "small")
        assert all(set(names(path)) == INSIDE for path in standing.values()), moment
        assert max(standing) - max(before) in (0, 1)
        seen.add(max(standing) - max(before))
        new = publish(tmp_path, "small", fill, keep=2)
        assert new.version == max(standing) + 1
        assert names(tmp_path / "small") == sorted([str(new.version - 1), str(new.version), "files"])
        assert names(tmp_path / "small/files") == sorted([str(new.version - 1), str(new.version)])
    assert seen == {0, 1}
    assert is_whole(new.served or Path())


def test_several_at_once_take_a_number_each(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    children = [in_a_child(lambda: publish(tmp_path, "small", fill)) for _ in range(4)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert list(versions(tmp_path / "small")) == [1, 2, 3, 4]
    assert {digest(path / "variables") for path in versions(tmp_path / "small").values()} == {digest(tmp_path / "small/1/variables")}


@pytest.fixture
def most_bytes() -> Iterator[Callable[[int], None]]:
    """Sets how large a file may be: the system then refuses to write on, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_what_was_there(exported: Path, tmp_path: Path, fill: Callable[[Path], object],
                                           most_bytes: Callable[[int], None]) -> None:
    """TensorFlow's own writing first, then each file of an export in turn."""
    publish(tmp_path, "small", fill)
    sizes = {path.stat().st_size for path in exported.rglob("*") if path.is_file()}
    most_bytes((exported / "saved_model/1/saved_model.pb").stat().st_size - 1)
    with pytest.raises(Exception, match="File too large"):
        release(small(), Wanted(tmp_path, "small", ["savedmodel"]), tick)
    for size in sizes - {0}:
        most_bytes(size - 1)
        with pytest.raises(OSError, match="File too large"):
            publish(tmp_path, "small", fill)
        assert names(tmp_path / "small") == ["1", "files"]


def test_no_room_for_a_name_leaves_what_was_there(tmp_path: Path, fill: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The files stand already when the version cannot: they go again."""
    publish(tmp_path, "small", fill)
    real = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if target.name == "2" and target.parent.name == "small":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, target)
    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="No space left on device"):
        publish(tmp_path, "small", fill)
    assert names(tmp_path / "small") == ["1", "files"]
    assert names(tmp_path / "small/files") == ["1"]


def beside(base: Path) -> Callable[[Path, int], object]:
    return lambda folder, version: configs.write(folder, base, Exportable(artifact()), version)


def test_what_lies_beside_comes_with_the_version(tmp_path: Path, fill: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """All but the README, which names it, before the version; and there is no place for it beside files alone."""
    base, moves = tmp_path / "small", list[str]()
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(target).parent == base:
            moves.append(Path(target).name)
        real(source, target)
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, rename)
    publish(tmp_path, "small", without("saved_model/1", fill), beside=beside(base))
    assert names(base) == ["files"]
    publish(tmp_path, "small", fill, beside=beside(base))
    assert (set(moves[:3]), moves[3:]) == ({"model.config", "batching.config", "monitoring.config"}, ["2", "README.md"])
    assert "Version 2: small" in (base / "README.md").read_text()


@pytest.mark.parametrize(("refused", "stands"), [("model.config", False), ("2", False), ("README.md", True)])
def test_a_full_disk_at_the_last_steps(refused: str, stands: bool, tmp_path: Path, fill: Callable[[Path], object],
                                       monkeypatch: pytest.MonkeyPatch) -> None:
    """No version stands, and the README speaks of the one before; or it stands, and that is told."""
    base = tmp_path / "small"
    publish(tmp_path, "small", fill, beside=beside(base))
    real = os.rename

    def rename(source: Path, target: Path) -> None:
        if Path(target) == base / refused:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target)
    for name in ("rename", "replace"):
        monkeypatch.setattr(os, name, rename)
    with pytest.raises(InputError if stands else OSError) as error:
        publish(tmp_path, "small", fill, beside=beside(base))
    assert str(error.value) == (f"{base}: version 2 is published and stays; what comes after it was not done: No space left on device\n"
                                "  hint: the next export clears what is left, and does it" if stands else
                                f"[Errno 28] No space left on device: '{base}'")
    assert list(versions(base)) == list(versions(base / "files")) == ([1, 2] if stands else [1])
    assert "Version 1: small" in (base / "README.md").read_text()
    monkeypatch.undo()
    assert publish(tmp_path, "small", fill, beside=beside(base)).version == (3 if stands else 2)
    assert not list(base.glob(".archspec-*"))


@pytest.mark.parametrize("both", [True, False])
def test_killed_just_after_its_files_have_their_name(both: bool, tmp_path: Path, fill: Callable[[Path], object]) -> None:
    """Where a SavedModel was to follow they go again; a version of files alone stands."""
    def killed(event: str, values: tuple[object, ...]) -> None:
        if event == "os.rename":
            renamed.append(values)
        elif renamed and str(renamed[-1][1]).endswith("files/1"):
            os._exit(9)
    renamed = list[tuple[object, ...]]()

    def publishing() -> None:
        sys.addaudithook(killed)
        publish(tmp_path, "small", fill if both else without("saved_model/1", fill))
    assert os.waitstatus_to_exitcode(os.waitpid(in_a_child(publishing), 0)[1]) == 9
    assert names(tmp_path / "small/files") == ["1"]
    assert publish(tmp_path, "small", without("model.tflite", fill)).version == (1 if both else 2)
    assert names(tmp_path / "small/files") == ([] if both else ["1"])


def _killed_in_an_export(base: Path) -> None:
    def kill() -> None:
        while not list(base.glob("small/.archspec-new-2/made/saved_model/1/variables/*")):
            sleep(0.001)
        os.kill(os.getpid(), signal.SIGKILL)
    threading.Thread(target=kill, daemon=True).start()
    release(small(), Wanted(base, "small", ["savedmodel"]), tick)


@pytest.mark.slow
def test_a_whole_export_is_killed(tmp_path: Path, fill: Callable[[Path], object]) -> None:
    """While TensorFlow writes the second version."""
    publish(tmp_path, "small", fill)
    assert ends(_killed_in_an_export, tmp_path) == -signal.SIGKILL
    assert ".archspec-new-2" in names(tmp_path / "small")
    assert list(versions(tmp_path / "small")) == [1]
    assert is_whole(tmp_path / "small/1")
    assert publish(tmp_path, "small", fill).version == 2
    assert not list(tmp_path.glob("small/.archspec-*"))
