"""Two runs held against each other beyond their specs: their data, how far they came and what they reached."""

from __future__ import annotations

from archspec.compare.keys import KeyPair, differing, flat
from archspec.train.reporting.listing import Entry


def outcome(entry: Entry) -> dict[str, object]:
    """What is known of a run, by name: its state, its data's digest, the results of its last epoch, the versions it ran on."""
    seconds = {"seconds": entry.rows[-1]["seconds"]} if entry.rows else {}
    return {"state": entry.state, "data": entry.data, "epoch": len(entry.rows), **entry.results, **seconds,
            **dict(flat(entry.manifest.versions, "versions"))}


def outcomes(a: Entry, b: Entry) -> tuple[KeyPair, ...]:
    """In what two runs differ beside network and recipe."""
    return differing(outcome(a), outcome(b))
