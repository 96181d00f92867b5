"""The commands that only read a spec answer at once, because no framework is loaded."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

LIGHT = [["summary", "resnet152"], ["check", "resnet152"], ["show", "resnet152"], ["list", "--blocks"]]


def in_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("arguments", [*LIGHT, ["list", "--json"]], ids=" ".join)
def test_no_framework_is_loaded(arguments: list[str]) -> None:
    code = (f"import sys; from archspec.cli import run; code = run({arguments!r}); "
            "print(code, sorted({name.partition('.')[0] for name in sys.modules} & {'tensorflow', 'keras', 'numpy', 'pydantic'}))")
    assert in_new_process(code).splitlines()[-1] == "0 []"


def test_importing_archspec_loads_no_framework() -> None:
    code = "import sys, archspec; print({'tensorflow', 'keras', 'numpy', 'pydantic'} & set(sys.modules))"
    assert in_new_process(code).strip() == "set()"


def cpu_seconds(arguments: list[str]) -> float:
    """CPU time of the quickest of three cold runs: unlike the time on the wall, it does not depend on what else runs."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "archspec", *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


@pytest.mark.parametrize(("arguments", "limit"), [(["summary", "resnet152"], 0.4), (["check", "resnet152"], 0.4),
                                                  (["summary", "cifar_resnet1202"], 1.0), (["check", "cifar_resnet1202"], 1.0)])
def test_cold_start_is_quick(arguments: list[str], limit: float) -> None:
    assert cpu_seconds(arguments) < limit
