"""Workers find one another, or say who is missing."""

from __future__ import annotations

import socket
import threading

import pytest

from archspec.errors import InputError
from archspec.train.devices.cluster import Cluster
from archspec.train.devices.launcher import addresses
from archspec.train.devices.meeting import not_there


def at_port(address: str) -> socket.socket:
    return socket.create_server(("127.0.0.1", int(address.rpartition(":")[2])))


def test_one_that_comes_later_is_waited_for() -> None:
    workers, servers = tuple(addresses(2)), list[socket.socket]()

    def come() -> None:
        assert not_there(Cluster(1, workers), 60) == []
        servers.append(at_port(workers[1]))  # as TensorFlow does from then on
    late = threading.Timer(0.5, come)
    late.start()
    assert not_there(Cluster(0, workers), 60) == []
    with at_port(workers[0]):
        late.join()
    for server in servers:
        server.close()


def test_who_does_not_come() -> None:
    workers = tuple(addresses(3))
    with at_port(workers[2]):
        assert not_there(Cluster(0, workers), 0) == [1]
        assert not_there(Cluster(1, workers), 0) == [0]


def test_a_port_that_is_taken() -> None:
    workers = tuple(addresses(2))
    port = workers[0].rpartition(":")[2]
    with socket.create_server(("", int(port))), pytest.raises(InputError) as error:
        not_there(Cluster(0, workers), 0)
    assert str(error.value) == (f"port {port} of this machine, at which this worker is to listen ({workers[0]}), cannot be taken: "
                                "Address already in use\n  hint: another port, in the commands of all workers; or end what "
                                "listens there")
