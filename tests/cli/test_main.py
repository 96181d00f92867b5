"""The command as a process: it may be interrupted while it is still being loaded."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SIGNALLED = """
import os, signal, sys
class Ask:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{signal})
sys.meta_path.insert(0, Ask())
sys.argv = ["archspec", "check", "resnet18"]
from archspec.__main__ import main
main()
"""


@pytest.mark.parametrize("signal", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["archspec.cli", "click", "archspec.cli.check", "yaml", "archspec.lowering.calls"])
def test_an_interrupt_while_the_command_is_loaded_exits_130(module: str, signal: str) -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALLED.format(module=module, signal=signal)], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "interrupted")


@pytest.mark.parametrize(("arguments", "code"), [(["check", "resnet18"], 0), (["check", "resnet81"], 2)])
def test_the_module_is_the_command(arguments: list[str], code: int) -> None:
    assert subprocess.run([sys.executable, "-m", "archspec", *arguments], capture_output=True).returncode == code


@pytest.mark.parametrize("arguments", [["check", "resnet81"], ["chekc"], ["data", "check", "nowhere.yaml"], ["summary", "resnet18", "--size"]])
def test_the_exit_code_is_right_where_nobody_reads_what_is_told(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert subprocess.run([sys.executable, "-m", "archspec", *arguments], stdout=subprocess.DEVNULL, stderr=writing).returncode == 2
    os.close(writing)


READING = """
import sys, time
import archspec.cli

def slow(number):
    end = time.monotonic() + 0.05
    while time.monotonic() < end:
        pass
    return number

def run(arguments):
    from archspec.io.quiet import import_tensorflow
    import_tensorflow()
    print(*sorted({"keras", "matplotlib", "sklearn", "tensorflow"} & set(sys.modules)))
    import matplotlib.pyplot, sklearn.metrics
    import tensorflow as tf
    numbers = tf.data.Dataset.range(10**6).map(lambda number: tf.ensure_shape(tf.numpy_function(slow, [number], tf.int64), ()),
                                               num_parallel_calls=8).batch(8).prefetch(2)
    held = [iter(tf.distribute.OneDeviceStrategy("/cpu:0").experimental_distribute_dataset(numbers))]
    held.append(held)
    next(held[0])
    return 2

archspec.cli.run = run
from archspec.__main__ import main
main()
"""


@pytest.mark.slow
def test_what_reads_ahead_does_not_keep_the_process_from_ending() -> None:
    """Which has loaded Keras without what no command asks it for, and can load that itself."""
    ended = subprocess.run([sys.executable, "-c", READING], capture_output=True, text=True, timeout=240)
    assert (ended.returncode, ended.stdout) == (2, "keras tensorflow\n"), ended.stderr


ENDING = """
import gc, os, signal
import archspec.cli
from archspec.__main__ import main

gc.collect = lambda: os.kill(os.getpid(), signal.{signal})
sys.modules["tensorflow"] = None
archspec.cli.run = lambda arguments: {code}
main()
"""


@pytest.mark.parametrize(("signal", "code", "expected"), [("SIGTERM", 0, 0), ("SIGTERM", 130, 130), ("SIGUSR1", 1, 1), ("SIGINT", 2, -2)])
def test_a_signal_at_the_very_end_changes_no_exit_code_and_shows_no_traceback(signal: str, code: int, expected: int) -> None:
    ended = subprocess.run([sys.executable, "-c", "import sys" + ENDING.format(signal=signal, code=code)], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (expected, "")
