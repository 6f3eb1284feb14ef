"""What somebody would try who means no good, each against the server as a process."""

import asyncio
import json
import random
import socket
import time
from contextlib import ExitStack

import httpx
import psutil
import pytest

from builder.survey import limits
from builder.survey.messages import MOST_BYTES
from builder.survey.server import SECURITY_HEADERS, Survey, create_app
from builder.survey.task import read_task
from tests.builder.survey.serving import TOKEN, Page


@pytest.fixture
def address():
    """A loopback address of the test's own: what one test asks for counts for no other."""
    return f"127.{random.randint(2, 250)}.{random.randint(1, 250)}.{random.randint(1, 250)}"


@pytest.fixture
def client(server, address):
    with server.client(address) as client:
        yield client


@pytest.fixture
def page(client):
    """A participant who has consented."""
    page = Page(client)
    page.enter()
    page.consent()
    return page


def stored(server):
    return [json.loads(line) for line in server.admin("/results").text.splitlines()[1:]]


def raw(server, request, address="127.0.0.1"):
    """The answer to bytes as they are, no client of good manners between; all of it, until the server hangs up."""
    with socket.create_connection(("127.0.0.1", server.port), 30, (address, 0)) as connection:
        connection.sendall(request)
        answer = b""
        while received := connection.recv(65536):
            answer += received
    return answer


def lines(*lines, body=b""):
    return "\r\n".join([*lines, "Host: survey", "", ""]).encode("latin-1") + body


def test_anothers_participant_id_or_address_does_not_open_their_session(client):
    victim = Page(client, prolific_pid="5f1e00000000000000000009", session_id="64aa00000000000000000009")
    victim.enter()
    victim.consent()
    ids = [victim.session["participant_id"], victim.address["prolific_pid"], victim.token[:-1], victim.token + "A"]
    for guess in [*ids, "null", "x" * 200]:
        thief = Page(client)
        thief.token, thief.session = guess, victim.session
        assert thief.rate(0).status_code == 401
        assert thief.send("finish", {}).status_code == 401
    for known in ({}, {"session_id": "64aa0000000000000000000a"}, {"study_id": "64aa00000000000000000009"}):
        thief = Page(client, prolific_pid=victim.address["prolific_pid"], **known)
        assert (thief.enter().status_code, thief.enter().json()) == (403, {"error": "taken"})
    assert victim.rate(0).json() == {"saved": True}
    assert client.post("/api/ratings", json=victim.answer(1)).status_code == 401


def test_pairs_of_another_batch_cannot_be_rated(server, page):
    batch = page.session["batch"]
    others = [pair.pair_id for pair in read_task(server.folder).batches[1 - batch]]
    for pair_id in [*others[:3], "", "no-pair", "' OR 1=1 --", page.session["pairs"][0]["pair_id"].upper()]:
        answer = page.rate(0, pair_id=pair_id)
        assert (answer.status_code, answer.json()) == (403, {"error": "pair"})


