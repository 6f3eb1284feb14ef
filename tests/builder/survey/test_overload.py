"""What somebody would try who wants the server to be there for nobody: too much, too fast, too slow, or no HTTP."""

import asyncio
import json
import socket
import time
from contextlib import ExitStack

import psutil
import pytest

from builder.survey import limits
from builder.survey.messages import MOST_BYTES
from tests.builder.survey.serving import Page, lines, raw


@pytest.mark.parametrize("kind", ["declared", "chunked"])
@pytest.mark.parametrize("path", ["/api/ratings", "/api/enter", "/admin", "/"])
def test_a_body_of_100_mb_is_neither_read_nor_kept(server, page, kind, path):
    memory = psutil.Process(server.process.pid).memory_info().rss
    chunk, sent = b"x" * 65536, 0
    head = ["Content-Length: 100000000"] if kind == "declared" else ["Transfer-Encoding: chunked"]
    with socket.create_connection(("127.0.0.1", server.port), 30) as connection:
        head = [f"POST {path} HTTP/1.1", f"Authorization: Bearer {page.token}", *head]
        connection.sendall(lines(*head))
        framed = chunk if kind == "declared" else b"%x\r\n%s\r\n" % (len(chunk), chunk)
        connection.setblocking(False)
        answer = b""
        while sent < 100_000_000:  # goes on after the answer
            try:
                sent += connection.send(framed)
                answer += connection.recv(100)
            except BlockingIOError:
                time.sleep(0.01)
            except OSError:
                break
    assert sent < 10_000_000
    assert psutil.Process(server.process.pid).memory_info().rss - memory < 20_000_000
    if answer:
        assert int(answer.split()[1]) in (405, 413)
    assert page.rate(0).json() == {"saved": True}


def test_a_body_at_the_limit_is_read_and_one_beyond_it_is_not(page):
    headers = {"Authorization": f"Bearer {page.token}"}
    said = json.dumps({"strategy_similarity": "é" * 5000, "strategy_identity": "\u2028" * 5000}, ensure_ascii=True)
    assert page.client.post("/api/strategies", content=said, headers=headers).status_code == 200
    padded = said + " " * (MOST_BYTES - len(said))
    assert page.client.post("/api/strategies", content=padded, headers=headers).status_code == 200
    assert page.client.post("/api/strategies", content=padded + " ", headers=headers).status_code == 413


async def flood(server, address, requests, connections=20):
    """Statuses of so many requests, sent as fast as they are answered."""
    request = lines("GET /images/nothing.png HTTP/1.1")

    async def one(count):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, local_addr=(address, 0))
        statuses = []
        for _ in range(count):
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"content-security-policy: default-src 'none'" in head.lower()
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            await reader.readexactly(int(length.split(b":")[1]))
            statuses.append(int(head.split()[1]))
        writer.close()
        return statuses

    of_each = await asyncio.gather(*(one(requests // connections) for _ in range(connections)))
    return [status for statuses in of_each for status in statuses]


def test_ten_thousand_requests_from_one_address_are_cut_short_and_others_are_served(server, address):
    async def flood_while_another_rates():
        flooding = asyncio.create_task(flood(server, address, 10_000))
        with server.client("127.0.0.9") as client:
            page = Page(client)
            await asyncio.to_thread(page.take_part)
        return await flooding

    memory = psutil.Process(server.process.pid).memory_info().rss
    start = time.monotonic()
    statuses = asyncio.run(flood_while_another_rates())
    allowed = limits.BURST + limits.PER_SECOND * (time.monotonic() - start)
    assert set(statuses) == {404, 429}
    assert limits.BURST <= statuses.count(404) <= allowed
    assert psutil.Process(server.process.pid).memory_info().rss - memory < 20_000_000


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 20_000,
        b"POST /api/enter HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/enter HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        b"POST /api/enter HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n\r\n",
    ],
    ids=lambda sent: str(sent[:40]),
)
def test_what_is_no_http_is_answered_or_cut_off(server, page, request_bytes):
    try:
        answer = raw(server, request_bytes)
    except OSError:
        answer = b""  # it hung up
    assert b"Traceback" not in answer
    assert page.rate(0).json() == {"saved": True}


@pytest.mark.slow
@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\n", b"POST /api/enter HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{"],
    ids=["nothing", "head", "body"],
)
def test_who_begins_and_does_not_go_on_is_hung_up_on(server, page, address, begun):
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 60, (address, 0)))
            for _ in range(100)
        ]
        for connection in slow:
            connection.sendall(begun)
        assert page.rate(0).json() == {"saved": True}
        answers = [connection.recv(100) for connection in slow]
    assert all(answer == b"" or answer.startswith(b"HTTP/1.1 408") for answer in answers)


def test_one_address_cannot_take_all_connections(server, address):
    with ExitStack() as stack:
        many = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 30, (address, 0)))
            for _ in range(limits.MOST_CONNECTIONS + 40)
        ]
        with server.client("127.0.0.8") as client:
            assert client.get("/").status_code == 200
        closed = 0
        for connection in many:
            connection.setblocking(False)
            try:
                closed += connection.recv(1) == b""
            except BlockingIOError:
                continue
            except ConnectionResetError:
                closed += 1
    assert closed == 40
