"""A Hugging Face Hub on the loopback interface, for the real clients to talk to.

It speaks as much of the Hub's HTTP API as `huggingface_hub` and `datasets` use for dataset repositories without Xet,
keeps everything in memory, logs every request, and can be told to fail.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from tests.hub_server.app import READ_TOKEN, TOKEN, State, application
from tests.hub_server.faults import Fault, Faults, Request
from tests.hub_server.store import Repo


@dataclass
class Hub:
    """A running server."""

    url: str
    state: State
    _faults: Faults
    token: str = TOKEN
    read_token: str = READ_TOKEN

    def environment(self, home: Path, token: str | None = TOKEN) -> dict[str, str]:
        """What a process needs to take this server for the Hub; its caches go to `home`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "HUGGING"))}
        here = {
            "HF_ENDPOINT": self.url,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(home),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        once = {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        return kept | here | once | ({"HF_TOKEN": token} if token else {})

    def repo(self, name: str = "user/name") -> Repo:
        return self.state.repos[name]

    @property
    def log(self) -> list[Request]:
        return self._faults.log

    def requests(self, pattern: str) -> list[Request]:
        """What came in so far and matches "METHOD /path"."""
        return self._faults.requests(pattern)

    def fail(self, pattern: str, status: int, message: str = "", *, times: int | None = 1, **headers: str) -> None:
        """Answers the next `times` requests (None: all) that match "METHOD /path" with `status`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._faults.faults.append(Fault(pattern, times, status=status, message=message, headers=named))

    def cut(self, pattern: str, after: int, *, times: int | None = 1) -> None:
        """Cuts the connection when `after` bytes of the body, or more, came in; with 0, at once."""
        self._faults.faults.append(Fault(pattern, times, cut_after=after))

    def lose_answer(self, pattern: str, *, times: int | None = 1) -> None:
        """Does what is asked, then cuts the connection without an answer."""
        self._faults.faults.append(Fault(pattern, times, lose_answer=True))

    def hang(self, pattern: str, *, times: int | None = 1) -> None:
        """Reads the request and never answers."""
        self._faults.faults.append(Fault(pattern, times, hang=True))

    def clear(self) -> None:
        """As when it started."""
        self.heal()
        self.state.clear()

    def heal(self) -> None:
        """Nothing fails any more; forgets what came in so far."""
        self._faults.faults.clear()
        self._faults.log.clear()


@contextlib.contextmanager
def hub_server() -> Iterator[Hub]:
    """Runs a server in a thread; it is gone when the context ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    # Large files come from another origin than the Hub, which the real one's clients rely on.
    state = State(f"http://127.0.0.1:{port}", f"http://localhost:{port}")
    faults = Faults(application(state))
    config = uvicorn.Config(
        faults,
        log_level="critical",
        proxy_headers=False,
        lifespan="off",
        timeout_keep_alive=600,  # no connection ends but by a fault, however slow the machine
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Hub(state.url, state, faults)
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()
