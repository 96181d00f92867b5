"""How a worker meets the others: its port, the wait for those who never come, and whether all were started alike."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import tensorflow as tf
from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
from tensorflow.python.eager import context  # private; no public name configures the service or asks it who is alive

from archspec.errors import InputError, some
from archspec.train.cluster import LOST, Cluster
from archspec.train.watch import HEARTBEAT_SECONDS

WAIT_SECONDS = 300
"""How long workers wait for one another, if nothing else is said."""
ANSWER_SECONDS = 2.0
"""How long a port is tried."""
JOB = "worker"
_ALIKE = "archspec/alike"


def join(cluster: Cluster, wait: int, gpus: int, communication: str) -> tf.distribute.Strategy:
    """The strategy over all workers, when all have come. Nothing may have used TensorFlow's devices before.

    `gpus` of this machine are used, or its processors. Ends the process with LOST where one does not come within `wait`
    seconds: TensorFlow would wait for it. Raises InputError where this worker's port is taken.
    """
    _refuse_taken(cluster.workers[cluster.rank])
    # the timer is ours, for the chief obeys no timeout of TensorFlow's
    context.context().configure_coordination_service(
        service_type="standalone", service_leader=f"/job:{JOB}/replica:0/task:0",
        coordinated_jobs=[CoordinatedJob(name=JOB, num_tasks=cluster.size)],
        heartbeat_timeout_in_ms=HEARTBEAT_SECONDS * 1000, cluster_register_timeout_in_ms=(wait + 60) * 1000)
    timer = threading.Timer(wait, _never_came, (cluster, wait))
    timer.daemon = True
    timer.start()
    try:
        return tf.distribute.MultiWorkerMirroredStrategy(_resolver(cluster, gpus), _options(communication))
    finally:
        timer.cancel()


def _resolver(cluster: Cluster, gpus: int) -> tf.distribute.cluster_resolver.ClusterResolver:
    described = tf.train.ClusterSpec({JOB: list(cluster.workers)})
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        described, task_type=JOB, task_id=cluster.rank, rpc_layer="grpc", num_accelerators={"GPU": gpus})


def _options(communication: str) -> tf.distribute.experimental.CommunicationOptions:
    chosen = tf.distribute.experimental.CommunicationImplementation
    return tf.distribute.experimental.CommunicationOptions(
        implementation={"auto": chosen.AUTO, "ring": chosen.RING, "nccl": chosen.NCCL}[communication])


def states(cluster: Cluster) -> Callable[[], Sequence[object]]:
    """Asks the chief's service for each worker, None or what is wrong; see Watch."""
    return lambda: context.context().get_task_states([(JOB, cluster.size)])  # type: ignore[no-any-return]


def compare(cluster: Cluster, own: str, what: str) -> None:
    """Raises InputError at each worker whose `own` is another text than the chief's. Each `what` once."""
    if cluster.chief:
        context.context().set_config_key_value(f"{_ALIKE}/{what}", own)
        return
    theirs = context.context().get_config_key_value(f"{_ALIKE}/{what}")
    if theirs != own:
        lines = [f"{mine} (here), {other}" for mine, other in zip(own.splitlines(), theirs.splitlines(), strict=False)
                 if mine != other]
        raise InputError(f"{cluster.called(cluster.rank)} was started with another {what} than {cluster.called(0)}: "
                         f"{some(lines) or 'one is longer'}\n  hint: the same command, files and versions for all workers")


def meet(where: str, seconds: int) -> None:
    """Waits until all workers are here; not for one that is gone, nor longer than so many seconds."""
    with suppress(tf.errors.OpError):
        context.context().wait_at_barrier(f"archspec/{where}", seconds * 1000)


def _refuse_taken(address: str) -> None:
    """Raises InputError if something listens at this worker's port already."""
    port = int(address.rpartition(":")[2])
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gRPC: what has just ended is no hindrance
        try:
            trial.bind(("", port))
        except OSError as error:
            raise InputError(f"port {port} of this machine, at which this worker is to listen ({address}), cannot be taken: "
                             f"{os.strerror(error.errno or 0)}\n"
                             "  hint: another port, in the commands of all workers; or end what listens there") from None


def _never_came(cluster: Cluster, wait: int) -> None:
    others = (rank for rank in range(cluster.size) if rank != cluster.rank)
    missing = [cluster.called(rank) for rank in others if not _answers(cluster.workers[rank])]
    said = f"{some(missing)} did not come" if missing else "the workers answer, but did not meet"
    print(f"{said} within {wait} s: this one ends\n"
          "  hint: start all workers at about the same time; look at the last line of each one's log; hosts have to reach one "
          "another at these ports; --wait SECONDS waits longer", file=sys.stderr, flush=True)
    os._exit(LOST)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except OSError:
        return False
    return True
