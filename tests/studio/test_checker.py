"""The workers: what is newer gives up what is older, what does not end is ended, and the next request is answered."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from archspec.errors import InputError
from archspec.io.confine import landlock
from archspec.studio import worker as workers
from archspec.studio.checker import Bug, Lane, Superseded, Workers
from archspec.studio.places import Json

SMALL = {"ask": "check", "name": "net", "text": "extends: resnet18\n"}
LARGE = {"ask": "check", "name": "net", "text": "extends: cifar_resnet1202\n"}
Work = Callable[[Lane], Coroutine[None, None, None]]


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Work], None]]:
    """Runs what asks a lane, whose folder tries to be imported; one lane for all, which patiently waits for its worker."""
    folder = tmp_path_factory.mktemp("folder")
    for name in ("yaml", "json", "archspec", "sitecustomize"):
        (folder / f"{name}.py").write_text("raise SystemExit(7)\n")
    pool = Workers(folder, None)
    lane = Lane(pool, 300.0, 60.0)

    async def close() -> None:
        await lane.close()
        await pool.close()
    with asyncio.Runner() as runner:
        yield lambda work: runner.run(work(lane))
        runner.run(close())


async def told(answer: Awaitable[Json]) -> str:
    """How a request ends."""
    try:
        return "answer" if (await answer)["picture"] else "problems"
    except (Superseded, InputError) as error:
        return type(error).__name__ if isinstance(error, Superseded) else str(error)


def pid(lane: Lane) -> int:
    assert lane._worker is not None
    return lane._worker.process.pid


def test_the_newest_of_a_tab_is_answered_and_each_of_others(at_work: Callable[[Work], None]) -> None:
    async def work(lane: Lane) -> None:
        assert await told(lane.ask(SMALL, "a")) == "answer"
        before = pid(lane)
        asked = [asyncio.create_task(told(lane.ask(request, tab))) for request, tab in ((LARGE, "a"), (SMALL, "b"), (LARGE, "a"), (SMALL, None), (SMALL, "a"))]
        assert await asyncio.gather(*asked) == ["Superseded", "answer", "Superseded", "answer", "answer"]
        assert pid(lane) == before
    at_work(work)


def test_what_is_given_up_ends_at_once_and_the_worker_goes_on(at_work: Callable[[Work], None]) -> None:
    async def work(lane: Lane) -> None:
        await lane.ask(SMALL, "a")
        before = pid(lane)
        large = asyncio.create_task(told(lane.ask(LARGE, "a")))
        await asyncio.sleep(0.05)
        lane.stop("a")
        assert await large == "Superseded"
        assert await told(lane.ask(SMALL, "a")) == "answer"
        assert pid(lane) == before
        lane.stop("a")
        lane.stop("nobody")
    at_work(work)


def test_a_worker_that_does_not_give_up_is_ended(at_work: Callable[[Work], None]) -> None:
    async def work(lane: Lane) -> None:
        await lane.ask(SMALL, "a")
        before = pid(lane)
        os.kill(before, signal.SIGSTOP)  # stuck, and deaf
        lane.grace = 0.1
        stuck = asyncio.create_task(told(lane.ask(SMALL, "a")))
        await asyncio.sleep(0.05)
        assert await told(lane.ask(SMALL, "a")) == "answer"
        assert await stuck == "Superseded"
        lane.grace = 60.0
        assert pid(lane) != before
        with suppress(ProcessLookupError):
            os.kill(before, 0)
            pytest.fail("the old worker is still there")
    at_work(work)


def test_an_answer_that_takes_too_long_is_told_in_words(at_work: Callable[[Work], None]) -> None:
    async def work(lane: Lane) -> None:
        await lane.ask(SMALL)
        os.kill(pid(lane), signal.SIGSTOP)
        lane.limit = lane.grace = 0.2
        assert (await told(lane.ask(SMALL))).startswith("this took longer than 0.2 s, and was given up\n  hint: ")
        lane.limit, lane.grace = 300.0, 60.0
        assert await told(lane.ask(SMALL)) == "answer"
    at_work(work)


def test_what_a_worker_died_of_is_asked_once_more(at_work: Callable[[Work], None]) -> None:
    async def work(lane: Lane) -> None:
        await lane.ask(SMALL)
        os.kill(pid(lane), signal.SIGSTOP)
        dying = asyncio.create_task(told(lane.ask(SMALL)))
        await asyncio.sleep(0.05)
        os.kill(pid(lane), signal.SIGKILL)
        assert await dying == "answer"
        assert await told(lane.ask(SMALL)) == "answer"
        os.kill(pid(lane), signal.SIGKILL)  # while nothing is asked
        await lane._worker.process.wait() if lane._worker else None
        assert await told(lane.ask(SMALL)) == "answer"
    at_work(work)


def test_a_bug_of_ours_ends_nothing(at_work: Callable[[Work], None]) -> None:
    async def work(lane: Lane) -> None:
        with pytest.raises(Bug) as error:
            await lane.ask({"ask": "check", "text": 3})
        assert "Traceback" not in error.value.args[0]
        before = pid(lane)
        assert await told(lane.ask(SMALL)) == "answer"
        assert pid(lane) == before
    at_work(work)


def test_what_is_too_much_work_is_told_and_the_next_request_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(request: Json) -> Json:
        while request["text"]:
            with suppress(Exception):
                pass
        return {"done": True}
    monkeypatch.setattr(workers, "ANSWERS", {**workers.ANSWERS, "check": endless})
    monkeypatch.setattr(workers, "TIME", 0.05)
    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGPROF)]
    frames = [json.dumps({"ask": "check", "text": text}).encode() for text in ("much", "")]
    answers = BytesIO()
    try:
        workers.Worker(BytesIO(b"".join(workers.HEAD.pack(len(frame)) + frame for frame in frames)), answers).serve()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    assert b"this took longer than 0.05 s, and was given up" in answers.getvalue()
    assert b'{"answer": {"done": true' in answers.getvalue()


def test_what_takes_too_much_memory_is_told_and_the_next_worker_is_a_fresh_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(request: Json) -> Json:
        raise MemoryError
    monkeypatch.setattr(workers, "ANSWERS", {**workers.ANSWERS, "check": hungry})
    found = json.loads(workers.answered({"ask": "check"}))
    assert found["ends"]
    assert found["refused"].startswith("this takes more than 2 GiB of memory")


def test_a_worker_has_a_bound_on_memory_and_no_way_out_of_its_folder(at_work: Callable[[Work], None]) -> None:
    async def work(lane: Lane) -> None:
        await lane.ask(SMALL)
        limits = Path(f"/proc/{pid(lane)}/limits").read_text()
        assert next(line.split()[3] for line in limits.splitlines() if line.startswith("Max address space")) == str(workers.MEMORY)
        assert not {"numpy", "tensorflow"} & {line.split("/site-packages/")[-1].split("/")[0]
                                               for line in Path(f"/proc/{pid(lane)}/maps").read_text().splitlines()}
        if landlock():
            assert "NoNewPrivs:\t1" in Path(f"/proc/{pid(lane)}/status").read_text()
        assert (await lane.ask({"ask": "runs"}))["runs"] == []  # with NumPy, within that memory
    at_work(work)
