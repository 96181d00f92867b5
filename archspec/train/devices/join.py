"""How TensorFlow joins the workers when all have come, and whether all were started alike."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn

import tensorflow as tf
from tensorflow.compiler.xla.tsl.protobuf.coordination_config_pb2 import CoordinatedJob
from tensorflow.python.eager import context  # private; no public name configures the service or asks it who is alive

from archspec.errors import InputError, some
from archspec.train.devices.cluster import LOST, Cluster
from archspec.train.devices.meeting import not_there
from archspec.train.devices.watch import HEARTBEAT_SECONDS

WAIT_SECONDS = 300
"""How long workers wait for one another, if nothing else is said."""
BETWEEN_SECONDS = 120
"""So long TensorFlow may take to join workers that are all there; measured: a second."""
JOB = "worker"
_ALIKE, _SAID = "archspec/alike", "archspec/said"


def join(cluster: Cluster, wait: int, gpus: int, communication: str) -> tf.distribute.Strategy:
    """The strategy over all workers, when all have come. Nothing may have used TensorFlow's devices before.

    `gpus` of this machine are used, or its processors. Ends the process with LOST where one does not come within `wait`
    seconds. Raises InputError where this worker's port is taken.
    """
    if missing := not_there(cluster, wait):
        _end(cluster, missing, wait)
    # by now all are there, but one may die in between: then TensorFlow would wait, and keep every thread of Python's from
    # running while it does, so that only the system can end this process
    with _at_most(BETWEEN_SECONDS):
        context.context().configure_coordination_service(
            service_type="standalone", service_leader=f"/job:{JOB}/replica:0/task:0",
            coordinated_jobs=[CoordinatedJob(name=JOB, num_tasks=cluster.size)],
            heartbeat_timeout_in_ms=HEARTBEAT_SECONDS * 1000, cluster_register_timeout_in_ms=BETWEEN_SECONDS * 1000)
        return tf.distribute.MultiWorkerMirroredStrategy(_resolver(cluster, gpus), _options(communication))


@contextmanager
def _at_most(seconds: int) -> Iterator[None]:
    """Ends the process by SIGALRM unless what it is around is done in so many seconds, where the system has that signal."""
    if not hasattr(signal, "alarm"):
        yield
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def _end(cluster: Cluster, missing: Sequence[int], wait: int) -> NoReturn:
    print(f"{some(map(cluster.called, missing))} did not come within {wait} s: this one ends\n"
          "  hint: start all workers at about the same time; look at the last line of each one's log; hosts have to reach one "
          "another at these ports; --wait SECONDS waits longer", file=sys.stderr, flush=True)
    os._exit(LOST)


def _resolver(cluster: Cluster, gpus: int) -> tf.distribute.cluster_resolver.ClusterResolver:
    described = tf.train.ClusterSpec({JOB: list(cluster.workers)})
    return tf.distribute.cluster_resolver.SimpleClusterResolver(
        described, task_type=JOB, task_id=cluster.rank, rpc_layer="grpc", num_accelerators={"GPU": gpus})


def _options(communication: str) -> tf.distribute.experimental.CommunicationOptions:
    chosen = tf.distribute.experimental.CommunicationImplementation
    return tf.distribute.experimental.CommunicationOptions(
        implementation={"auto": chosen.AUTO, "ring": chosen.RING, "nccl": chosen.NCCL}[communication])


@dataclass(frozen=True)
class Service:
    """The chief's service, which knows of all workers. What asks it raises tf.errors.OpError where it is gone."""

    cluster: Cluster

    def states(self) -> Sequence[object]:
        """For each worker None, or what is wrong with it."""
        found: Sequence[object] = context.context().get_task_states([(JOB, self.cluster.size)])
        return found

    def say(self, word: str) -> None:
        """Puts down a word of this worker's, once."""
        context.context().set_config_key_value(f"{_SAID}/{self.cluster.rank}", word)

    def said(self, rank: int, seconds: float) -> str:
        """The word that a worker has put down, or does in so many seconds; '' if it has not."""
        try:
            return str(context.context().get_config_key_value(f"{_SAID}/{rank}", max(1, int(seconds * 1000))))
        except tf.errors.DeadlineExceededError:
            return ""


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
