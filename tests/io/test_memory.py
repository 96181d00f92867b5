"""How much memory is free: the machine's, or what a container's limit leaves."""

from __future__ import annotations

from pathlib import Path

from archspec.io.memory import free_memory, peak_memory, resident_memory


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


MACHINE = {"proc/meminfo": "MemTotal:  9000 kB\nMemFree:  1 kB\nMemAvailable:  5000 kB\n"}


def test_of_the_machine(tmp_path: Path) -> None:
    write(tmp_path, MACHINE)
    assert free_memory(tmp_path) == 5000 * 1024


def test_a_container_s_limit(tmp_path: Path) -> None:
    group = {"memory.max": "1000000\n", "memory.current": "700000\n", "memory.stat": "anon 1\ninactive_file 50000\n"}
    write(tmp_path, MACHINE | {f"sys/fs/cgroup/{name}": text for name, text in group.items()})
    assert free_memory(tmp_path) == 350_000
    write(tmp_path, {"sys/fs/cgroup/memory.max": "max\n"})
    assert free_memory(tmp_path) == 5000 * 1024


def test_a_container_s_limit_of_the_older_kind(tmp_path: Path) -> None:
    write(tmp_path, MACHINE | {"sys/fs/cgroup/memory/memory.limit_in_bytes": "1000\n",
                               "sys/fs/cgroup/memory/memory.usage_in_bytes": "1500\n"})
    assert free_memory(tmp_path) == 0


def test_where_nothing_is_said_it_is_the_machine_s_whole_memory(tmp_path: Path) -> None:
    assert free_memory(tmp_path) > 10 ** 8
    assert free_memory() > 10 ** 6


def test_what_this_process_has_now_and_had_at_the_most(tmp_path: Path) -> None:
    write(tmp_path, {"proc/self/status": "Name:\tpython\nVmHWM:\t 7 kB\nVmRSS:\t 5 kB\n"})
    assert (resident_memory(tmp_path), peak_memory(tmp_path)) == (5 * 1024, 7 * 1024)
    assert resident_memory(tmp_path / "none") == 0
