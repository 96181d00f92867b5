"""What is kept of decoded images: never wrong pixels, whatever happens to the file; and no room that is not there."""

from __future__ import annotations

import errno
import os
import signal
import tempfile
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import FORKS, ends
from PIL import Image
from quietly import silent

from archspec.data import cache as caching
from archspec.data.cache import Cache, caches
from archspec.data.check import checked
from archspec.data.names import Names
from archspec.data.source import Split, in_memory
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.io.lock import alone
from archspec.preprocess.rule import preprocess_of
from archspec.spec.data import Folder
from archspec.spec.recipe import Recipe

COUNT = 12
SIZES = np.array([(30, 20 + index) for index in range(COUNT)])
DISK, RAM = Folder(path="x", cache="disk"), Folder(path="x", cache="ram")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path / "kept"))
    return tmp_path / "kept" / "decoded"


def split(name: str = "train", white: float = 255.0, eight_bits: bool = True) -> Split:
    names = Names.of(b"%d.img" % index for index in range(COUNT))
    found = in_memory(name, np.arange(COUNT, dtype=np.int32), names, np.zeros((COUNT, 1, 1, 1), np.uint8), 255.0)
    return replace(found, encoded=True, white=white, eight_bits=eight_bits)


def kept(section: Folder = DISK, of: Split | None = None, stamp: str = "stamp") -> Cache:
    found, = caches(section, preprocess_of(Recipe(data=section), (8, 8, 3)), [(of or split(), SIZES)], stamp)
    assert found is not None
    return found


def picture(index: int, salt: int = 0) -> np.ndarray:
    return np.random.default_rng([index, salt]).integers(0, 256, (*SIZES[index], 3), dtype=np.uint8)


def unread() -> np.ndarray:
    raise AssertionError("decoded a second time")


def filled(cache: Cache) -> Cache:
    for index in range(COUNT):
        assert (cache.get(index, partial(picture, index)) == picture(index)).all()
    return cache


@pytest.mark.parametrize("section", [RAM, DISK])
def test_what_is_there_is_not_decoded_again(section: Folder) -> None:
    cache = filled(kept(section))
    for again in (cache, *([kept(section)] if section is DISK else [])):
        assert all((again.get(index, unread) == picture(index)).all() for index in range(COUNT))


@pytest.mark.parametrize("place", [0, 47, 64, 1000, -1])
def test_a_damaged_byte_is_seen(place: int, folder: Path) -> None:
    filled(kept())
    path, = folder.iterdir()
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    filled(kept())
    filled(kept())


@pytest.mark.parametrize("damage", [b"", b"short", bytes(10**6)])
def test_a_file_of_another_length_is_made_anew(damage: bytes, folder: Path) -> None:
    filled(kept())
    path, = folder.iterdir()
    path.write_bytes(damage)
    filled(kept())


def test_pixels_without_their_sum_and_a_sum_without_its_pixels() -> None:
    """What a power cut leaves, for the disk writes pages in any order."""
    cache = filled(kept())
    cache.sums[::2] = 0
    for index in range(1, COUNT, 2):
        cache.pixels[cache.ends[index]:cache.ends[index + 1]] = 0
    filled(kept())


def test_one_process_does_not_cut_the_file_of_another_short() -> None:
    first = filled(kept())
    caching._mapped(Path(first.pixels.base.filename), 10)  # type: ignore[union-attr]
    assert all((first.get(index, unread) == picture(index)).all() for index in range(COUNT))


@pytest.mark.parametrize("other", [split(white=4095.0, eight_bits=False), split(white=1.0, eight_bits=False), split("test")])
def test_what_makes_other_pixels_is_kept_elsewhere(other: Split, folder: Path) -> None:
    filled(kept())
    kept(of=split(white=65535.0, eight_bits=False))
    kept(of=other)
    kept(stamp="of changed files")
    assert len(list(folder.iterdir())) == 4
    assert not kept(of=other).sums.any()


def test_the_room_on_the_disk_is_taken_before_it_is_needed(folder: Path) -> None:
    kept()
    path, = folder.iterdir()
    assert path.stat().st_blocks * 512 >= path.stat().st_size == 64 + SIZES.prod(axis=1).sum() * 3


def test_a_disk_that_is_full_is_said_and_nothing_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int, begin: int, size: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(InputError) as error:
        kept()
    assert str(error.value) == (f"train.data.cache: disk keeps decoded images in {folder}, and 0.0 MB cannot be written there (No space left "
                                "on device)\n  hint: name another folder with the environment variable ARCHSPEC_CACHE, or cache: none")
    assert not list(folder.iterdir())


def die_making(cache: str) -> None:
    os.environ["ARCHSPEC_CACHE"] = cache
    caching._reserve = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    kept()


