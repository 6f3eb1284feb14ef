"""What somebody would try who means no good, each against the server as a process."""

import asyncio
import json

import httpx
import pyarrow as pa
import pytest

from builder.errors import SurveyError
from builder.shards import StudyFolder
from builder.survey.items import read_items
from builder.survey.messages import MOST_BYTES
from builder.survey.server import SECURITY_HEADERS, Survey, create_app
from tests.builder.survey.serving import TOKEN, Page, lines, raw, serving
from tests.conftest import run_builder


def stored(server):
    *records, _signature = [json.loads(line) for line in server.admin("/results").text.splitlines()[1:]]
    return records


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


def test_one_address_that_enters_again_and_again_keeps_nobody_out(survey_folder, stub):
    with serving(survey_folder, stub) as server, server.client("127.9.9.9") as attacker:
        assert {attacker.post("/api/enter", json={}).status_code for _ in range(200)} == {200}
        assert '<dd id="in-progress">0</dd>' in server.admin().text
        with server.client("127.8.8.8") as client:
            page = Page(client)
            assert page.enter().status_code == 200
            assert page.consent().json() == {"saved": True}
            assert page.rate(0).json() == {"saved": True}
        assert len(stored(server)) == 2


def test_nothing_that_one_says_changes_or_shows_what_another_said(server, client):
    victim = Page(client, prolific_pid="5f1e0000000000000000000b")
    victim.enter()
    victim.consent()
    victim.rate(0)
    known = victim.session["participant_id"]
    before = [row for row in stored(server) if row["participant_id"] == known]
    thief = Page(client)
    thief.enter()
    said = {
        "consent": {"consent_version": "1"},
        "demographics": {"age": 99, "gender": "other", "country": None, "continent": None},
        "ratings": thief.answer(0),
        "strategies": {"strategy_similarity": "stolen", "strategy_identity": "stolen"},
        "finish": {},
    }
    claimed = {"Authorization": f"Bearer {thief.token}", "Cookie": f"participant_id={known}", "X-Participant": known}
    for call, body in said.items():
        for extra in ({}, {"participant_id": known}, {"token": known}):
            answer = client.post(f"/api/{call}?participant_id={known}", json=body | extra, headers=claimed)
            assert answer.status_code == 400 if extra else answer.status_code in (200, 409)
            assert known not in answer.text
    for guess in (None, known, thief.token):
        again = Page(client, prolific_pid=victim.address["prolific_pid"])
        again.token = guess
        assert (again.enter().status_code, again.enter().json()) == (403, {"error": "taken"})
    assert [row for row in stored(server) if row["participant_id"] == known] == before
    assert victim.rate(1).json() == {"saved": True}


def test_pairs_of_another_batch_cannot_be_rated(server, page):
    batch = page.session["batch"]
    others = [item.item_id for item in read_items(server.folder).sittings[1 - batch]]
    for pair_id in [*others[:3], "", "no-pair", "' OR 1=1 --", page.session["items"][0]["id"].upper()]:
        answer = page.rate(0, pair_id=pair_id)
        assert (answer.status_code, answer.json()) == (403, {"error": "item"})


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


@pytest.mark.parametrize("hostile", ["../../etc/passwd", "/etc/passwd", "a/b", ".hidden", "a\0b", "", "a" * 201, "a\n"])
@pytest.mark.parametrize("column", ["pair_id", "base_id", "sample_id"])
def test_an_id_of_a_study_that_would_lead_out_is_refused(survey_folder, monkeypatch, column, hostile):
    read = StudyFolder.read

    def tampered(folder, name, batch):
        table = read(folder, name, batch)
        if name != "pairs":
            return table
        return table.set_column(table.column_names.index(column), column, pa.array([hostile] * len(table)))

    monkeypatch.setattr(StudyFolder, "read", tampered)
    with pytest.raises(SurveyError, match="cannot be shown on a page"):
        read_items(survey_folder)


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


def wrong_tokens(client, count, **headers):
    """The statuses of so many wrong guesses at the form, each another."""
    guesses = ({"token": f"guess-{number}-guess-guess"} for number in range(count))
    return [client.post("/admin", data=guess, headers=headers).status_code for guess in guesses]


def test_after_ten_wrong_tokens_an_address_has_to_wait_even_with_the_right_one(server, client, address):
    admin = {"Authorization": f"Bearer {TOKEN}"}
    cookie = client.post("/admin", data={"token": TOKEN}).headers["set-cookie"].partition(";")[0]
    assert wrong_tokens(client, 10) == [401] * 10
    client.cookies.clear()
    for tried in (
        client.post("/admin", data={"token": TOKEN}),
        client.get("/admin", headers=admin),
        client.get("/admin/results", headers=admin),
    ):
        assert (tried.status_code, tried.headers["retry-after"]) == (429, "10")
        assert "Wait 10 seconds" in tried.text
    assert client.get("/admin", headers={"Cookie": cookie}).status_code == 200  # who is in stays in
    assert server.admin().status_code == 200  # from another address
    assert Page(client).enter().status_code == 200


