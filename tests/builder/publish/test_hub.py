"""Uploads to a server that speaks the Hub's HTTP API, by the real clients in processes of their own."""

import contextlib
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from builder.errors import PublishError
from builder.publish import hub as hub_module
from builder.publish.history import HISTORY, History, history_files, published, read_history
from tests.hub_server import Hub, hub_server
from tests.hub_server.app import TOKEN
from tests.hub_server.store import lfs_entry

pytestmark = pytest.mark.slow

REPO = "user/name"
PUT = r"^PUT /upload/"
COMMIT = r"^POST /api/datasets/user/name/commit/"
TAG = r"^POST /api/datasets/user/name/tag/"
BATCH = r"^POST /datasets/user/name.git/info/lfs"

CARD = """---
configs:
- config_name: pairs
  default: true
  data_files:
  - split: train
    path: data/pairs/*.parquet
- config_name: ratings
  data_files:
  - split: train
    path: data/ratings/*.parquet
---
# A small dataset
"""

WORKER = """
import json, os, sys, time
from pathlib import Path
from builder.errors import LandsBetweenError
from builder.publish import hub, hub_session

sleep = time.sleep
time.sleep = lambda seconds: sleep(seconds / 10)  # how long is waited between attempts is tested by what is said

def called(function, arguments, named, token, timeout):
    os.environ.update({"HF_TOKEN": token} if token else {})
    if not token:
        os.environ.pop("HF_TOKEN", None)
    hub_session.TIMEOUT_S = timeout
    try:
        return {"result": getattr(hub, function)(*(Path(a) if a.startswith("/") else a for a in arguments), **named)}
    except LandsBetweenError as error:
        return {"error": str(error)}

for line in sys.stdin:
    print(json.dumps(called(**json.loads(line)), default=str), flush=True)
"""
"""Calls functions of builder.publish.hub, a line of JSON each."""

LOAD = """
import sys
from pathlib import Path
import datasets, pyarrow as pa, pyarrow.parquet as pq
repo, folder, revision = sys.argv[1:]
for name in ("pairs", "ratings"):
    files = sorted(Path(folder, "data", name).glob("*.parquet"))
    expected = pa.concat_tables([pq.read_table(file) for file in files]).to_pylist()
    assert expected
    for streaming in (False, True):
        found = datasets.load_dataset(repo, name, revision=revision, split="train", streaming=streaming)
        if "base" in found.features:
            found = found.cast_column("base", datasets.Image(decode=False))
        assert [{**row} for row in found] == expected, (name, streaming)
"""


def write_pairs(folder: Path, batch: int) -> None:
    rng = np.random.default_rng(batch)
    rows = [{"pair_id": f"{batch}-{n}", "base": {"bytes": rng.bytes(40_000), "path": None}} for n in range(3)]
    features = datasets.Features({"pair_id": datasets.Value("string"), "base": datasets.Image()})
    path = folder / "data" / "pairs" / f"train-{batch:05}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows, schema=features.arrow_schema), path)


def write_ratings(folder: Path, mean: float) -> None:
    path = folder / "data" / "ratings" / "train-00000.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"pair_id": ["0-0", "0-1"], "similarity": [mean, 0.1]}), path)


def write_version(folder: Path, version: str) -> None:
    (folder / "README.md").write_text(f"{CARD}\nVersion {version}\n")
    (folder / "VERSION").write_text(version)
    for name, content in history_files(published(read_history(folder), version, ["New."])).items():
        (folder / name).write_bytes(content)


@pytest.fixture
def staged(tmp_path: Path) -> Path:
    """A folder as it is published: two batches of pairs with images, ratings, a card."""
    folder = tmp_path / "staged"
    for batch in range(2):
        write_pairs(folder, batch)
    write_ratings(folder, 0.5)
    write_version(folder, "1.0.0")
    return folder


