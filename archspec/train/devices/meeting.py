"""Whether all workers are there, before TensorFlow is asked to join them: it would wait without a word, and without an end."""

from __future__ import annotations

import os
import socket
import time

from archspec.errors import InputError
from archspec.train.devices.cluster import Cluster

TRY_SECONDS = 2.0
"""How long a port is tried."""
AGAIN_SECONDS = 0.2


def not_there(cluster: Cluster, wait: float) -> list[int]:
    """The ranks of those who have not come within so many seconds; none as soon as all are there.

    Each listens at its port until it has reached all others; from then on TensorFlow does. Raises InputError where this
    worker's port is taken.
    """
    end = time.monotonic() + wait
    missing = [rank for rank in range(cluster.size) if rank != cluster.rank]
    with _listening(cluster.workers[cluster.rank]):
        while missing := [rank for rank in missing if not answers(cluster.workers[rank])]:
            if time.monotonic() > end:
                break
            time.sleep(AGAIN_SECONDS)
    return missing


def answers(address: str) -> bool:
    """Whether something listens there."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), TRY_SECONDS).close()
    except OSError:
        return False
    return True


def _listening(address: str) -> socket.socket:
    """At the port of an address, at all addresses of this machine."""
    port = int(address.rpartition(":")[2])
    found = socket.socket()
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gRPC: what has just ended is no hindrance
        found.bind(("", port))
        found.listen(socket.SOMAXCONN)
    except OSError as error:
        found.close()
        raise InputError(f"port {port} of this machine, at which this worker is to listen ({address}), cannot be taken: "
                         f"{os.strerror(error.errno or 0)}\n"
                         "  hint: another port, in the commands of all workers; or end what listens there") from None
    return found
