"""What holds of a reader whatever bytes it is given: it ends with a value or with an error that a user can act on, in
bounded time and memory, and runs, starts, sends and changes nothing.
"""

import contextlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from builder.ratings.formats import workbook

MOST_SECONDS = 20.0
"""A generous bound: it is there to find time that explodes, on machines that are slow and busy."""

MOST_BYTES = 256 * 2**20
"""Of memory beyond what the process holds when it begins; no input of these tests is larger than a megabyte or two."""

_MOST_ADDRESSES = 2**31
"""Of address space more than the process has; some of it is reserved and never used."""

_STARTS = {
    *("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "pty.spawn", "subprocess.Popen"),
    *("socket.connect", "socket.getaddrinfo", "socket.bind", "ctypes.dlopen", "webbrowser.open"),
}
_CHANGES = {"os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.chmod", "os.truncate", "shutil.rmtree"}
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_state = {"watching": False, "hooked": False}


class Broken(BaseException):
    """A reader did what none may do; no `except Exception` of a reader hides it."""


@contextlib.contextmanager
def guarded() -> Iterator[None]:
    """Within it, nothing but files of the temporary folder can be written, no code of strings run, and nothing started
    but the program that parses spreadsheets and files of SPSS and R within bounds.

    Raises:
        Broken: it took too much time or memory; or where it tried one of these.
    """
    if not _state["hooked"]:  # a hook cannot be removed
        sys.addaudithook(_audit)
        _state["hooked"] = True
    held, start = _reset_peak(), time.monotonic()
    _state["watching"] = True
    try:
        yield
    finally:
        _state["watching"] = False
    seconds, taken = time.monotonic() - start, _peak() - held
    if seconds > MOST_SECONDS:
        raise Broken(f"took {seconds:.1f} seconds")
    if taken > MOST_BYTES:
        raise Broken(f"took {taken / 2**20:.0f} MB of memory")


def survives(read: Callable[[], Any], errors: type[Exception]) -> None:
    """Calls a reader, which may raise `errors`, with a message, and nothing else.

    Raises:
        Broken: as `guarded`.
        Exception: whatever else the reader raised.
    """
    with guarded():
        try:
            read()
        except errors as error:
            message = str(error)
            if not message or len(message) > 100_000:
                raise Broken(f"an error with a message of {len(message)} characters") from error


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _state["watching"]:
        return
    if event in _STARTS and not _starts_the_parser(event, arguments):
        raise Broken(f"{event} {arguments!r}"[:300])
    if event == "exec" and getattr(arguments[0], "co_filename", "") == "<string>":
        raise Broken(f"ran code: {arguments[0]!r}")
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITES
    folder = arguments[1] if event in {"os.remove", "os.rmdir"} else -1
    if (writes or event in _CHANGES) and not _temporary(arguments[0], folder):
        raise Broken(f"{event} {arguments!r}"[:300])


def _starts_the_parser(event: str, arguments: tuple[Any, ...]) -> bool:
    """Whether the one program starts that has bounds of its own."""
    return event == "subprocess.Popen" and list(arguments[1])[:3] == [sys.executable, "-P", workbook.__file__]


def _temporary(path: Any, folder: int) -> bool:
    """`folder`: the open folder that a path is relative to, below 0 where there is none."""
    if isinstance(path, int):  # a file that is open already
        return True
    scratch = os.path.realpath(tempfile.gettempdir())
    base = os.readlink(f"/proc/self/fd/{folder}") if folder >= 0 else ""
    return os.path.realpath(os.path.join(base, os.fsdecode(path))).startswith((scratch + os.sep, os.devnull))


def _reset_peak() -> int:
    """Forgets the largest memory that the process held so far; returns what it holds now (0 where that is not told)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def outcome(read: Callable[[], Any], errors: type[Exception]) -> str:
    """What a reader said of a file, in a process of its own that cannot take much memory: its error, or "read".

    Where it did what none may do, what that was, beginning with "BROKEN".
    """
    receiver, sender = os.pipe()
    child = os.fork()
    if child == 0:
        said = "BROKEN"
        try:
            resource.setrlimit(resource.RLIMIT_AS, (address_space() + _MOST_ADDRESSES, resource.RLIM_INFINITY))
            with guarded():
                try:
                    read()
                    said = "read"
                except errors as error:
                    said = str(error)
        except BaseException as error:
            said = f"BROKEN: {error!r}"
        finally:
            os.write(sender, said.encode("utf-8", "replace")[:60_000])
            os._exit(0)
    os.close(sender)
    os.waitpid(child, 0)
    with open(receiver, "rb") as pipe:
        return pipe.read().decode() or "BROKEN: died"


def address_space() -> int:
    """Bytes of address space that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
