"""An S3 server on the loopback interface: moto's, which keeps objects in memory, and what can be made to go wrong
on the way to it."""

import contextlib
import io
import json
import os
import re
import threading
from collections.abc import Iterator

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

BUCKET = "bucket"

ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>it was ordered</Message></Error>"

IMPATIENT = {"connect_timeout": 1, "read_timeout": 1, "retries": {"mode": "standard", "total_max_attempts": 2}}
"""Gives up after about 3 seconds."""


class Store:
    """A running server with one bucket; requests are known as "METHOD /path?query"."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._faults: list[tuple[str, str | None]] = []
        self._healed = threading.Event()
        self.requests: list[str] = []
        self._serve(0)
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106
        )
        with contextlib.suppress(self.client.exceptions.BucketAlreadyOwnedByYou):  # all servers have one memory
            self.client.create_bucket(Bucket=BUCKET)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def environment(self, **client: object) -> dict[str, str]:
        """What a process needs to find this server; client: of botocore's client."""
        return os.environ | {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "FSSPEC_S3": json.dumps({"config_kwargs": client}),
        }

    def files(self, folder: str) -> dict[str, bytes]:
        """The objects under s3://bucket/folder/, by their names there."""
        found = self.client.list_objects_v2(Bucket=BUCKET, Prefix=f"{folder}/").get("Contents", [])
        keys = [each["Key"] for each in found]
        contents = {key: self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}
        return {key.removeprefix(f"{folder}/"): content for key, content in contents.items()}

    def unfinished(self) -> int:
        """Parts of uploads that were not completed."""
        bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[BUCKET]
        return sum(len(upload.parts) for upload in bucket.multiparts.values())

    def refuse(self, pattern: str, status: str = "503 Service Unavailable", code: str = "ServiceUnavailable") -> None:
        """Requests that match are answered with `status`, until `heal`."""
        self._faults.append((pattern, f"{status}\n{code}"))

    def hang(self, pattern: str) -> None:
        """Requests that match get no answer, until `heal`."""
        self._faults.append((pattern, None))

    def heal(self) -> None:
        """Nothing fails any more."""
        self._faults.clear()
        self._healed.set()
        self._healed = threading.Event()

    def vanish(self) -> None:
        """Nothing listens any more, until `appear`."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def appear(self) -> None:
        """Listens where it did, with what it held."""
        self._serve(self._port)

    def _serve(self, port: int) -> None:
        self._server = make_server("127.0.0.1", port, self._answer, threaded=True, request_handler=_Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def _answer(self, environ, start_response):
        request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        self.requests.append(request)
        for pattern, answer in list(self._faults):
            if re.search(pattern, request):
                return self._fail(answer, environ, start_response)
        return self._moto(environ, start_response)

    def _fail(self, answer, environ, start_response):
        if answer is None:
            self._healed.wait()
            raise ConnectionAbortedError
        _read_all(environ)
        status, code = answer.split("\n")
        start_response(status, [("Content-Type", "application/xml")])
        return [ERROR.format(code=code).encode()]


def _read_all(environ) -> None:
    body: io.BufferedIOBase = environ["wsgi.input"]
    body.read(int(environ.get("CONTENT_LENGTH") or 0))


class _Handler(MotoRequestHandler):
    def log(self, *_):
        """Says nothing."""


@contextlib.contextmanager
def serving() -> Iterator[Store]:
    """Runs the server for a block."""
    store = Store()
    try:
        yield store
    finally:
        store.heal()
        store.vanish()
