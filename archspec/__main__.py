"""The command `archspec`, and `python -m archspec`: as little as can be is loaded before signals are heeded."""

import gc
import sys

from archspec.io.signals import INTERRUPTED, interrupt, no_more
from archspec.io.streams import aside


def main() -> None:
    """Runs a command and ends the process with its exit code, which is 130 whenever it is interrupted.

    0 done; 1 done, and the answer is no; 2 the input is wrong, or the machine refuses; 3 a bug in archspec;
    4 another worker of the training has ended; 130 interrupted.
    """
    try:
        interrupt()
        from archspec.cli import run
        from archspec.io.quiet import leave_out
        leave_out("matplotlib", "sklearn")  # a third of the time that Keras takes to be loaded
        code = run(sys.argv[1:])
        no_more()
    except KeyboardInterrupt:  # while the command line was loaded, or a second time while the first one was told
        no_more()
        aside("interrupted")
        code = INTERRUPTED
    if "tensorflow" in sys.modules:
        # what still reads ahead, and is held by a cycle alone, ends here; at Python's own end its threads would be stopped
        # in the middle of a call of Python's, and TensorFlow would wait for them for ever
        gc.collect()
    sys.exit(code)


if __name__ == "__main__":
    main()
