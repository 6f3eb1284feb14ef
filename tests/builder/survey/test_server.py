"""The whole task over HTTP, against the server as a process."""

import hashlib
import json
import signal
import socket
import sqlite3
import subprocess
import sys
from datetime import datetime

import pyarrow as pa
import pytest

from builder.errors import LandsBetweenError, SurveyError
from builder.ratings.store import RatingsFolder
from builder.shards import StudyFolder
from builder.survey.items import read_items
from builder.survey.serve import serve
from tests.asks import ASKS
from tests.builder.survey.serving import TOKEN, Page, serving
from tests.conftest import run_builder


def results(server):
    response = server.admin("/results")
    assert response.status_code == 200
    *records, last = [json.loads(line) for line in response.text.splitlines()]
    assert last["record"] == "signature"
    return records


def test_the_whole_task(server):
    with server.client() as client:
        page = Page(client, prolific_pid="5f1e00000000000000000001", session_id="64aa00000000000000000001")
        ending = page.take_part()
        person = page.session["participant_id"]
        assert ending == {"completion_code": "C1A2B3", "completion_url": None, "participant_id": person}
        assert page.enter().json() == {"error": "finished"}
        assert page.enter().status_code == 409
        assert page.send("finish", {}).json() == ending
    head, *records = results(server)
    assert head == {"format": "lands-between-survey", "version": 1, "study": "small"}
    person, *rated = [row for row in records if row["participant_id"] == page.session["participant_id"]]
    said = ("age", "gender", "country", "continent", "consent_version", "strategy_similarity", "strategy_identity")
    assert [person[key] for key in said] == [34, "female", "DE", None, "1", "eyes", "<b>nose</b>"]
    assert person["duration_s"] > 0
    for position, (row, pair) in enumerate(zip(rated, page.session["items"], strict=True)):
        assert row.pop("rated_at") > person["started_at"]
        assert row == page.answer(position) | {"record": "rating", "participant_id": person["participant_id"]}
        assert row["pair_id"] == pair["id"]


def test_the_pairs_of_a_session_are_those_of_its_batch_with_their_images(server):
    with server.client() as client:
        page = Page(client)
        page.enter()
        stored = StudyFolder(server.folder).read("pairs", page.session["batch"]).to_pylist()
        images = {row["pair_id"]: (row["base"]["bytes"], row["sample"]["bytes"]) for row in stored}
        assert sorted(pair["id"] for pair in page.session["items"]) == sorted(images)
        for pair in page.session["items"]:
            shown = tuple(client.get(address) for address in pair["pictures"])
            assert tuple(image.content for image in shown) == images[pair["id"]]
            assert {image.headers["content-type"] for image in shown} == {"image/png"}


def test_the_order_differs_between_participants_and_stays_for_one(server):
    batches = read_items(server.folder).sittings.values()
    orders = [tuple(item.item_id for item in pairs) for pairs in batches]
    with server.client() as client:
        for _ in range(6):
            page = Page(client)
            page.enter()
            order = [pair["id"] for pair in page.session["items"]]
            page.enter()
            assert order == [pair["id"] for pair in page.session["items"]]
            orders.append(tuple(order))
    assert len(set(orders)) == 8


def test_a_page_goes_on_where_it_was_after_a_kill(survey_folder, stub):
    with serving(survey_folder, stub) as first, first.client() as client:
        page = Page(client)
        page.enter()
        page.consent()
        page.send("demographics", {"age": None, "gender": None, "country": None, "continent": "Europe"})
        for position in range(7):
            assert page.rate(position).json() == {"saved": True}
        before = page.session
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with serving(survey_folder, stub) as again, again.client() as client:
        page.client = client
        page.enter()
        assert page.session["items"] == before["items"]
        assert set(page.session["answered"]) == {pair["id"] for pair in before["items"][:7]}
        assert (page.session["consented"], page.session["demographics"]) == (True, True)
        assert (page.session["strategies"], page.session["finished"]) == (False, False)
        assert page.rate(6).json() == {"saved": True}  # the answer may have been lost on its way
        for position in range(7, 20):
            page.rate(position)
        assert page.send("finish", {}).status_code == 200
        assert sum(record["record"] == "rating" for record in results(again)[1:]) == 20


def test_the_end_at_a_terminal_is_quiet(survey_folder, stub):
    with serving(survey_folder, stub) as running:
        assert running.client().get("/").status_code == 200
        running.process.send_signal(signal.SIGINT)
        _, errors = running.process.communicate(timeout=30)
    assert (running.process.returncode, errors) == (0, "")