def test_what_a_kill_left_half_made_is_removed_when_nobody_makes_it(folder: Path) -> None:
    assert ends(die_making, str(folder.parent)) == -signal.SIGKILL
    rest, = folder.iterdir()
    assert rest.name.startswith(".partial-")
    with alone(folder):
        caching._sweep(folder)
        assert rest.exists()
    (folder / ".partial-other").write_bytes(bytes(99))
    kept()
    assert [path.suffix for path in folder.iterdir()] == [".pixels"]


def test_a_folder_that_cannot_be_made_is_said(folder: Path) -> None:
    folder.parent.write_text("a file")
    with pytest.raises(InputError, match=r"cannot be written there \(Not a directory\)\n  hint: name another folder"):
        kept()


@pytest.mark.parametrize("section", [RAM, DISK])
def test_all_splits_together_have_to_fit(section: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "free_memory", lambda: 60_000)
    monkeypatch.setattr(caching, "_free_disk", lambda folder, paths: 60_000)
    rule = preprocess_of(Recipe(data=section), (8, 8, 3))
    kept(section)
    with pytest.raises(InputError) as error:
        caches(section, rule, [(split(), SIZES), (split("test"), SIZES)], "stamp")
    assert str(error.value) == (f"train.data.cache: {section.cache} needs 0.1 MB for 24 decoded images, more than 80% of the 0.1 MB "
                                f"that are free\n  hint: cache: {'disk, or ' if section is RAM else ''}none")


def test_what_is_taken_is_said(folder: Path) -> None:
    assert kept(RAM).note == "cache: 0.0 MB of memory for 12 decoded train images"
    assert kept().note == f"cache: 0.0 MB of {folder} for 12 decoded train images"


def trial(section: Folder) -> Cache:
    found, = caches(section, RULE, [(split(), SIZES)], "stamp", trial=True)
    assert found is not None
    return found


@pytest.mark.parametrize("section", [RAM, DISK])
def test_a_trial_keeps_nothing_and_makes_no_file(section: Folder, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one without a name either: where it has no room to be written to, the process ends without a word."""
    def none() -> None:
        raise AssertionError("a file")
    monkeypatch.setattr(tempfile, "TemporaryFile", none)
    cache = filled(filled(trial(section)))
    assert not cache.pixels.size
    assert not cache.sums.any()
    assert not folder.parent.exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_trial_refuses_what_a_run_cannot_write(there: bool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if there:
        kept()
    monkeypatch.setattr(os, "access", lambda path, wanted: False)
    with pytest.raises(InputError, match=r"cannot be written there \(Permission denied\)\n  hint: name another folder"):
        trial(DISK)


def test_a_trial_refuses_a_folder_that_cannot_be_made(folder: Path) -> None:
    folder.parent.write_text("a file")
    with pytest.raises(InputError, match=r"cannot be written there \(Not a directory\)\n  hint: name another folder"):
        trial(DISK)


def test_a_file_that_changed_where_the_index_does_not_see_it(tmp_path: Path) -> None:
    """Of the same size, and the same in its first 4 KiB."""
    paths = [tmp_path / f"data/{half}/{name}/0.bmp" for half in ("train", "val") for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir(parents=True)
        Image.new("RGB", (60, 50), (9, 9, 9)).save(path)
    section = Folder(path=str(tmp_path / "data"), cache="disk")
    rule, before = preprocess_of(Recipe(data=section), (8, 8, 3)), checked(load_data(section), section, RULE, silent)
    data = bytearray(paths[0].read_bytes())
    data[-1] ^= 255
    paths[0].write_bytes(data)
    after = checked(load_data(section), section, rule, silent)
    assert before.index.digest == after.index.digest
    assert before.stamp != after.stamp


RULE = preprocess_of(Recipe(data=DISK), (8, 8, 3))


def writes(environment: dict[str, str], begun: Any) -> None:
    """Until it is killed: each image and each sum again and again, in another order."""
    os.environ.update(environment)
    cache = kept()
    begun.set()
    for turn in count():
        for index in np.random.default_rng(turn).permutation(COUNT).tolist():
            assert (cache.get(index, lambda index=index: picture(index)) == picture(index)).all()
            cache.sums[index] = 0


@pytest.mark.slow
def test_two_that_write_at_once_and_are_killed_leave_no_wrong_pixel() -> None:
    begun = [FORKS.Event() for _ in range(2)]
    both = [FORKS.Process(target=writes, args=(dict(os.environ), each), daemon=True) for each in begun]
    for writer in both:
        writer.start()
    for each in begun:
        assert each.wait(timeout=600)
    for _ in range(200):
        filled(kept())
    for writer in both:
        assert writer.is_alive()
        writer.kill()
        writer.join()
        filled(kept())
