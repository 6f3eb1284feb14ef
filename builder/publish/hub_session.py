"""Talking to the Hugging Face Hub: no request waits for ever, what may pass is tried again, each failure has its words.

`huggingface_hub` tries again by itself where it sends and fetches files; commits, tags and what creates a repository it
asks for once, and it sets no time limit.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from huggingface_hub import HfApi, get_token, set_client_factory
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RemoteEntryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import httpx, parse_ratelimit_headers, validate_repo_id  # type: ignore[attr-defined]
from huggingface_hub.utils._http import default_client_factory

from builder.errors import PublishError

TIMEOUT_S = 60.0
"""The longest silence of a connection; the Hub's own gateway gives up a request after as long."""

ATTEMPTS = 4
LONGEST_WAIT_S = 600
"""A server that asks to wait longer is not waited for."""

_PASSING = {408, 429, 500, 502, 503, 504}
_FULL = ("storage", "quota", "billing", "payment")
_MOST_WORDS = 500

Result = TypeVar("Result")
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def session(repo: str) -> Iterator[HfApi]:
    """A client of the Hub for work on `repo`, "user/name".

    Raises:
        PublishError: the name cannot be one; or whatever the Hub or the way to it answers with in the context.
    """
    _check_name(repo)
    set_client_factory(_client)
    try:
        yield HfApi(library_name="lands-between")
    except (httpx.HTTPError, OSError, RuntimeError, ValueError) as error:
        raise PublishError(_explained(repo, _cause(error))) from error
    finally:
        set_client_factory(default_client_factory)


def retried(step: Callable[[], Result]) -> Result:
    """Does `step`, which may be repeated: again after a failure that may pass, as late as `Retry-After` asks."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return step()
        except (httpx.HTTPError, OSError, RuntimeError, ValueError) as error:
            cause = _cause(error)
            wait = _wait(cause, 2.0**attempt)
            if wait is None:
                raise
            _log.warning("%s; again in %.0f s", _first_line(cause), wait)
            time.sleep(wait)
    return step()


def status_of(error: BaseException) -> int | None:
    """The HTTP status behind an error of a client, if it is one."""
    cause = _cause(error)
    return cause.response.status_code if isinstance(cause, HfHubHTTPError) else None


def _check_name(repo: str) -> None:
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise PublishError(f"{repo!r} cannot be a repository: {error}") from error
    if repo.count("/") != 1:
        raise PublishError(f"{repo!r} cannot be a repository: give user/name or organization/name")


def _client() -> httpx.Client:
    client = default_client_factory()
    client.event_hooks = {"request": [*client.event_hooks["request"], _bound]}
    return client


def _bound(request: httpx.Request) -> None:
    limits = request.extensions["timeout"]
    bounded = {name: TIMEOUT_S if limit is None else limit for name, limit in limits.items()}
    request.extensions = {**request.extensions, "timeout": bounded}


def _cause(error: BaseException) -> BaseException:
    """The cause of an error, which the clients wrap in errors of their own."""
    causes = (HfHubHTTPError, OfflineModeIsEnabled, httpx.TransportError)
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, causes):
        cause = cause.__cause__
    return cause or error


def _wait(error: BaseException, otherwise: float) -> float | None:
    """Seconds until it makes sense to try again; None: it makes none."""
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | json.JSONDecodeError):
        return otherwise
    if not isinstance(error, HfHubHTTPError) or error.response.status_code not in _PASSING:
        return None
    seconds = _asked_wait(error.response)
    return otherwise if seconds is None else seconds if seconds <= LONGEST_WAIT_S else None


def _asked_wait(response: httpx.Response) -> int | None:
    limit = parse_ratelimit_headers(response.headers)
    if limit is not None and limit.remaining == 0:
        return limit.reset_in_seconds
    after = response.headers.get("Retry-After", "")
    return int(after) if after.isascii() and after.isdigit() else None


def _explained(repo: str, error: BaseException) -> str:
    if isinstance(error, OfflineModeIsEnabled):
        return f"{repo}: the Hub is switched off by HF_HUB_OFFLINE; unset it"
    if isinstance(error, httpx.TimeoutException):
        return (
            f"{repo}: the Hub did not answer within {TIMEOUT_S:.0f} s; the same command goes on where this one stopped"
        )
    if isinstance(error, httpx.TransportError):
        return (
            f"{repo}: no connection to the Hub ({_first_line(error)}); check the network, then run the same command "
            "again: it goes on where this one stopped"
        )
    if isinstance(error, json.JSONDecodeError):
        return f"{repo}: the Hub has a fault (its answer is no JSON); run the same command later"
    if isinstance(error, HfHubHTTPError):
        words = (error.server_message or _first_line(error))[:_MOST_WORDS]
        return f"{repo}: {_status_explained(error, words.lower())}\nThe Hub said: {words}"
    if any(word in str(error).lower() for word in _FULL):
        return f"{repo}: {_NO_ROOM}\nThe Hub said: {str(error)[:_MOST_WORDS]}"
    return f"{repo}: {str(error)[:_MOST_WORDS]}"


_NO_ROOM = (
    "no room on the Hub: the storage of this account is used up. Free some, or get more, then run the same command "
    "again: what arrived is not sent again"
)


def _status_explained(error: HfHubHTTPError, words: str) -> str:
    status = error.response.status_code
    if status == 401 and get_token() is None:
        return "the Hub wants to know who you are: `hf auth login`, or set HF_TOKEN to a token that may write"
    if status == 401:
        return "the Hub does not accept your token: wrong or expired; `hf auth login` with a new one, or set HF_TOKEN"
    if status in (402, 413) or (status == 403 and any(word in words for word in _FULL)):
        return _NO_ROOM
    if status == 403:
        return "your token may not do this here: it needs the right to write to this repository"
    if isinstance(error, RevisionNotFoundError):
        return "there is no such version or revision"
    if isinstance(error, RemoteEntryNotFoundError):
        return "a file of this version is not on the Hub; a withdrawal that was begun makes this so: finish it"
    if status == 404:
        return "there is no such dataset, or your token may not see it"
    if status == 412:
        return "somebody else changed the dataset meanwhile; run the same command again"
    if status == 429:
        seconds = _asked_wait(error.response)
        after = f"in {seconds} s" if seconds else "later"
        return f"too many requests for the Hub; run the same command again {after}: it goes on where this one stopped"
    if status >= 500:
        return f"the Hub has a fault (status {status}); run the same command later: it goes on where this one stopped"
    return f"the Hub refuses (status {status})"


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:_MOST_WORDS]