def test_the_page_its_configuration_and_nothing_else(server):
    with server.client() as client:
        assert client.get("/").text == "<!doctype html><title>page</title>"
        assert client.get("/index.html").text == client.get("/?PROLIFIC_PID=a").text == client.get("/").text
        assert client.get("/survey.js").headers["content-type"].startswith("text/javascript")
        assert client.head("/").status_code == 200
        config = client.get("/task.json").json()
        assert client.get("/survey.css").status_code == 404
    assert (config["mode"], config["study"], config["language"]) == ("server", "small", "en")
    assert config["survey"]["consent"] == "I am an adult & take part <voluntarily>."
    assert config["survey"]["consent_version"] == "1"
    assert "completion_code" not in json.dumps(config)


def test_no_id_of_a_platform_and_no_address_is_stored_or_logged(survey_folder, stub):
    pid, session, study = "5f1e00000000000000000001", "64aa00000000000000000001", "77bb00000000000000000001"
    with serving(survey_folder, stub) as running:
        with running.client("127.0.0.77") as client:
            page = Page(client, prolific_pid=pid, session_id=session, study_id=study)
            page.take_part()
        said = json.dumps(results(running)) + running.admin().text
        running.process.terminate()
        output, errors = running.process.communicate(timeout=30)
    files = b"".join(path.read_bytes() for path in (survey_folder / "ratings").iterdir())
    for secret in (pid, session, study, "127.0.0.77", page.token):
        assert secret not in said + output + errors
        assert secret.encode() not in files
    assert page.session["participant_id"].encode() in files


def test_only_the_owner_reads_the_answers_and_the_key(server):
    files = list((server.folder / "ratings").iterdir())
    assert {"participant.key", "survey.sqlite", "survey.sqlite-wal"} <= {path.name for path in files}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_progress_and_results_are_for_who_has_the_token(survey_folder, stub, tmp_path):
    with serving(survey_folder, stub) as server, server.client() as client:
        Page(client).take_part()
        Page(client).enter()  # who has not consented is not in it
        page = server.admin()
        for key, value in {"ratings": 20, "in-progress": 0, "finished": 1, "silent": 0}.items():
            assert f'<dd id="{key}">{value}</dd>' in page.text
        answer = client.post("/admin", data={"token": TOKEN})
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin")
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert TOKEN not in cookie
        assert '<dd id="finished">1</dd>' in client.get("/admin").text
        served = client.get("/admin/results").text
        assert len(served.splitlines()) == 23
        done = run_builder("survey", "results", survey_folder, tmp_path / "results.jsonl")
    assert (tmp_path / "results.jsonl").read_text() == served
    assert "20 ratings of 1 participants" in done.stdout
    merged = run_builder("ratings", "import", survey_folder, tmp_path / "results.jsonl")
    assert merged.returncode == 0, merged.stderr
    kept = {row["pair_id"]: row for row in RatingsFolder(survey_folder, ASKS).ratings().to_pylist()}
    records = [json.loads(line) for line in served.splitlines()[1:]]
    assert len(kept) == 20
    for row in (row for row in records if row["record"] == "rating"):
        for key in row.keys() - {"record", "rated_at"}:
            assert kept[row["pair_id"]][key] == row[key]
        assert kept[row["pair_id"]]["rated_at"] == datetime.fromisoformat(row["rated_at"])
    [person] = RatingsFolder(survey_folder, ASKS).participants().to_pylist()
    assert (person["age"], person["gender"], person["continent"], person["source"]) == (
        "34",
        "female",
        "Europe",
        "human",
    )
    assert (person["strategy_similarity"], person["strategy_identity"]) == ("eyes", "<b>nose</b>")


def test_postgresql_serves_and_gives_results(survey_folder, stub, postgres, tmp_path):
    with serving(survey_folder, stub, "--database", postgres) as running:
        with running.client() as client:
            Page(client).take_part()
        assert len(results(running)) == 22
    assert not (survey_folder / "ratings" / "survey.sqlite").exists()
    done = run_builder("survey", "results", survey_folder, tmp_path / "r.jsonl", "--database", postgres)
    assert "20 ratings of 1 participants" in done.stdout


