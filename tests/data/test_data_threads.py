"""Work in threads: in order, and no more of it than is wanted."""

from __future__ import annotations

from archspec.data.threads import spread


def test_what_is_spread_is_done_in_order_and_ends_when_nobody_wants_more() -> None:
    done: list[int] = []

    def work(begin: int, end: int) -> int:
        done.append(begin)
        return end - begin
    assert list(spread(work, 10, 4, 2)) == [4, 4, 2]
    done.clear()
    found = spread(work, 10**6, 1, 2)
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert len(done) < 100
