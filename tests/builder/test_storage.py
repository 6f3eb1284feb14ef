"""The one contract of both kinds of storage, and what only a store can do wrong."""

import hashlib
import socket
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import fsspec
import pyarrow as pa
import pytest

from builder.errors import FolderError
from builder.storage import Disk, StoreError, open_storage
from tests.s3_server import BUCKET, IMPATIENT, serving

MOST = 1000


@pytest.fixture(scope="module")
def s3():
    with serving() as store:
        yield store


@pytest.fixture
def here(s3, monkeypatch):
    """This process finds the server, and soon gives up on it."""
    for name, value in s3.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": IMPATIENT})
    fsspec.get_filesystem_class("s3").clear_instance_cache()  # of another server's
    yield s3
    s3.heal()


@pytest.fixture(params=["disk", "memory", "s3"])
def storage(request, tmp_path):
    if request.param == "disk":
        return open_storage(tmp_path)
    if request.param == "memory":
        return open_storage(f"memory://{uuid.uuid4().hex}/out")
    request.getfixturevalue("here")
    return open_storage(f"s3://{BUCKET}/{uuid.uuid4().hex}/out/")


def test_a_file_is_what_was_written(storage):
    storage.write("shards/pairs/a.arrow", b"first")
    storage.write("shards/pairs/a.arrow", b"second")
    assert storage.size("shards/pairs/a.arrow") == 6
    assert list(storage.read(["shards/pairs/a.arrow"], MOST)) == [b"second"]
    with storage.open("shards/pairs/a.arrow") as file:
        assert hashlib.file_digest(file, "sha256").digest() == hashlib.sha256(b"second").digest()
        file.seek(0)
        assert file.read() == b"second"


def test_a_folder_lists_its_own_files_only(storage):
    for name in ("README.md", "log/a", "log/bb", "log/below/c", "logs/d"):
        storage.write(name, b"x" * len(name))
    assert storage.sizes("log") == {"a": 5, "bb": 6}
    assert storage.sizes("log/below") == {"c": 11}
    assert storage.sizes("nothing") == {}


def test_what_is_not_there_is_said(storage):
    assert storage.size("no/file") is None
    (absent,) = storage.read(["no/file"], MOST)
    assert isinstance(absent, FolderError)
    assert str(absent) == f"{storage.at('no/file')}: no such file"
    storage.remove("no/file")


def test_files_are_read_in_order_up_to_a_bound(storage):
    storage.write("whole", b"x" * MOST)
    storage.write("larger", b"x" * (MOST + 1))
    storage.write("empty", b"")
    whole, absent, larger, empty = storage.read(["whole", "absent", "larger", "empty"], MOST)
    assert (whole, empty) == (b"x" * MOST, b"")
    assert isinstance(absent, FolderError)
    assert "damaged: larger than 1000 bytes" in str(larger)
    assert storage.at("larger") in str(larger)


def test_more_files_than_are_asked_for_together_are_read_in_order(storage):
    names = [f"manifest/{number}" for number in range(120)]
    for name in names:
        storage.write(name, name.encode())
    assert list(storage.read(names, MOST)) == [name.encode() for name in names]


def test_a_removed_file_is_gone(storage):
    storage.write("manifest/a", b"a")
    storage.remove("manifest/a")
    assert storage.size("manifest/a") is None
    assert storage.sizes("manifest") == {}


