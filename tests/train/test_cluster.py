"""Which of how many processes this one is."""

from __future__ import annotations

import json

import pytest

from archspec.errors import InputError
from archspec.train.devices.cluster import ALONE, Cluster, read, refuse

DESCRIBED = {"cluster": {"worker": ["b:1", "c:1"], "chief": ["a:1"], "ps": ["d:1"]}}
SLURM = {"SLURM_STEP_NUM_TASKS": "3", "SLURM_PROCID": "2", "SLURM_NODEID": "1", "SLURM_STEP_NODELIST": "node[9-10]",
         "SLURM_STEP_TASKS_PER_NODE": "2,1", "SLURM_JOB_ID": "7"}


def tf_config(kind: str, index: int) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({**DESCRIBED, "task": {"type": kind, "index": index}})}


@pytest.mark.parametrize("environment", [{}, {"TF_CONFIG": ""}, {"TF_CONFIG": "{}"}, {"SLURM_STEP_NUM_TASKS": "1"},
                                         {"TF_CONFIG": json.dumps({"cluster": {"worker": ["a:1"], "ps": ["b:1"]}})}])
def test_one_process_is_the_chief(environment: dict[str, str]) -> None:
    assert read(environment) == read(environment, "a:1", 0) == ALONE
    assert ALONE.chief
    assert not ALONE.several


def test_others_write_nothing() -> None:
    assert not Cluster(1, ("a:1", "b:1")).chief


def test_tf_config_has_the_chief_first() -> None:
    workers = ("a:1", "b:1", "c:1")
    assert read(tf_config("chief", 0)) == Cluster(0, workers)
    assert read(tf_config("worker", 1)) == Cluster(2, workers)
    assert read(tf_config("worker", 1)).called(1) == "worker 1 (b:1)"


def test_by_hand() -> None:
    assert read({}, "a:1, b:2", 1) == Cluster(1, ("a:1", "b:2"))
    assert read({}, "[::1]:1,b:2", 0) == Cluster(0, ("[::1]:1", "b:2"))


def test_slurm_has_a_port_for_each_task_of_a_host() -> None:
    assert read(SLURM) == Cluster(2, ("node9:15112", "node9:15113", "node10:15112"))


@pytest.mark.parametrize(("environment", "workers", "rank", "message"), [
    (tf_config("ps", 0), "", None, "TF_CONFIG: this process is 'ps' 0, which is none of the 3 that train: those of chief and "
     "worker\n  hint: mend its task, or start archspec in those alone"),
    (tf_config("chief", 0), "a:1,b:1", 0, "--workers and TF_CONFIG describe workers, each for itself\n"
     "  hint: keep one of them; unset TF_CONFIG"),
    (SLURM, "a:1,b:1", 0, "--workers and SLURM_STEP_NODELIST describe workers, each for itself\n"
     "  hint: keep one of them; srun --ntasks=1 starts one process"),
    ({}, "a:1,b:1", None, "--workers and --rank go together\n  hint: --workers a:2222,b:2222 --rank 0 on a, --rank 1 on b"),
    ({}, "", 1, "--workers and --rank go together\n  hint: --workers a:2222,b:2222 --rank 0 on a, --rank 1 on b"),
    ({}, "a:1,b:1", 2, "--rank 2: there are 2 workers, and ranks count from 0"),
    ({}, "a,b:1", 0, "--workers: 'a' is no host with a port\n  hint: HOST:PORT, such as 10.0.0.2:2222"),
    ({}, "a:70000,b:1", 0, "--workers: 'a:70000' is no host with a port\n  hint: HOST:PORT, such as 10.0.0.2:2222"),
    ({}, "a:1,a:1", 0, "--workers names a:1 twice: each worker listens at a port of its own"),
    ({**SLURM, "SLURM_NODEID": "0"}, "", None, "Slurm has laid 3 tasks out over node[9-10] in another order than one host after "
     "the other\n  hint: srun --distribution=block"),
    ({**SLURM, "SLURM_STEP_NODELIST": "node[9-"}, "", None, "the variables of Slurm cannot be read (a bracket without its end: "
     "node[9-)\n  hint: start it with srun; or name the workers with --workers and --rank"),
])
def test_what_cannot_be_meant(environment: dict[str, str], workers: str, rank: int | None, message: str) -> None:
    with pytest.raises(InputError) as error:
        read(environment, workers, rank)
    assert str(error.value) == message


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": 3}', '{"cluster": {"worker": 3}}', "[" * 10**5,
                                  '{"task": {"index": "x"}}'])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="TF_CONFIG cannot be read"):
        read({"TF_CONFIG": text})


def test_a_strategy_for_so_many_processes() -> None:
    for strategy in ("auto", "multi_worker"):
        refuse(Cluster(0, ("a:1", "b:1")), strategy)
    with pytest.raises(InputError) as error:
        refuse(Cluster(0, ("a:1", "b:1")), "mirrored")
    assert str(error.value) == ("train.strategy: mirrored is for one process, and there are 2 workers\n  hint: --strategy auto")
    with pytest.raises(InputError, match="multi_worker is for several workers, and nothing says where they are"):
        refuse(ALONE, "multi_worker")
