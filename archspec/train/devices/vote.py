"""Whether a training is to stop: one that several workers share stops at all of them after the same step."""

from __future__ import annotations


class Vote:
    """A worker that was asked to stop says so with its next step, and all know it after that one.

    A single process knows at once.
    """

    def __init__(self, several: bool = False) -> None:
        self.asked = ""
        """By which signal, or by what else, this process was asked; '' if it was not."""
        self._several = several
        self._votes = 0.0

    @property
    def own(self) -> float:
        """What this worker adds."""
        return float(bool(self.asked))

    def count(self, votes: float) -> None:
        """Takes the sum over all workers in the last step."""
        self._votes = votes

    @property
    def stops(self) -> str:
        """Why it is to stop; '' if it goes on. Among several it is the same text, or none, at the same step."""
        if not self._several:
            return self.asked
        return (self.asked or "another worker was asked to stop") if self._votes > 0 else ""
