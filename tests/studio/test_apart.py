"""Work that may never end holds up nothing."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from archspec.studio.apart import apart


def test_what_hangs_is_not_waited_for_at_the_end() -> None:
    never = threading.Event()

    async def work() -> None:
        hanging = [asyncio.create_task(apart(never.wait, 600)) for _ in range(40)]  # more than a pool has
        assert await apart(max, 1, 2) == 2
        with pytest.raises(ZeroDivisionError):
            await apart(divmod, 1, 0)
        assert not any(each.done() for each in hanging)
    begin = time.monotonic()
    asyncio.run(work())
    assert time.monotonic() - begin < 60
    never.set()
