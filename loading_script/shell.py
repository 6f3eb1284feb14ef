"""The shell of both command lines: an error is one line and a status, never a traceback of ours."""

import errno
import io
import os
import sys
from collections.abc import Callable

FAILED, INTERRUPTED = 2, 130
"""Exit statuses: of an error, and of a command that was stopped."""


def run(command: Callable[[], int], errors: type[Exception], install: Callable[[str], str | None], stopped: str) -> int:
    """Runs a command.

    Args:
        command: gives its exit status.
        errors: those that a user can act on; each says what, where, and what to do.
        install: how a module that is absent is installed; None for one that should be there.
        stopped: what is said where the command is stopped.

    Returns:
        The command's status, or FAILED, or INTERRUPTED.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show ends no command
    try:
        status = command()
        sys.stdout.flush()
    except errors as error:
        return _failed(str(error))
    except ModuleNotFoundError as error:
        how = install(error.name or "")
        if how is None:
            raise
        return _failed(f"{error.name} is not installed: {how}")
    except ImportError as error:
        if not (error.path or "").endswith(".so"):
            raise
        return _failed(f"a library cannot be loaded: {error}. Is there memory enough (ulimit -v shows a limit)?")
    except MemoryError:
        return _failed("out of memory. Is there memory enough (ulimit -v shows a limit)?")
    except KeyboardInterrupt:
        print(f"\nstopped; {stopped}", file=sys.stderr)
        return INTERRUPTED
    except OSError as error:
        if error.errno != errno.EPIPE:  # else the reader of our output has gone; nothing is left to say
            _failed(f"cannot write the output: {error}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
        return FAILED
    return status


def printable(text: str) -> str:
    """Text from data as it can be shown: control characters, which could steer a terminal, escaped."""
    return "".join(char if char.isprintable() or char == "\n" else repr(char)[1:-1] for char in text)


def _failed(what: str) -> int:
    print(f"error: {printable(what)}", file=sys.stderr)
    return FAILED