def test_what_somebody_says_of_their_address_is_not_believed(client, address):
    statuses = [wrong_tokens(client, 1, **{"X-Forwarded-For": f"10.0.0.{number}"})[0] for number in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    with client.stream("GET", "/") as answer:
        assert answer.status_code == 200


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.77.1.2"])
def test_the_web_server_in_front_is_believed_and_nobody_else(survey_folder, stub, peer):
    behind = ["--behind-proxy", "127.0.0.1", "--behind-proxy", "10.1.0.0/16"]
    with serving(survey_folder, stub, *behind) as server, server.client(peer) as client:
        believed = peer == "127.0.0.1"
        passed = {"X-Forwarded-For": "203.0.113.1, 198.51.100.7, 10.1.2.3", "X-Forwarded-Proto": "https"}
        answer = client.post("/admin", data={"token": TOKEN}, headers=passed)
        assert ("Secure" in answer.headers["set-cookie"]) == believed
        assert wrong_tokens(client, 11, **{"X-Forwarded-For": "198.51.100.7"}) == [401] * 10 + [429]
        forged = {"X-Forwarded-For": "1.2.3.4, 198.51.100.7"}  # what somebody wrote before the proxy added its part
        assert wrong_tokens(client, 1, **forged) == [429]
        assert wrong_tokens(client, 1, **{"X-Forwarded-For": "198.51.100.8"}) == [401 if believed else 429]


def test_without_being_told_of_a_web_server_in_front_the_server_points_it_out(survey_folder, stub):
    with serving(survey_folder, stub) as server, server.client("127.0.0.77") as client:
        for _ in range(3):
            answer = client.post(
                "/admin", data={"token": TOKEN}, headers={"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Proto": "https"}
            )
            assert "Secure" not in answer.headers["set-cookie"]
        server.process.terminate()
        _, said = server.process.communicate(timeout=30)
    assert said.count("--behind-proxy") == 1
    assert "10.9.9.9" not in said
    assert "127.0.0.77" not in said


def test_a_network_in_front_that_is_none_is_said(survey_folder):
    done = run_builder("survey", "serve", survey_folder, "--behind-proxy", "nginx")
    assert done.returncode == 2
    assert "'nginx' is neither an IP address nor a network" in done.stderr


@pytest.mark.parametrize("encoding", ["chunked", "Chunked", "gzip, chunked"])
@pytest.mark.parametrize("path", ["/api/enter", "/", "/admin"])
def test_a_request_of_two_lengths_is_refused_and_what_it_hides_is_not_read(server, path, encoding):
    hidden = lines("GET /task.json HTTP/1.1")
    both = [f"POST {path} HTTP/1.1", f"Content-Length: {len(hidden) + 5}", f"Transfer-Encoding: {encoding}"]
    answer = raw(server, lines(*both, body=b"0\r\n\r\n" + hidden))
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501"))
    assert answer.count(b"HTTP/1.1") == 1
    assert b"small" not in answer


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


class Broken:
    """In place of a database: whoever gets as far as this makes the server fail."""

    def execution_options(self, **options):
        return self

    def begin(self):
        raise RuntimeError("the password is 1234")

    connect = begin


@pytest.fixture
def ask(survey_folder):
    """Asks a server whose database is broken: (method, path, headers, form) to an answer."""
    app = create_app(Survey(read_items(survey_folder), Broken(), b"k" * 32, {"index.html": b""}, TOKEN))

    async def answered(method, path, headers, form):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://survey") as client:
            return await client.request(method, path, headers=headers, data=form)

    return lambda method, path, headers=None, form=None: asyncio.run(answered(method, path, headers, form))


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [("POST", "/api/enter", ""), ("POST", "/api/finish", "guessed"), ("GET", "/admin", TOKEN)],
)
def test_no_stack_trace_goes_out(ask, method, path, token):
    answer = ask(method, path, {"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (500, {"error": "failed"})
    assert {key: answer.headers.get(key) for key in SECURITY_HEADERS} == SECURITY_HEADERS


def test_a_comparison_in_constant_time_alone_decides_who_sees_the_progress(ask, monkeypatch):
    cookie = ask("POST", "/admin", form={"token": TOKEN}).headers["set-cookie"].partition(";")[0]

    def statuses(token, kept):
        ways = [{"Authorization": f"Bearer {token}"}, {"Cookie": kept}]
        shown = [ask("GET", path, headers).status_code for path in ("/admin", "/admin/results") for headers in ways]
        return {*shown, ask("POST", "/admin", form={"token": token}).status_code}

    wrong = "x" * len(TOKEN), f"{cookie[:-64]}{'0' * 64}"
    assert statuses(*wrong) == {401}
    monkeypatch.setattr("hmac.compare_digest", lambda given, wanted: False)
    assert statuses(TOKEN, cookie) == {401}
    monkeypatch.setattr("hmac.compare_digest", lambda given, wanted: True)
    assert 401 not in statuses(*wrong)


def test_every_answer_has_the_security_headers(server, client, page):
    answers = [
        client.get("/"),
        client.get("/task.json"),
        client.get(page.session["items"][0]["pictures"][0]),
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
