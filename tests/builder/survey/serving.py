"""The server as a process, and a participant's page as far as it talks to it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

TOKEN = "the-token-of-the-tests"  # noqa: S105  of the tests

SERVE = """
import sys
from pathlib import Path
from builder.cli import main
from builder.survey import serve
serve.serve.__kwdefaults__["bundle"] = Path(sys.argv[1])
sys.exit(main(sys.argv[2:]))
"""
"""The command `survey serve`, with another folder for the page."""


@dataclass
class Server:
    process: "subprocess.Popen[str]"
    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, local_address: str = "127.0.0.1") -> httpx.Client:
        """A browser; each with an address of its own has the server's limits for itself."""
        transport = httpx.HTTPTransport(local_address=local_address)
        return httpx.Client(base_url=self.address, transport=transport, timeout=60)

    def admin(self, path: str = "") -> httpx.Response:
        with self.client() as client:
            return client.get(f"/admin{path}", headers={"Authorization": f"Bearer {TOKEN}"})


@contextmanager
def serving(folder: Path, bundle: Path, *options: str, port: int = 0, python: str = sys.executable) -> Iterator[Server]:
    command = [python, "-c", SERVE, str(bundle), "survey", "serve", str(folder), "--port", str(port), *options]
    environment = {**os.environ, "LANDS_BETWEEN_SURVEY_TOKEN": TOKEN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as run:
        first = run.stdout.readline()
        if not first:
            raise AssertionError(run.stderr.read())
        try:
            yield Server(run, folder, int(first.rsplit(":", 1)[1]))
        finally:
            run.terminate()


class Page:
    """What a participant's browser keeps and sends."""

    def __init__(self, client: httpx.Client, **address: str) -> None:
        self.client, self.address = client, {"prolific_pid": None, "study_id": None, "session_id": None, **address}
        self.token: str | None = None
        self.session: dict = {}

    def enter(self) -> httpx.Response:
        response = self.client.post("/api/enter", json={**self.address, "token": self.token})
        if response.status_code == 200:
            self.token, self.session = response.json()["token"], response.json()["session"]
        return response

    def send(self, call: str, said: object) -> httpx.Response:
        return self.client.post(f"/api/{call}", json=said, headers={"Authorization": f"Bearer {self.token}"})

    def consent(self) -> httpx.Response:
        return self.send("consent", {"consent_version": "1"})

    def rate(self, place: int, **changes: object) -> httpx.Response:
        return self.send("ratings", self.answer(place) | changes)

    def answer(self, position: int) -> dict:
        pair_id = self.session["items"][position]["id"]
        said = {"similarity": position * 5, "identity": position % 2 == 0}
        return {"pair_id": pair_id, **said, "response_time_ms": 1500 + position, "position": position}

    def take_part(self) -> dict:
        """The whole task; what the end gives."""
        assert self.enter().status_code == 200
        assert self.consent().json() == {"saved": True}
        said = {"age": 34, "gender": "female", "country": "DE", "continent": None}
        assert self.send("demographics", said).json() == {"saved": True}
        for position in range(len(self.session["items"])):
            assert self.rate(position).json() == {"saved": True}
        said = {"strategy_similarity": "eyes", "strategy_identity": "<b>nose</b>"}
        assert self.send("strategies", said).json() == {"saved": True}
        response = self.send("finish", {})
        assert response.status_code == 200
        return response.json()


def raw(server: Server, request: bytes, address: str = "127.0.0.1") -> bytes:
    """The answer to bytes as they are, no client of good manners between; all of it, until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), 30, (address, 0)) as connection:
        connection.sendall(request)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return answer


def lines(*lines: str, body: bytes = b"") -> bytes:
    """A request's head of these lines, and its body."""
    return "\r\n".join([*lines, "Host: survey", "", ""]).encode("latin-1") + body
