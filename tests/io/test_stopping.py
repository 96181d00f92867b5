"""Work that nobody waits for ends where it looks; other work does not."""

from __future__ import annotations

from threading import Event, Thread

import pytest

from archspec.io.stopping import Stopped, go_on, stoppable


def test_work_goes_on_until_it_is_not_wanted() -> None:
    stop = Event()
    go_on()
    with stoppable(stop):
        go_on()
        stop.set()
        with pytest.raises(Stopped):
            go_on()
    go_on()


def test_another_thread_can_end_it() -> None:
    stop, begun, ended = Event(), Event(), Event()

    def work() -> None:
        with stoppable(stop):
            begun.set()
            try:
                while True:
                    go_on()
            except Stopped:
                ended.set()
    thread = Thread(target=work)
    thread.start()
    begun.wait()
    stop.set()
    thread.join()
    assert ended.is_set()
