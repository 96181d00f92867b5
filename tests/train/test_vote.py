"""Several workers stop at one step, one process at once."""

from __future__ import annotations

from archspec.train.devices.vote import Vote


def test_one_process_knows_at_once() -> None:
    vote = Vote()
    assert not vote.stops
    vote.asked = "SIGTERM"
    assert vote.stops == "SIGTERM"


def test_several_know_after_the_step_in_which_one_said_it() -> None:
    asked, other = Vote(several=True), Vote(several=True)
    asked.asked = "SIGTERM"
    assert (asked.own, other.own) == (1.0, 0.0)
    assert not asked.stops
    for each in (asked, other):
        each.count(asked.own + other.own)
    assert (asked.stops, other.stops) == ("SIGTERM", "another worker was asked to stop")