@dataclass
class Client:
    """A process in which `builder.publish.hub` takes a server for the Hub."""

    process: "subprocess.Popen[str]"

    def begin(
        self, function: str, *arguments: object, token: str | None = TOKEN, timeout: float = 60, **named: object
    ) -> None:
        """Begins a call and does not wait for it."""
        given = {"function": function, "arguments": [str(argument) for argument in arguments], "named": named}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(given | {"token": token, "timeout": timeout}) + "\n")
        self.process.stdin.flush()

    def finish(self) -> dict[str, object]:
        """What the call that was begun brings."""
        assert self.process.stdout is not None
        answer: dict[str, object] = json.loads(self.process.stdout.readline())
        return answer

    def call(self, function: str, *arguments: object, **named: Any) -> object:
        """What a function returns."""
        self.begin(function, *arguments, **named)
        answer = self.finish()
        assert "error" not in answer, answer
        return answer["result"]

    def failing(self, function: str, *arguments: object, **named: Any) -> str:
        """The message with which a call fails."""
        self.begin(function, *arguments, **named)
        answer = self.finish()
        assert "error" in answer, answer
        return str(answer["error"])

    def upload(self, staged: Path, version: str = "1.0.0") -> None:
        self.call("upload", staged, REPO, version, private=False)


@contextlib.contextmanager
def client_of(hub: Hub, home: Path, **environment: str) -> Iterator[Client]:
    """A client of its own; what it says on the way is in `home`/said."""
    surroundings = hub.environment(home) | environment
    with (home / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env=surroundings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    with process:
        yield Client(process)
        process.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[Hub]:
    with hub_server() as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One for all tests: a process takes a second to start."""
    with client_of(server, tmp_path_factory.mktemp("client")) as running:
        yield running


@pytest.fixture
def hub(server: Hub) -> Hub:
    """An empty Hub."""
    server.clear()
    return server


def check_version(hub: Hub, staged: Path, tag: str = "v1.0.0") -> None:
    """The tree that a tag names is the folder, file by file."""
    repo = hub.repo()
    tree = dict(repo.find(tag).tree)  # type: ignore[union-attr]
    assert tree.pop(".gitattributes"), "the Hub's own"
    files = {str(path.relative_to(staged)): path.read_bytes() for path in staged.rglob("*") if path.is_file()}
    assert {path: repo.content(entry) for path, entry in tree.items()} == files


def stored(hub: Hub) -> list[str]:
    """The LFS objects that came in whole, in their order."""
    return [request.path.split("/")[4] for request in hub.requests(PUT) if request.status == 200]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_loads_back_bit_for_bit(hub: Hub, client: Client, staged: Path) -> None:
    hub.state.page = 2
    client.upload(staged)
    check_version(hub, staged)
    command = [sys.executable, "-c", LOAD, REPO, str(staged), "v1.0.0"]
    result = subprocess.run(command, env=hub.environment(staged.parent), capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert "HF_DATASETS_CACHE" not in hub.environment(staged.parent)


def test_the_tag_comes_last(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    order = [str(request) for request in hub.log if request.method in ("PUT", "POST")]
    assert max(n for n, line in enumerate(order) if "PUT" in line) < next(
        n for n, line in enumerate(order) if "/commit/" in line
    )
    assert "/tag/" in order[-1]


def test_in_parts(hub: Hub, client: Client, staged: Path) -> None:
    hub.state.part = 50_000
    client.upload(staged)
    assert hub.requests("^POST /complete/")
    check_version(hub, staged)


def test_the_next_version_sends_what_changed(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    write_pairs(staged, 2)
    (staged / "data" / "pairs" / "train-00000.parquet").unlink()
    write_version(staged, "2.0.0")
    first = hub.repo().find("v1.0.0")
    hub.heal()
    client.upload(staged, "2.0.0")
    assert stored(hub) == [sha256(staged / "data" / "pairs" / "train-00002.parquet")]
    check_version(hub, staged, "v2.0.0")
    assert hub.repo().find("v1.0.0") == first


def test_the_same_again_does_nothing(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    hub.heal()
    client.upload(staged)
    assert not hub.requests(f"{PUT}|{COMMIT}|{TAG}")


def test_other_content_is_refused(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    write_ratings(staged, 0.6)
    hub.heal()
    message = client.failing("upload", staged, REPO, "1.0.0", private=False)
    assert "v1.0.0 with other content" in message
    assert "data/ratings/train-00000.parquet" in message
    assert not hub.requests(f"{PUT}|{COMMIT}|{TAG}")


@pytest.mark.parametrize("stage", ["/api/repos/create", BATCH, PUT, COMMIT, TAG])
def test_killed_and_finished(hub: Hub, client: Client, staged: Path, stage: str) -> None:
    hub.hang(stage)
    with client_of(hub, staged.parent) as killed:
        killed.begin("upload", staged, REPO, "1.0.0", private=False)
        while not hub.requests(stage) or (stage == PUT and len(stored(hub)) < 2):
            assert killed.process.poll() is None
            time.sleep(0.1)
        killed.process.send_signal(signal.SIGKILL)
        assert killed.process.wait() == -signal.SIGKILL
    assert "user/name" not in hub.state.repos or not hub.repo().tags
    client.upload(staged)
    check_version(hub, staged)
    assert len(stored(hub)) == len(set(stored(hub))) == 3
    assert len(hub.repo().history(hub.repo().branches["main"])) == 2, (
        "the first commit of a repository, and the version"
    )


def test_waits_as_long_as_the_hub_asks(hub: Hub, staged: Path) -> None:
    hub.fail(COMMIT, 429, Retry_After="2")
    hub.fail(COMMIT, 429, ratelimit='"api";r=0;t=3')
    with client_of(hub, staged.parent) as waiting:
        waiting.upload(staged)
    said = (staged.parent / "said").read_text().splitlines()
    assert [line[-12:] for line in said] == ["again in 2 s", "again in 3 s"]


def test_a_cut_connection_is_taken_up(hub: Hub, client: Client, staged: Path) -> None:
    # Named, because the files are sent side by side, and the smallest is whole before the cut.
    file = f"{PUT}.*/{sha256(staged / 'data' / 'pairs' / 'train-00000.parquet')}$"
    hub.cut(file, after=30_000)
    client.upload(staged)
    check_version(hub, staged)
    assert [request.status for request in hub.requests(file)] == [None, 200]
    assert len(stored(hub)) == len(set(stored(hub))) == 3


def test_a_commit_whose_answer_is_lost_is_not_made_twice(hub: Hub, client: Client, staged: Path) -> None:
    hub.lose_answer(COMMIT)
    hub.lose_answer(TAG)
    client.upload(staged)
    check_version(hub, staged)
    assert len(hub.requests(COMMIT)) == 1


def test_finished_after_a_fault_of_the_hub(hub: Hub, client: Client, staged: Path) -> None:
    hub.fail(COMMIT, 500, "Internal error", times=None)
    message = client.failing("upload", staged, REPO, "1.0.0", private=False)
    assert "the Hub has a fault (status 500)" in message
    assert "Internal error" in message
    assert len(hub.requests(COMMIT)) == 4
    assert not hub.repo().tags
    sent = stored(hub)
    hub.heal()
    client.upload(staged)
    assert len(sent) == 3
    assert not hub.requests(PUT)
    check_version(hub, staged)


@pytest.mark.parametrize("status", [429, 503])
def test_what_may_pass_is_tried_again(hub: Hub, client: Client, staged: Path, status: int) -> None:
    stages = ["/api/repos/create", "GET .*/refs", BATCH, PUT, COMMIT, TAG]
    for stage in stages:
        hub.fail(stage, status, Retry_After="1")
    client.upload(staged)
    for stage in stages:
        assert {request.status for request in hub.requests(stage)} == {status, 200}
    check_version(hub, staged)


@pytest.mark.parametrize(
    ("stage", "status", "said", "message"),
    [
        ("/api/repos/create", 401, "Invalid username or password.", "does not accept your token"),
        (COMMIT, 403, "You don't have the required permissions", "needs the right to write"),
        (BATCH, 402, "Payment required", "no room on the Hub"),
        (BATCH, 403, "Private repository storage limit reached, please upgrade your plan", "no room on the Hub"),
        (COMMIT, 413, "Payload too large", "no room on the Hub"),
        (COMMIT, 412, "A commit has happened since.", "somebody else changed the dataset"),
        (TAG, 409, "Tag reference exists already", "somebody else set v1.0.0"),
        (COMMIT, 429, "Slow down", "too many requests for the Hub; run the same command again in 3600 s"),
        (COMMIT, 418, "I am a teapot", "the Hub refuses (status 418)"),
    ],
)
def test_every_refusal_has_its_message(
    hub: Hub, client: Client, staged: Path, stage: str, status: int, said: str, message: str
) -> None:
    hub.fail(stage, status, said, times=None, Retry_After="3600")
    found = client.failing("upload", staged, REPO, "1.0.0", private=False)
    assert message in found
    assert status == 409 or said in found
    assert len(hub.requests(stage)) == 1, "nothing of this passes soon"
    assert "user/name" not in hub.state.repos or not hub.repo().tags


def test_tokens(hub: Hub, client: Client, staged: Path) -> None:
    def refused(token: str | None) -> str:
        return client.failing("upload", staged, REPO, "1.0.0", private=False, token=token)

    assert "who you are" in refused(None)
    assert "does not accept your token" in refused("hf_wrong")
    assert "the right to write" in refused(hub.read_token)


def test_no_connection(hub: Hub, staged: Path) -> None:
    def refused(**environment: str) -> str:
        with client_of(hub, staged.parent, **environment) as client:
            return client.failing("upload", staged, REPO, "1.0.0", private=False)

    assert "no connection to the Hub" in refused(HF_ENDPOINT="http://127.0.0.1:9")
    assert "HF_HUB_OFFLINE" in refused(HF_HUB_OFFLINE="1")


def test_a_hub_that_hangs(hub: Hub, client: Client, staged: Path) -> None:
    hub.hang(COMMIT)
    message = client.failing("upload", staged, REPO, "1.0.0", private=False, timeout=2)
    assert "did not answer within 2 s; the same command goes on" in message


@pytest.mark.parametrize("repo", ["name", "a/b/c", "../name", "user/na--me", "user/name.git", "user/", "http://x/y"])
def test_names_that_are_none(staged: Path, repo: str) -> None:
    with pytest.raises(PublishError, match="cannot be a repository"):
        hub_module.upload(staged, repo, "1.0.0", private=False)


def test_no_room_for_a_file(hub: Hub, client: Client, staged: Path) -> None:
    hub.state.quota = 100_000
    message = client.failing("upload", staged, REPO, "1.0.0", private=False)
    assert "no room on the Hub" in message
    assert "Out of storage" in message


def test_no_tag_for_what_is_not_whole(hub: Hub, client: Client, staged: Path) -> None:
    hub.state.ignored.add("data/pairs/train-00001.parquet")
    message = client.failing("upload", staged, REPO, "1.0.0", private=False)
    assert "not on the Hub as sent, so v1.0.0 is not set: data/pairs/train-00001.parquet" in message
    assert not hub.repo().tags


def test_private(hub: Hub, client: Client, staged: Path) -> None:
    client.call("upload", staged, REPO, "1.0.0", private=True)
    assert hub.repo().private
    assert "who you are" in client.failing("fetch", REPO, "v1.0.0", staged.parent / "into", token=None)
    hub.repo().private = False
    assert "already and public" in client.failing("upload", staged, REPO, "1.0.0", private=True)


def test_the_newest_version(hub: Hub, client: Client, staged: Path, tmp_path: Path) -> None:
    assert client.call("fetch_current", REPO, tmp_path / "none") is None
    (staged / HISTORY).unlink()
    for version in ("1.9.0", "1.10.0"):
        write_version(staged, version)
        client.upload(staged, version)
    hub.repo().tags["vnext"] = hub.repo().tags["v1.9.0"]
    hub.repo().tags["v2.0.0-rc.1"] = hub.repo().tags["v1.9.0"]
    newest = tmp_path / "newest"
    assert client.call("fetch_current", REPO, newest) == str(newest)
    found = {str(path.relative_to(newest)): path.read_bytes() for path in newest.rglob("*") if path.is_file()}
    assert found == {str(path.relative_to(staged)): path.read_bytes() for path in staged.rglob("*") if path.is_file()}
    assert "no such version" in client.failing("fetch", REPO, "v3.0.0", tmp_path / "other")


@pytest.mark.parametrize(
    ("path", "size", "message"),
    [
        ("../outside", 3, "outside its folder"),
        ("/outside", 3, "outside its folder"),
        ("big.parquet", 2**60, "are free"),
    ],
)
def test_a_hostile_tree_is_not_fetched(
    hub: Hub, client: Client, staged: Path, path: str, size: int, message: str
) -> None:
    client.upload(staged)
    repo = hub.repo()
    entry = lfs_entry("0" * 64, size) if size > 3 else repo.keep(b"bad")
    repo.tags["v1.0.1"] = repo.commit("other", {path: entry}, "hostile").sha
    assert message in client.failing("fetch", REPO, "v1.0.1", staged.parent / "into")
    assert not (staged.parent / "outside").exists()


def test_a_tree_without_end_is_not_fetched(hub: Hub, client: Client, staged: Path) -> None:
    hub.state.page = 10_000
    client.upload(staged)
    repo = hub.repo()
    repo.commit("main", {f"{n}.txt": repo.keep(b"") for n in range(hub_module.MOST_FILES + 1)}, "hostile")
    assert "more files than the 25000" in client.failing("fetch", REPO, "main", staged.parent / "into")


def test_what_was_changed_on_the_way_is_noticed(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    repo = hub.repo()
    for oid, content in repo.objects.items():
        repo.objects[oid] = content[:-1] + b"?"
    assert "not as on the Hub" in client.failing("fetch", REPO, "v1.0.0", staged.parent / "into")


def publish_two(client: Client, staged: Path) -> tuple[str, str]:
    """Versions 1.0.0 and 1.0.1, which differ in their ratings; the objects of these."""
    client.upload(staged)
    first = sha256(staged / "data" / "ratings" / "train-00000.parquet")
    write_ratings(staged, 0.6)
    write_version(staged, "1.0.1")
    client.upload(staged, "1.0.1")
    return first, sha256(staged / "data" / "ratings" / "train-00000.parquet")


def main_history(hub: Hub, scratch: Path) -> History:
    """What main tells of versions."""
    main = hub.repo().find("main")
    assert main is not None
    content = hub.repo().content(main.tree[HISTORY])
    assert content is not None
    folder = scratch / "main"
    folder.mkdir(exist_ok=True)
    (folder / HISTORY).write_bytes(content)
    return read_history(folder)


def events(history: History) -> list[str]:
    return [f"{event.event} {event.version}" for event in history]


def test_withdraw_the_newest(hub: Hub, client: Client, staged: Path, tmp_path: Path) -> None:
    first, second = publish_two(client, staged)
    withdrawn = hub.repo().tags["v1.0.1"]
    before = hub.repo().find("v1.0.0")
    client.call("retract", REPO, "1.0.1", "a participant\nwithdrew consent")
    repo = hub.repo()
    assert repo.tags.keys() == {"v1.0.0"}
    assert repo.find("v1.0.0") == before
    assert repo.find(withdrawn) is None
    assert second not in repo.objects
    assert first in repo.objects
    main = repo.find("main")
    assert main is not None
    assert before is not None
    assert main.tree.keys() == before.tree.keys()
    different = {path for path, entry in main.tree.items() if before.tree[path] != entry}
    assert different == {"CHANGELOG.md", HISTORY}
    assert events(main_history(hub, tmp_path)) == ["published 1.0.0", "published 1.0.1", "withdrawn 1.0.1"]
    assert "Withdrawn: a participant withdrew consent" in repo.content(main.tree["CHANGELOG.md"]).decode()  # type: ignore[union-attr]
    current = Path(str(client.call("fetch_current", REPO, tmp_path / "current")))
    assert (current / "VERSION").read_text() == "1.0.0"
    assert events(read_history(current))[-1] == "withdrawn 1.0.1"


def test_withdraw_an_older_one(hub: Hub, client: Client, staged: Path) -> None:
    first, second = publish_two(client, staged)
    client.call("retract", REPO, "1.0.0", "consent")
    repo = hub.repo()
    assert repo.tags.keys() == {"v1.0.1"}
    assert first not in repo.objects
    assert second in repo.objects
    check_version(hub, staged, "v1.0.1")


def test_withdraw_the_only_one(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    client.call("retract", REPO, "1.0.0", "consent")
    repo = hub.repo()
    main = repo.find("main")
    assert main is not None
    assert main.tree.keys() == {".gitattributes", "README.md", "CHANGELOG.md", HISTORY}
    assert b"was withdrawn: consent" in repo.content(main.tree["README.md"])  # type: ignore[operator]
    assert not repo.objects
    refused = client.failing("upload", staged, REPO, "1.0.0", private=False)
    assert "version 1.0.0 was withdrawn and cannot come back" in refused
    refused = client.failing("upload", staged, REPO, "2.0.0", private=False)
    assert "must tell what was withdrawn" in refused
    current = Path(str(client.call("fetch_current", REPO, staged.parent / "current")))
    assert [path.name for path in current.iterdir()] == [HISTORY]
    (current / HISTORY).rename(staged / HISTORY)
    write_version(staged, "2.0.0")
    client.upload(staged, "2.0.0")
    check_version(hub, staged, "v2.0.0")
    assert "- Withdrawn: consent" in (staged / "CHANGELOG.md").read_text()


def test_a_version_that_did_not_get_its_tag_is_none(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    write_version(staged, "1.1.0")
    hub.fail(TAG, 400, times=None)
    client.failing("upload", staged, REPO, "1.1.0", private=False)
    assert events(main_history(hub, staged.parent))[-1] == "published 1.1.0"
    current = Path(str(client.call("fetch_current", REPO, staged.parent / "current")))
    assert (current / "VERSION").read_text() == "1.0.0"
    assert events(read_history(current)) == ["published 1.0.0"]


@pytest.mark.parametrize("stage", [COMMIT, "/lfs-files/batch", "/super-squash/", "DELETE .*/tag/"])
@pytest.mark.parametrize("fault", ["hang", "lose_answer"])
def test_a_withdrawal_is_finished(hub: Hub, client: Client, staged: Path, stage: str, fault: str) -> None:
    first, second = publish_two(client, staged)
    hub.heal()
    if fault == "hang":
        hub.hang(stage)
        assert "did not answer" in client.failing("retract", REPO, "1.0.1", "consent", timeout=2)
    else:
        hub.lose_answer(stage)
    client.call("retract", REPO, "1.0.1", "consent")
    repo = hub.repo()
    assert repo.tags.keys() == {"v1.0.0"}
    assert second not in repo.objects
    assert first in repo.objects
    assert events(main_history(hub, staged.parent)) == ["published 1.0.0", "published 1.0.1", "withdrawn 1.0.1"]
    assert client.call("retract", REPO, "1.0.1", "consent") is None


def test_only_versions_that_are_there_are_withdrawn(hub: Hub, client: Client, staged: Path) -> None:
    client.upload(staged)
    assert "has no version 1.0.1; it has: 1.0.0" in client.failing("retract", REPO, "1.0.1", "consent")
    assert "--why" in client.failing("retract", REPO, "1.0.0", " \n")
    assert hub.repo().tags.keys() == {"v1.0.0"}
