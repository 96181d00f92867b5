"""The commands that only read a spec answer at once, because no framework is loaded; tools/bench_light.py says how fast."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIGHT = [["summary", "resnet152"], ["draw", "resnet152", "--stage", "stage1", "-o", "-"], ["diff", "resnet50", "resnet101"], ["check", "resnet152"], ["show", "resnet152"], ["list", "--blocks"]]


def in_new_process(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("arguments", [*LIGHT, ["list", "--json"]], ids=" ".join)
def test_no_framework_is_loaded(arguments: list[str]) -> None:
    code = (f"import sys; from archspec.cli import run; code = run({arguments!r}); "
            "print(code, sorted({name.partition('.')[0] for name in sys.modules} & {'tensorflow', 'keras', 'numpy'}))")
    assert in_new_process(code).splitlines()[-1] == "0 []"


def test_help_and_version_load_no_command() -> None:
    code = ("import sys; from archspec.cli import run; run(['--help']); run(['--version']); "
            "print(sorted(name for name in sys.modules if name.startswith(('archspec.cli.', 'rich'))))")
    assert in_new_process(code).splitlines()[-1] == "[]"


def test_importing_archspec_loads_nothing_of_it_until_asked() -> None:
    """But for what waits for Keras, so that a saved model with a layer of ours can be loaded."""
    code = ("import sys, archspec; before = [name for name in sys.modules if name.startswith('archspec.')]; "
            "archspec.load; print(before, 'archspec.network' in sys.modules, callable(archspec.lower))")
    assert in_new_process(code).strip() == "['archspec.model', 'archspec.model.registered'] True True"


def test_the_list_lowers_nothing() -> None:
    code = ("import archspec.views.catalog as catalog; catalog.lower = catalog.load = None; from archspec.cli import run; "
            "print(run(['list']), run(['list', '--json']))")
    assert in_new_process(code).splitlines()[-1] == "0 0"


def test_importing_archspec_loads_no_framework() -> None:
    code = "import sys, archspec; print({'tensorflow', 'keras', 'numpy'} & set(sys.modules))"
    assert in_new_process(code).strip() == "set()"
