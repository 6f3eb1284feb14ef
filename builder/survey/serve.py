"""`survey serve`: the server as a process."""

import contextlib
import gc
import logging
import os
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from builder.errors import SurveyError
from builder.ratings.databases import remember
from builder.ratings.privacy import participant_key
from builder.ratings.wordings import record
from builder.survey.database import address, default_url, drop_unconsented, open_database
from builder.survey.forgotten import ForgottenPeople
from builder.survey.items import read_items
from builder.survey.limits import Network, pointing_out_proxies, protocol
from builder.survey.links import read_signed_links
from builder.survey.page import BUNDLE, read_bundle, wordings
from builder.survey.server import Survey, create_app

TOKEN_VARIABLE = "LANDS_BETWEEN_SURVEY_TOKEN"  # noqa: S105  the name of a variable

LEAST_TOKEN = 16
"""Characters of a token that somebody chose."""

_GRACE_S = 5

_BACKLOG = 2048
"""Connections that wait until they are accepted."""

_LAST_PORT = 65535


def serve(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    database: str | None = None,
    token: str | None = None,
    behind: Sequence[Network] = (),
    links: tuple[Path, str] | None = None,
    bundle: Path = BUNDLE,
) -> None:
    """Serves the survey of a study folder until the process is told to stop.

    The first line of the output has the address. Answers are in the database before they are acknowledged, so the
    process may be ended in any way and started again.

    Args:
        folder: the study folder.
        host: name or address to listen at.
        port: 0 for any that is free.
        database: address of the database; by default SQLite in the study folder.
        token: opens /admin; by default that of the environment, or a new one, which is printed.
        behind: addresses of web servers in front, whose X-Forwarded-For and X-Forwarded-Proto are believed; nobody
            else's are.
        links: the platform's keys, a file, and the survey's address as the platform knows it: only whom the platform
            vouches for takes part.
        bundle: folder of the built page.

    Raises:
        SurveyError: the study cannot be shown, the page is not built, the address is taken, the database or the token
            is of no use.
        FolderError: the study folder is damaged.
    """
    token = _usable_token(token or os.environ.get(TOKEN_VARIABLE) or secrets.token_urlsafe(24))
    files = read_bundle(bundle)
    items = read_items(folder)
    engine = open_database(database or default_url(folder), items.name, items.study_hash, items.asks)
    if database:
        remember(folder, address(database))
    record(folder, wordings(items))
    drop_unconsented(engine, items.asks)
    forgotten = ForgottenPeople(folder)
    forgotten()  # a damaged file is said now, not to a participant
    signed = read_signed_links(*links) if links else None
    app = create_app(Survey(items, engine, participant_key(folder), files, token, forgotten, signed))
    listening = _listen(host, port)
    print(f"survey   {_address(listening)}\nprogress {_address(listening)}/admin  token {token}", flush=True)
    gc.freeze()  # a full collection of all that was imported takes 90 ms, and every answer would wait for it
    with contextlib.suppress(KeyboardInterrupt):  # how it is told to stop at a terminal
        uvicorn.Server(_config(app, behind)).run(sockets=[listening])
    engine.dispose()


def _usable_token(token: str) -> str:
    if len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise SurveyError(f"the token for /admin: must have {LEAST_TOKEN} or more characters, ASCII without spaces")
    return token


def _config(app: ASGIApp, behind: Sequence[Network]) -> uvicorn.Config:
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # requests that are no HTTP come by the thousand
    return uvicorn.Config(
        app if behind else pointing_out_proxies(app),
        http=protocol(behind),
        proxy_headers=bool(behind),
        forwarded_allow_ips=[str(each) for each in behind],
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,  # it would hold addresses
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:
        raise SurveyError(f"--port {port}: must be 0 to {_LAST_PORT}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)  # whoever reads the address that is printed now may connect at once
    except OSError as error:
        raise SurveyError(f"--host {host} --port {port}: {error}; choose others") from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
