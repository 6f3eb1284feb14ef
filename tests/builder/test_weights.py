import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from builder import weights
from builder.errors import AssetError, StudyError

CONTENT = b"weights on the Hub"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(BaseHTTPRequestHandler):
    """One file at one revision, as the Hub's resolve address serves it."""

    def do_HEAD(self):
        found = self.path == f"/user/repo/resolve/{COMMIT}/folder/network.pkl"
        self.send_response(200 if found else 404)
        if found:
            self.send_header("ETag", f'"{SHA256}"')
            self.send_header("X-Repo-Commit", COMMIT)
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", str(len(CONTENT) if found else 0))
        self.end_headers()
        return found

    def do_GET(self):
        if self.do_HEAD():
            self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


LOCATE = """
import sys
from builder import weights
from builder.errors import LandsBetweenError
try:
    print(weights.locate(sys.argv[1], sys.argv[2] or None, "generator", "x:PATH").read_bytes())
except LandsBetweenError as error:
    print("refused:", error)
"""


def located(hub, home, address, sha256):
    """The real client in a process of its own: it reads its settings when it is imported."""
    settings = {
        "HF_ENDPOINT": hub,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    command = [sys.executable, "-c", LOCATE, address, sha256]
    result = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.mark.slow
def test_a_file_on_the_hub_is_fetched_through_its_client_and_checked(hub, tmp_path):
    address = f"hf://user/repo/folder/network.pkl@{COMMIT}"
    assert located(hub, tmp_path, address, SHA256) == str(CONTENT)
    assert f'add sha256 = "{SHA256}"' in located(hub, tmp_path, address, "")
    assert f"have SHA-256 {SHA256}" in located(hub, tmp_path, address, "0" * 64)


@pytest.mark.slow
def test_a_file_that_the_hub_does_not_have_is_said(hub, tmp_path):
    said = located(hub, tmp_path, f"hf://user/repo/none.pkl@{COMMIT}", SHA256)
    assert said.startswith("refused:")
    assert f"hf://user/repo/none.pkl@{COMMIT}: cannot be fetched from the Hub" in said


def test_a_file_on_disk_is_pinned_too(tmp_path):
    path = tmp_path / "network.pkl"
    path.write_bytes(CONTENT)
    assert weights.locate(str(path), SHA256, "generator", "x:PATH") == path
    with pytest.raises(StudyError, match=SHA256):
        weights.locate(str(path), None, "generator", "x:PATH")
    with pytest.raises(AssetError, match="the study file says"):
        weights.locate(str(path), "0" * 64, "generator", "x:PATH")
    with pytest.raises(StudyError, match="write x:PATH"):
        weights.locate(None, None, "generator", "x:PATH")


@pytest.mark.parametrize("address", ["hf://user/repo@main", "hf://user/repo/a", "hf://a/b/../c@main", "hf:///etc/x@y"])
def test_what_is_no_address_on_the_hub_is_refused(address):
    with pytest.raises(StudyError, match="no address on the Hub"):
        weights.locate(address, SHA256, "generator", "x:PATH")
