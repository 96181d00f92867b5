"""Several workers of one training as processes on this machine: started together, ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from archspec.errors import InputError
from archspec.io.signals import INTERRUPTED
from archspec.train.devices.cluster import LOST

HOST = "127.0.0.1"
END_SECONDS = 60.0
"""So long the others have to end by themselves when one has failed; then they are killed."""
POLL_SECONDS = 0.05
Say = Callable[[str], None]


def addresses(count: int) -> list[str]:
    """So many of this machine, at ports that are free just now."""
    held = [socket.socket() for _ in range(count)]
    try:
        for each in held:
            each.bind(("", 0))
        return [f"{HOST}:{each.getsockname()[1]}" for each in held]
    finally:
        for each in held:
            each.close()


def gpus(environment: Mapping[str, str], root: Path = Path("/")) -> list[str]:
    """The GPUs that processes see, by the names that CUDA_VISIBLE_DEVICES takes."""
    shown = environment.get("CUDA_VISIBLE_DEVICES")
    if shown is not None:
        listed = [each.strip() for each in shown.split(",")]
        return listed[:next((index for index, each in enumerate(listed) if each in ("", "-1")), len(listed))]
    return [str(index) for index, _ in enumerate((root / "proc/driver/nvidia/gpus").glob("*"))]


def shares(found: Sequence[str], count: int) -> list[Mapping[str, str]]:
    """What each of so many workers has in its environment: its own GPUs, the same number for each.

    Raises InputError where that cannot be: a GPU is one worker's.
    """
    if not found:
        return [{} for _ in range(count)]
    each = len(found) // count
    if len(found) % count:
        ways = [str(number) for number in range(2, len(found) + 1) if len(found) % number == 0]
        raise InputError(f"{len(found)} GPUs cannot be shared out over {count} workers, the same number to each\n  hint: " +
                         (f"--workers {' or '.join(ways)}; " if ways else "archspec train uses one GPU; ") +
                         "CUDA_VISIBLE_DEVICES says which GPUs are meant, with -1 none: the processors")
    return [{"CUDA_VISIBLE_DEVICES": ",".join(found[rank * each:(rank + 1) * each])} for rank in range(count)]


class Workers:
    """The processes, one for each rank. What they print comes out here, each line with its worker's number."""

    def __init__(self, commands: Sequence[Sequence[str]], environments: Sequence[Mapping[str, str]], say: Say) -> None:
        self._say = say
        self._writing = threading.Lock()
        # a session of its own: a terminal's Ctrl-C reaches this process alone, and is handed on once
        self.processes = [
            subprocess.Popen(command, env={**os.environ, **own}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
            for command, own in zip(commands, environments, strict=True)]
        self._readers = [threading.Thread(target=self._copy, args=(rank, source, target), daemon=True)
                         for rank, process in enumerate(self.processes)
                         for source, target in ((process.stdout, sys.stdout), (process.stderr, sys.stderr))]
        for reader in self._readers:
            reader.start()

    def end(self) -> int:
        """Waits until all have ended; ends the others when one has failed, and hands signals on. Returns one exit code.

        It is that of the first to fail, LOST where a signal ended it; 0 if all are done.
        """
        try:
            first = self._first_to_fail()
        except KeyboardInterrupt:
            return self._interrupted()
        if first is not None:
            self._say(self._told(first))
            self._wait(END_SECONDS)
        self._kill()
        code = 0 if first is None else self.processes[first].returncode
        return LOST if code < 0 else code

    def _first_to_fail(self) -> int | None:
        """Its rank; None if all have done what they were to do."""
        while True:
            codes = [process.poll() for process in self.processes]
            failed = [rank for rank, code in enumerate(codes) if code]
            if failed or None not in codes:
                # who was killed is the reason why the others have ended, and may be told of later
                return min(failed, key=lambda rank: (codes[rank] == LOST, rank), default=None)
            time.sleep(POLL_SECONDS)

    def _interrupted(self) -> int:
        """Asks all to stop, and waits; a second signal kills them."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        try:
            self._wait(None)
        except KeyboardInterrupt:
            self._say("interrupted a second time: the workers are killed")
        self._kill()
        return INTERRUPTED if any(process.returncode for process in self.processes) else 0

    def _wait(self, seconds: float | None) -> None:
        end = None if seconds is None else time.monotonic() + seconds
        while None in [process.poll() for process in self.processes] and (end is None or time.monotonic() < end):
            time.sleep(POLL_SECONDS)

    def _kill(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        for reader in self._readers:
            reader.join()

    def _told(self, rank: int) -> str:
        code = self.processes[rank].returncode
        ended = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"worker {rank} {ended}: the others end, too"

    def _copy(self, rank: int, source: IO[str] | None, target: IO[str]) -> None:
        assert source is not None
        with source:
            for line in source:
                with self._writing:
                    target.write(f"worker {rank}: {line.rstrip(chr(10))}\n")
                    target.flush()
