"""The survey's server under load on loopback: `python -m benchmarks.survey`.

100 participants at once, each rating the 112 pairs of one batch: with half a second between answer and next rating,
which no human keeps up; without a pause, which is as much as the server can take; and without a pause while it is
killed by SIGKILL again and again and started anew. Every participant has an address of their own in 127.0.0.0/8, as
the server limits what one address may ask.

Printed are the percentiles of a rating's round trip, the cost of a commit that waits for the disk here, and what was
lost or doubled of what was acknowledged, compared with the results file: nothing may be.
"""

import argparse
import asyncio
import gc
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from builder.build import Crew, build
from builder.study import parse_study
from builder.survey.results import write_results

PARTICIPANTS = 100
WANTED_P99_MS = 200
KILLS = 3
PAUSE_S = 0.5

_SURVEY = {"consent": "I agree.", "contact": "nobody@example.org"}


@dataclass
class Client:
    """HTTP over one connection and no more of it than is needed: on two cores, httpx takes longer than the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def post(self, path: str, content: dict[str, Any], token: str | None) -> tuple[int, dict[str, Any]]:
        """Status and JSON of the answer.

        Raises:
            asyncio.IncompleteReadError: the connection ended before the answer did.
        """
        body = json.dumps(content).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: survey\r\nContent-Length: {len(body)}\r\n"
        if token is not None:
            head += f"Authorization: Bearer {token}\r\n"
        self.writer.write(head.encode() + b"\r\n" + body)
        status, *headers = (await self.reader.readuntil(b"\r\n\r\n")).decode("ascii").lower().split("\r\n")
        length = next(
            int(value) for name, _, value in (line.partition(":") for line in headers) if name == "content-length"
        )
        return int(status.split()[1]), json.loads(await self.reader.readexactly(length))


@dataclass
class Participant:
    """A participant who rates everything; `acknowledged` has the answers that the server said it has kept."""

    number: int
    address: str
    pause_s: float = 0
    participant_id: str = ""
    token: str | None = None
    acknowledged: dict[str, tuple[int, bool]] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    finished: bool = False
    interrupted: int = 0
    finishing: bool = False

    async def take_part(self, port: int) -> None:
        """The whole task; where the server is gone, goes on when it is back."""
        while not self.finished:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(self.address, 0))
            except OSError:
                await asyncio.sleep(0.2)
                continue
            try:
                await self._go_on(Client(reader, writer))
            except (OSError, asyncio.IncompleteReadError):
                self.interrupted += 1
            finally:
                writer.close()

    async def _go_on(self, client: Client) -> None:
        arrival = {"prolific_pid": f"person-{self.number}", "token": self.token}
        if self.finishing and await client.post("/api/enter", arrival, self.token) == (409, {"error": "finished"}):
            self.finished = True  # it was committed; a kill took the answer
            return
        entered = await self._post(client, "enter", arrival)
        self.token, session = entered["token"], entered["session"]
        self.participant_id = session["participant_id"]
        if not session["consented"]:
            await self._post(client, "consent", {"consent_version": "1"})
        if not session["demographics"]:
            demographics = {"age": 30, "gender": None, "country": "DE", "continent": "Europe"}
            await self._post(client, "demographics", demographics)
        lost = self.acknowledged.keys() - set(session["answered"])
        if lost:
            raise AssertionError(f"acknowledged and lost: {sorted(lost)}")
        for position, pair in enumerate(session["items"]):
            if pair["id"] not in session["answered"]:
                await self._rate(client, pair["id"], position)
        await self._post(client, "strategies", {"strategy_similarity": "eyes", "strategy_identity": "mouth"})
        self.finishing = True
        await self._post(client, "finish", {})
        self.finished = True

    async def _rate(self, client: Client, pair_id: str, position: int) -> None:
        answer = random.Random(f"{self.number} {pair_id}")  # noqa: S311  the same again after a kill
        similarity, identity = answer.randint(0, 100), answer.random() < 0.5
        answers = {"pair_id": pair_id, "similarity": similarity, "identity": identity}
        start = time.perf_counter()
        await self._post(client, "ratings", {**answers, "response_time_ms": 1000, "position": position})
        self.seconds.append(time.perf_counter() - start)
        self.acknowledged[pair_id] = (similarity, identity)
        await asyncio.sleep(self.pause_s * 2 * random.random())  # noqa: S311

    async def _post(self, client: Client, call: str, content: dict[str, Any]) -> dict[str, Any]:
        status, answer = await client.post(f"/api/{call}", content, self.token)
        if status != 200:
            raise AssertionError(f"{call}: {status} {answer}")
        return answer


def participants(count: int, pause_s: float = 0) -> list[Participant]:
    """Participants, each with an address of their own, who pause for so long on average after each rating."""
    return [Participant(number, f"127.1.{number // 250}.{number % 250 + 1}", pause_s) for number in range(count)]


@contextmanager
def serving(folder: Path, bundle: Path, port: int = 0) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """The server as a process of its own, and its port."""
    code = "import sys; from pathlib import Path; from builder.survey.serve import serve; "
    code += "serve(Path(sys.argv[1]), bundle=Path(sys.argv[2]), port=int(sys.argv[3]))"
    command = [sys.executable, "-c", code, str(folder), str(bundle), str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101  as asked for
        try:
            yield process, int(process.stdout.readline().rsplit(":", 1)[1])
        finally:
            process.terminate()


async def all_at_once(people: list[Participant], port: int) -> float:
    """Seconds until the last has finished."""
    start = time.perf_counter()
    await asyncio.gather(*(person.take_part(port) for person in people))
    return time.perf_counter() - start


async def with_kills(people: list[Participant], folder: Path, bundle: Path, kills: int) -> int:
    """Everyone takes part while the server is killed after equal shares of the ratings; returns how often it was."""
    task, port, killed = None, 0, 0
    wanted = len(pairs_of(folder)) * len(people)
    while task is None or not task.done():
        with serving(folder, bundle, port) as (process, port):
            task = task or asyncio.create_task(all_at_once(people, port))
            while not task.done():
                rated = sum(len(person.acknowledged) for person in people)
                if killed < kills and rated >= wanted * (killed + 1) / (kills + 1):
                    process.send_signal(signal.SIGKILL)
                    killed += 1
                    break
                await asyncio.sleep(0.01)
    await task
    return killed


def pairs_of(folder: Path) -> list[str]:
    """The pair ids of the first batch."""
    from builder.survey.items import read_items

    return [item.item_id for item in read_items(folder).sittings[0]]


def stored(folder: Path) -> list[tuple[tuple[str, str], tuple[int, bool]]]:
    """(participant_id, pair_id) and (similarity, identity) of every rating, as the results file has them."""
    file = folder.parent / "results.jsonl"
    write_results(folder, file, None)
    records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()[1:]]
    return [
        ((row["participant_id"], row["pair_id"]), (row["similarity"], row["identity"]))
        for row in records
        if row["record"] == "rating"
    ]


def lost_and_doubled(people: list[Participant], folder: Path) -> tuple[int, int]:
    """The numbers of acknowledged ratings that the results lack or change, and that they have more than once."""
    rows = stored(folder)
    kept = dict(rows)
    lost = sum(
        kept.get((person.participant_id, pair)) != answer
        for person in people
        for pair, answer in person.acknowledged.items()
    )
    return lost, len(rows) - len(kept)


def survey_folder(root: Path, raters: int) -> Path:
    """The default study with searches of one round, which is as good as any here, and a survey for so many."""
    keys = {
        "name": "load",
        "batches": 1,
        "recognizers": [{"name": "dlib", "model": "dlib", "alignment": "center"}],
        "samples": {"optimized": {"max_iterations": 1, "max_norm": 1.2}},
        "survey": {**_SURVEY, "raters_per_pair": raters},
    }
    build(parse_study(keys, "benchmark"), root / "study", Crew(device="cpu"))
    return root / "study"


def commit_ms(folder: Path, commits: int = 200) -> float:
    """Milliseconds of an SQLite commit that waits for the disk."""
    with sqlite3.connect(folder / "commits.sqlite", isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows (row INTEGER)")
        start = time.perf_counter()
        for row in range(commits):
            connection.execute("INSERT INTO rows VALUES (?)", (row,))
        return (time.perf_counter() - start) / commits * 1000


def report(name: str, people: list[Participant], seconds: float, folder: Path) -> None:
    """Prints a line of figures."""
    milliseconds = np.array([each for person in people for each in person.seconds]) * 1000
    lost, doubled = lost_and_doubled(people, folder)
    p50, p99 = np.percentile(milliseconds, [50, 99])
    ratings = len(stored(folder))
    print(
        f"{name:24}{ratings:9}{lost:6}{doubled:9}{p50:9.0f}{p99:9.0f}{milliseconds.max():9.0f}{ratings / seconds:11.0f}"
    )


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--participants", type=int, default=PARTICIPANTS)
    count = parser.parse_args().participants
    gc.freeze()  # a full collection here would count as the server's
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        bundle = root / "bundle"
        bundle.mkdir()
        (bundle / "index.html").write_text("<!doctype html>")
        print(f"a commit that waits for the disk: {commit_ms(root):.2f} ms; {count} participants at once")
        print(
            f"{'':24}{'ratings':>9}{'lost':>6}{'doubled':>9}{'p50 ms':>9}{'p99 ms':>9}{'most ms':>9}{'ratings/s':>11}"
        )
        for name, pause_s in ((f"a pause of {PAUSE_S} s", PAUSE_S), ("no pause", 0)):
            folder, people = survey_folder(root / name, count), participants(count, pause_s)
            with serving(folder, bundle) as (_, port):
                seconds = asyncio.run(all_at_once(people, port))
            report(name, people, seconds, folder)
        folder, people = survey_folder(root / "killed", count), participants(count)
        start = time.perf_counter()
        killed = asyncio.run(with_kills(people, folder, bundle, KILLS))
        report(f"no pause, {killed} kills", people, time.perf_counter() - start, folder)
        print(f"wanted: 0 lost, 0 doubled, p99 below {WANTED_P99_MS} ms without kills")
        print(f"connections that the kills cut: {sum(person.interrupted for person in people)}")


if __name__ == "__main__":
    main()