def test_pyarrow_reads_a_table(storage):
    table = pa.table({"number": [1, 2, 3]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    storage.write("a.arrow", sink.getvalue().to_pybytes())
    with storage.arrow("a.arrow") as source, pa.ipc.open_stream(source) as reader:
        assert reader.read_all() == table


@pytest.mark.parametrize("where", ["file:///a/b", "local:///a/b", "/a/b"])
def test_a_path_is_a_disk_however_it_is_written(where):
    storage = open_storage(where)
    assert isinstance(storage, Disk)
    assert storage.address == "/a/b"


def test_an_unknown_protocol_is_an_error():
    with pytest.raises(FolderError, match="nowhere://a/b: Protocol not known: nowhere"):
        open_storage("nowhere://a/b")


def test_a_library_that_is_missing_is_named_with_the_extra_that_brings_it():
    code = "import sys; sys.modules['s3fs'] = None\nfrom builder.storage import open_storage\nopen_storage('s3://a/b')"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stderr
    assert "builder.errors.FolderError: s3://a/b: " in said
    assert "Install s3fs" in said
    assert "pip install -e '.[s3]'" in said


def test_a_bucket_that_does_not_exist_is_said(here):
    storage = open_storage("s3://no-such-bucket/out")
    assert storage.size("manifest.json") is None
    with pytest.raises(FolderError, match=r"s3://no-such-bucket/out/a: .*bucket does not exist.*--out"):
        storage.write("a", b"a")


FAULTS = {
    "refuses": lambda s3: s3.refuse(""),
    "slows down": lambda s3: s3.refuse("", code="SlowDown"),
    "forbids": lambda s3: s3.refuse("", "403 Forbidden", "AccessDenied"),
    "hangs": lambda s3: s3.hang(""),
}

ASK = {
    "size": lambda storage: storage.size("manifest/a"),
    "sizes": lambda storage: storage.sizes("manifest"),
    "read": lambda storage: list(storage.read(["manifest/a", "manifest/b"], MOST)),
    "write": lambda storage: storage.write("manifest/a", b"b"),
    "remove": lambda storage: storage.remove("manifest/a"),
    "open": lambda storage: storage.open("manifest/a"),
    "arrow": lambda storage: storage.arrow("manifest/a"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_store_that_cannot_be_asked_is_an_error_and_nothing_is_taken_for_damaged(here, monkeypatch, fault):
    monkeypatch.setattr("builder.storage.UPLOAD_SECONDS", 4)
    storage = open_storage(f"s3://{BUCKET}/{uuid.uuid4().hex}")
    storage.write("manifest/a", b"a")
    FAULTS[fault](here)

    def ask(how):
        with pytest.raises(StoreError, match=rf"^s3://{BUCKET}/.*run the same command again$"):
            ASK[how](storage)

    with ThreadPoolExecutor(len(ASK)) as threads:
        assert len(list(threads.map(ask, ASK))) == len(ASK)
    here.heal()
    assert list(storage.read(["manifest/a"], MOST)) == [b"a"]


@pytest.mark.slow
def test_an_upload_that_is_never_let_begin_is_given_up(here, monkeypatch):
    """S3's client waits without end for `100 Continue`."""
    monkeypatch.setattr("builder.storage.UPLOAD_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        fsspec.get_filesystem_class("s3").clear_instance_cache()
        storage = open_storage(f"s3://{BUCKET}/out")
        with pytest.raises(StoreError, match="no answer"):
            storage.write("a", b"a")
    fsspec.get_filesystem_class("s3").clear_instance_cache()


@pytest.mark.parametrize("attempts", [2, 3])
def test_a_store_is_asked_as_often_as_configured_and_not_more(here, monkeypatch, attempts):
    client = IMPATIENT | {"retries": {"mode": "standard", "total_max_attempts": attempts}}
    monkeypatch.setitem(fsspec.config.conf, "s3", {"config_kwargs": client})
    storage = open_storage(f"s3://{BUCKET}/{uuid.uuid4().hex}")
    here.refuse("GET /")
    here.requests.clear()
    with pytest.raises(StoreError):
        list(storage.read(["a"], MOST))
    assert sum(request.startswith("GET") for request in here.requests) == attempts


WRITES_A_LARGE_FILE = """
import sys
from builder.storage import open_storage
open_storage(sys.argv[1]).write("large", bytes(110 * 2**20))
"""


@pytest.mark.slow
def test_an_upload_in_parts_that_is_killed_shows_nothing(s3):
    folder = uuid.uuid4().hex
    s3.hang("PUT .*partNumber=3")
    command = [sys.executable, "-c", WRITES_A_LARGE_FILE, f"s3://{BUCKET}/{folder}"]
    with subprocess.Popen(command, env=s3.environment()) as process:
        while not any("partNumber=3" in request for request in s3.requests) or s3.unfinished() < 2:
            assert process.poll() is None
            time.sleep(0.05)
        process.kill()
    s3.heal()
    assert s3.files(folder) == {}
