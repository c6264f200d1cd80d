"""The tasks of Python's pools; bench/pool/tasks.js has the same."""

import os
import signal


def increment(x):
    return x + 1


def fail(how):
    """Does not come back, in one way or another: throw, exit or kill."""
    if how == 'exit':
        os._exit(1)
    if how == 'kill':
        os.kill(os.getpid(), signal.SIGKILL)
    raise RuntimeError('the task has failed')
