"""Work beside the server's loop that may never end: a disk that does not answer holds up nothing but who asked it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def apart(run: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What a function gives, or raises, in a thread of its own. A pool's few would be used up, and be waited for at the end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def told(say: Callable[[Any], None], what: object) -> None:
        with suppress(RuntimeError):  # the loop has ended by now
            loop.call_soon_threadsafe(lambda: None if answer.done() else say(what))

    def work() -> None:
        try:
            told(answer.set_result, run(*arguments, **named))
        except BaseException as error:
            told(answer.set_exception, error)

    threading.Thread(target=work, daemon=True).start()
    return await answer