@pytest.mark.parametrize(
    "change",
    [
        {"similarity": -1},
        {"similarity": 100.5},
        {"similarity": "50"},
        {"similarity": True},
        {"similarity": None},
        {"similarity": 10**400},
        {"identity": 1},
        {"identity": "yes"},
        {"identity": None},
        {"response_time_ms": -1},
        {"response_time_ms": 86_400_001},
        {"position": -1},
        {"position": 2**63},
        {"position": 0.5},
        {"pair_id": ["a"]},
        {"pair_id": "a" * 201},
        {"pair_id": "a\0b"},
        {"participant_id": "p-somebody-else"},
        {"rated_at": "1970-01-01T00:00:00Z"},
    ],
    ids=lambda change: f"{next(iter(change.items()))}"[:40],
)
def test_values_out_of_range_are_refused(page, change):
    answer = page.rate(0, **change)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid"})
    page.enter()
    assert page.session["answered"] == []


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("demographics", {"age": 0, "gender": None, "country": None, "continent": None}),
        ("demographics", {"age": 121, "gender": None, "country": None, "continent": None}),
        ("demographics", {"age": "34", "gender": None, "country": None, "continent": None}),
        ("demographics", {"age": 34, "gender": "<script>", "country": None, "continent": None}),
        ("demographics", {"age": 34, "gender": None, "country": "Germany", "continent": None}),
        ("demographics", {"age": 34, "gender": None, "country": "DE\n", "continent": None}),
        ("demographics", {"age": 34, "gender": None, "country": None, "continent": "Atlantis"}),
        ("demographics", {"age": 34, "gender": None, "country": None, "continent": None, "name": "Jane"}),
        ("consent", {"consent_version": "another"}),
        ("strategies", {"strategy_similarity": "a" * 5001, "strategy_identity": ""}),
        ("strategies", {"strategy_similarity": "a\0", "strategy_identity": ""}),
        ("finish", {"completion_code": "please"}),
        ("enter", {"prolific_pid": 7}),
        ("enter", {"prolific_pid": "a" * 201}),
        ("enter", {"admin": True}),
    ],
)
def test_what_nobody_asked_is_refused(page, call, said):
    assert (page.send(call, said).status_code, page.send(call, said).json()) == (400, {"error": "invalid"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"pair_id": "\xff"}',
        b'{"pair_id": "\\ud800", "similarity": 1, "identity": true, "response_time_ms": 1, "position": 0}',
        b'{"similarity": NaN}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"1" * 60_000,
    ],
    ids=lambda body: str(body[:20]),
)
def test_what_is_no_answer_is_refused(page, body):
    answer = page.client.post("/api/ratings", content=body, headers={"Authorization": f"Bearer {page.token}"})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid"})


def test_the_completion_code_is_for_who_rated_every_pair(page):
    for position in range(19):
        page.rate(position)
    answer = page.send("finish", {})
    assert (answer.status_code, answer.json()) == (409, {"error": "unfinished"})


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


SECRETS = [b"[survey]", b"consent =", b"root:", b"SQLite format", b"import ", b"ARROW"]


@pytest.mark.parametrize(
    "path",
    [
        "/../../../../../../etc/passwd",
        "/images/../../study.toml",
        "/images/../study.toml.png",
        "/..%2f..%2fstudy.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/images/%2e%2e%2f%2e%2e%2fratings%2fparticipant.key",
        "/images/..%252f..%252fratings%252fsurvey.sqlite",
        "/..\\..\\study.toml",
        "//etc/passwd",
        "///etc/passwd",
        "/file:///etc/passwd",
        "/admin/../ratings/survey.sqlite",
        "/admin/style.css/../../server.py",
        "/server.py",
        "/static/index.html",
        "/index.html%00.png",
        "/images/%00.png",
        "/images/small-00000-base0.png%00",
        "/images/small-00000-base0",
        "/%ff%fe",
        "/." * 2000,
        "/" + "a" * 60_000,
    ],
    ids=lambda path: path[:30],
)
def test_no_path_leads_out(server, path):
    answer = raw(server, lines(f"GET {path} HTTP/1.1", "Connection: close"))
    assert answer.split()[1] in (b"400", b"404")
    assert not any(secret in answer for secret in SECRETS)


SCRIPT = "<script>alert(document.cookie)</script><img src=x onerror=alert(1)>\"'{{7*7}}"


def test_a_script_in_a_free_text_stays_a_text(server, page):
    assert page.send("strategies", {"strategy_similarity": SCRIPT, "strategy_identity": SCRIPT}).status_code == 200
    mine = [row for row in stored(server) if row["participant_id"] == page.session["participant_id"]]
    assert mine[0]["strategy_similarity"] == SCRIPT
    shown = server.admin()
    assert shown.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in shown.headers["content-security-policy"]
    assert "&lt;script&gt;alert(document.cookie)" in shown.text
    assert "{{7*7}}" in shown.text
    assert "<script" not in shown.text
    assert "<img" not in shown.text


