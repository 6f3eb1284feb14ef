"""The signature of our own survey's results, their last line: an HMAC-SHA256 of all before it, with a key of the study.

Results name participants by pseudonyms, which are published: without a signature, whoever writes a file could add
answers to anybody's.
"""

import hmac
import json
from collections.abc import Iterable, Iterator

RECORD = "signature"
"""The value of `record` in such a line."""

_FIELD = "hmac_sha256"
_MOST_BYTES = 1000
"""Bytes of the longest last line."""


def signed(lines: Iterable[str], key: bytes) -> Iterator[str]:
    """The lines of results, each with its end, and their signature.

    Args:
        lines: What is signed.
        key: That of the study's pseudonyms.
    """
    mac = _mac(key)
    for line in lines:
        mac.update(line.encode())
        yield line
    yield json.dumps({"record": RECORD, _FIELD: mac.hexdigest()}) + "\n"


def is_signed(content: bytes, key: bytes) -> bool:
    """Whether the last line of a file is a signature of all before it, by the survey of the study with this key."""
    tail = content[-2 * _MOST_BYTES :]
    end = len(content) - (len(tail) - len(tail.rstrip(b"\r\n")))
    begin = content.rfind(b"\n", 0, end) + 1
    if end - begin > _MOST_BYTES:
        return False
    last = content[begin:end]
    try:
        record = json.loads(last)
    except (ValueError, RecursionError):
        return False
    if not isinstance(record, dict) or record.get("record") != RECORD:
        return False
    mac = _mac(key)
    mac.update(memoryview(content)[:begin])  # which is no copy: a file may be large
    claimed = str(record.get(_FIELD)).encode("utf-8", "surrogatepass")
    return hmac.compare_digest(mac.hexdigest().encode(), claimed)


def _mac(key: bytes) -> hmac.HMAC:
    """An HMAC with a key of its own: no pseudonym, an HMAC of what somebody typed, can be a signature."""
    return hmac.new(hmac.digest(key, b"survey results", "sha512"), digestmod="sha256")