def test_a_database_that_fails_loses_nothing_that_was_acknowledged(server):
    with server.client() as client:
        page = Page(client)
        page.enter()
        page.consent()
        page.rate(0)
        other = sqlite3.connect(server.folder / "ratings" / "survey.sqlite", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")  # as a disk that does not answer
        refused = page.rate(1)
        assert (refused.status_code, refused.json()) == (503, {"error": "busy"})
        other.rollback()
        assert page.rate(1).json() == {"saved": True}
        page.enter()
        assert len(page.session["answered"]) == 2


def refused(folder, bundle, **options):
    with pytest.raises(LandsBetweenError) as error:
        serve(folder, bundle=bundle, token=TOKEN, port=0, **options)
    return str(error.value)


def test_what_cannot_be_served_is_said(survey_folder, small_folder, stub, tmp_path):
    assert "study.toml: [survey] lacks consent and contact" in refused(small_folder, stub)
    assert "index.html: the survey's page is not built" in refused(survey_folder, tmp_path / "nothing")
    assert "no such file" in refused(tmp_path / "nothing", stub)
    assert "--database oracle://b/c" in refused(survey_folder, stub, database="oracle://b/c")
    assert "secret" not in refused(survey_folder, stub, database="postgresql://a:secret@127.0.0.1:1/c")
    with pytest.raises(SurveyError, match="--port 70000: must be 0 to 65535"):
        serve(survey_folder, bundle=stub, port=70000)
    with pytest.raises(SurveyError, match="16 or more characters"):
        serve(survey_folder, bundle=stub, token="short")  # noqa: S106  what is tested
    (survey_folder / "manifest" / "batch-00001.json").unlink()
    assert "batch 1 is not built" in refused(survey_folder, stub)


def test_the_command_says_it_in_a_line(small_folder):
    done = run_builder("survey", "serve", small_folder)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("package", "command"), [("starlette", "serve"), ("sqlalchemy", "results")])
def test_without_its_packages_the_command_names_what_to_install(package, command, tmp_path):
    code = f"import sys; sys.modules['{package}'] = None; from builder.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["survey", command, "nowhere", *(["r.jsonl"] if command == "results" else [])]
    run = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "pip install 'lands-between[survey]'" in done.stderr


def test_an_address_that_is_taken_is_said(server, survey_folder, stub):
    with pytest.raises(SurveyError, match="in use"):
        serve(survey_folder, bundle=stub, port=server.port)


def test_a_damaged_batch_is_named(survey_folder, stub):
    shard = survey_folder / "shards" / "pairs" / "batch-00001.arrow"
    shard.write_bytes(shard.read_bytes()[:-1] + b"x")
    assert "batch 1 is damaged" in refused(survey_folder, stub)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"pair_id": "../../etc/passwd"}, "which cannot be shown"),
        ({"pair_id": "=1+1"}, "which cannot be shown"),
        ({"sample_id": "small-00000-elsewhere"}, "has no image 'small-00000-elsewhere'"),
    ],
)
def test_ids_of_a_foreign_folder_are_not_trusted(survey_folder, change, said):
    rewrite(survey_folder, "pairs", change)
    with pytest.raises(SurveyError, match=said):
        read_items(survey_folder)


def test_images_of_a_foreign_folder_are_png(survey_folder):
    rewrite(survey_folder, "images", {"image": {"bytes": b"<svg onload=alert(1)>", "path": None}})
    with pytest.raises(SurveyError, match="is no PNG"):
        read_items(survey_folder)


def rewrite(folder, table, change):
    """Changes the last row of a table, and the manifest so that it is not damaged: whoever made the folder could."""
    study = StudyFolder(folder)
    rows = study.read(table, 0)
    changed = rows.to_pylist()
    changed[-1] |= change
    changed_table = pa.Table.from_pylist(changed, rows.schema)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(changed_table)
    content = sink.getvalue().to_pybytes()
    study.shard_path(table, 0).write_bytes(content)
    path = folder / "manifest" / "batch-00000.json"
    manifest = json.loads(path.read_text())
    for shard in manifest["shards"]:
        if shard["table"] == table:
            shard |= {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    path.write_text(json.dumps(manifest))


def test_results_of_nobody_are_said(survey_folder, tmp_path):
    done = run_builder("survey", "results", survey_folder, tmp_path / "r.jsonl")
    assert (done.returncode, "nobody was asked" in done.stderr) == (2, True)
    done = run_builder("survey", "results", survey_folder, tmp_path / "r.csv")
    assert (done.returncode, ".jsonl" in done.stderr) == (2, True)
    assert list(tmp_path.glob("r.*")) == []


def test_a_client_that_hangs_up_in_the_middle_disturbs_nobody(server):
    with server.client() as client:
        page = Page(client)
        page.enter()
        page.consent()
        head = ["POST /api/ratings HTTP/1.1", "Host: survey", f"Authorization: Bearer {page.token}"]
        head += ["Content-Length: 50", "Expect: 100-continue", "", ""]
        with socket.create_connection(("127.0.0.1", server.port), 60) as connection:
            connection.sendall("\r\n".join(head).encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 100")  # the server waits for the body
            connection.sendall(b"{")
        assert page.rate(0).json() == {"saved": True}