@pytest.mark.parametrize("path", ["/admin", "/admin/results", "/admin/results?token=" + TOKEN, "/admin?token=" + TOKEN])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \xe9".encode("latin-1")},
        {"Cookie": f"lands-between-admin={TOKEN}"},
        {"Cookie": "lands-between-admin="},
    ],
    ids=str,
)
def test_nothing_is_shown_without_the_token(client, page, path, headers):
    answer = client.get(path, headers=headers)
    assert answer.status_code == 401
    assert page.session["participant_id"] not in answer.text
    assert "progress" not in answer.text.replace("Show progress", "")
    with_page = client.get(path, headers={"Authorization": f"Bearer {page.token}"})
    assert with_page.status_code == 401


@pytest.mark.parametrize("body", [b"", b"token=", b"token=x&token=" + TOKEN.encode(), b"\xff" * 100, b"&" * 60_000])
def test_the_form_lets_nobody_in_without_the_token(client, body):
    answer = client.post("/admin", content=body)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


SQL = [
    "'; DROP TABLE ratings; --",
    '" OR ""="',
    "1' UNION SELECT token_sha256 FROM participants --",
    "%' OR '1'='1",
    "\\",
]


@pytest.mark.parametrize("sql", SQL)
def test_sql_in_an_id_is_an_id(server, client, sql):
    page = Page(client, prolific_pid=sql, study_id=sql, session_id=sql)
    assert page.enter().status_code == 200
    assert page.session["participant_id"].startswith("p-")
    assert page.consent().status_code == 200
    assert page.rate(0, pair_id=sql).status_code == 403
    assert Page(client, prolific_pid=sql, session_id="another").enter().status_code == 403
    thief = Page(client)
    thief.token = sql
    thief.session = page.session
    assert thief.rate(0).status_code == 401
    assert client.get(f"/images/{sql}.png").status_code == 404
    assert page.rate(0).json() == {"saved": True}
    assert page.send("strategies", {"strategy_similarity": sql, "strategy_identity": sql}).status_code == 200
    assert sql in [row.get("strategy_identity") for row in stored(server)]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "A" * 500])
@pytest.mark.parametrize("path", ["/", "/api/ratings", "/admin", "/images/small-00000-base0.png"])
def test_other_methods_do_nothing(server, method, path):
    answer = raw(server, lines(f"{method} {path} HTTP/1.1", "Connection: close"))
    assert answer.split()[1] == b"405"
    assert b"Traceback" not in answer


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


def test_no_stack_trace_goes_out(survey_folder):
    class Broken:
        def execution_options(self, **options):
            return self

        def begin(self):
            raise RuntimeError("the password is 1234")

    app = create_app(Survey(read_task(survey_folder), Broken(), b"k" * 32, {"index.html": b""}, TOKEN))

    async def enter():
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://survey") as client:
            return await client.post("/api/enter", json={})

    answer = asyncio.run(enter())
    assert (answer.status_code, answer.json()) == (500, {"error": "failed"})
    assert {key: answer.headers.get(key) for key in SECURITY_HEADERS} == SECURITY_HEADERS


def test_every_answer_has_the_security_headers(server, client, page):
    answers = [
        client.get("/"),
        client.get("/task.json"),
        client.get(page.session["pairs"][0]["base"]),
        client.get("/nothing"),
        client.get("/admin"),
        client.get("/admin/style.css"),
        server.admin(),
        server.admin("/results"),
        client.post("/admin", data={"token": TOKEN}),
        client.post("/nothing"),
        client.delete("/api/ratings"),
        client.post("/api/enter", content=b"{"),
        client.post("/api/enter", content=b"x" * (MOST_BYTES + 1)),
        page.rate(0),
        page.send("finish", {}),
        client.post("/api/finish"),
    ]
    assert {answer.status_code for answer in answers} == {200, 303, 400, 401, 404, 405, 409, 413}
    for answer in answers:
        assert {key: answer.headers.get(key) for key in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
        private = answer.request.url.path.startswith(("/api", "/admin"))
        assert not private or answer.headers["cache-control"] == "no-store"


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
