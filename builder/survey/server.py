"""The server of the survey: HTTP in, actions of `store` out. The page's side of it is in `web/`.

Whatever a path, a token or an id says is looked up in a dictionary or bound to a statement, never made into a path or
into SQL.
"""

import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Set
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, TypeVar

import sqlalchemy as sa
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from builder.errors import FolderError
from builder.ratings.privacy import other_pseudonyms, pseudonym
from builder.survey import messages, store
from builder.survey.admin import admin_routes
from builder.survey.items import Item, SurveyItems
from builder.survey.limits import Allowance, limited, read_body
from builder.survey.links import SignedLinks
from builder.survey.page import TYPES, consent_version, image_path, page_config, practice, shown
from builder.survey.sides import sides
from builder.survey.ticket import ticket_key
from builder.survey.writer import Writer
from builder.tasks import Choice, Questionnaire

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

_WORDS = {400: "invalid", 401: "token", 403: "forbidden", 404: "unknown", 405: "method", 408: "slow", 413: "large"}

Said = TypeVar("Said", bound=messages.Message)

Call = Callable[[str, Any, int], Awaitable[dict[str, Any]]]
"""token, what was said, now -> answer"""


@dataclass(frozen=True)
class Survey:
    """The study and its database; `key` makes pseudonyms of the platforms' ids and signs tickets, `forgotten` gives
    the pseudonyms of who withdrew.
    """

    items: SurveyItems
    engine: sa.Engine
    key: bytes
    bundle: Mapping[str, bytes]
    admin_token: str
    forgotten: Callable[[], Set[str]] = frozenset
    links: SignedLinks | None = None


def create_app(survey: Survey) -> ASGIApp:
    """The survey as an ASGI application; every response of it carries SECURITY_HEADERS."""
    calls, asks = Calls(survey), survey.items.asks
    app = Starlette(
        routes=[
            Route("/api/enter", calls.entering, methods=["POST"]),
            _route("/api/consent", messages.Consent, calls.consent),
            _route("/api/demographics", messages.Demographics, calls.demographics),
            _route("/api/ratings", messages.rating_message(asks), calls.rate),
            _route("/api/strategies", messages.texts_message(asks), calls.strategies),
            _route("/api/finish", messages.Finish, calls.finish),
            *admin_routes(survey.items, survey.engine, survey.key, survey.admin_token, _now),
            Route("/task.json", _answering(page_config(survey.items, "server"))),
            Route("/images/{name}.png", _images(survey.items)),
            Route("/{name:path}", _bundle(survey.bundle)),
        ],
        exception_handlers={
            HTTPException: _http_error,
            store.Refused: _refused,
            ValidationError: lambda request, error: JSONResponse({"error": "invalid"}, 400),
            ClientDisconnect: lambda request, error: Response(status_code=400),
            sa.exc.SQLAlchemyError: _database_failed,
            FolderError: _folder_failed,
            500: lambda request, error: JSONResponse({"error": "failed"}, 500),
        },
        max_body_size=messages.MOST_BYTES,
    )
    return _secured(limited(app, Allowance()))


class Calls:
    """The calls of the page, each answered after what it keeps is committed."""

    def __init__(self, survey: Survey) -> None:
        self._survey, self._items, self._settings = survey, survey.items, survey.items.settings
        self._writer, self._store = Writer(survey.engine), store.Store(survey.items.asks)
        self._ids = survey.items.ids()
        self._by_id = {item.item_id: item for items in survey.items.sittings.values() for item in items}

    def _door(self) -> store.Door:
        key, forgotten = ticket_key(self._survey.key), self._survey.forgotten()
        signed = self._survey.links is not None
        return store.Door(list(self._ids), self._settings.raters_per_item, key, forgotten, signed)

    async def entering(self, request: Request) -> Response:
        """`POST /api/enter`: a new participant, or one who returns."""
        entry = await _read(request, messages.Enter)
        arrival, door, now = self._arrival(entry), self._door(), _now()
        entered = await self._writer.do(lambda connection: self._store.enter(connection, arrival, door, now))
        return JSONResponse({"token": entered.token, "session": self._session(entered)})

    def _arrival(self, entry: messages.Enter) -> store.Arrival:
        """The arrival of a request; where links are signed, its address is believed as far as the signature goes."""
        key, person, session = self._survey.key, entry.prolific_pid or entry.session_id, entry.session_id
        if self._survey.links is not None:
            vouched = None if entry.link is None else self._survey.links.vouched(entry.link)
            if entry.link is not None and vouched is None:
                raise store.Refused("link")
            person, session = (None, None) if vouched is None else (vouched.person, vouched.session)
        return store.Arrival(
            person=person and pseudonym(key, person),
            session=session and pseudonym(key, session),
            token=entry.token,
            others=other_pseudonyms(key, person) if person else (),
            not_me=entry.not_me,
            vouched=self._survey.links is not None and person is not None,
        )

    def _session(self, entered: store.Entered) -> dict[str, Any]:
        participant = entered.participant
        rng = random.Random(participant["seed"])  # noqa: S311  the order of a questionnaire is no secret
        # random() is the one draw that Python promises to keep the same in all its versions.
        items = sorted(self._items.sittings[participant["batch"]], key=lambda _: rng.random())
        trial = self._items.practice.get(participant["batch"])
        side = sides(items, self._items.asks, participant["seed"])
        return {
            "participant_id": participant["participant_id"],
            "batch": participant["batch"],
            "items": [shown(item, before="/", side=side.get(item.item_id)) for item in items],
            "practice": None if trial is None else practice(trial, before="/"),
            "answered": list(entered.answered),
            "consented": participant["consented_at"] is not None,
            "demographics": participant["said_demographics"],
            "strategies": all(participant[name] is not None for name in self._items.asks.text_names),
            "finished": participant["finished_at"] is not None,
        }

    async def consent(self, token: str, message: messages.Consent, now: int) -> dict[str, Any]:
        """`POST /api/consent`, to the version that the page shows and to no other."""
        if message.consent_version != consent_version(self._items):
            raise HTTPException(400)
        door = self._door()
        await self._writer.do(lambda connection: self._store.consent(connection, token, message, door, now))
        return {"saved": True}

    async def demographics(self, token: str, message: messages.Demographics, now: int) -> dict[str, Any]:
        """`POST /api/demographics`."""
        await self._writer.do(lambda connection: self._store.demographics(connection, token, message, now))
        return {"saved": True}

    async def rate(self, token: str, message: messages.Message, now: int) -> dict[str, Any]:
        """`POST /api/ratings`: the answers to what is asked of the item, and to nothing else."""
        answers = message.model_dump()
        item = self._by_id.get(answers[self._items.asks.key])
        if item is not None and not answers_fit(item, answers, self._items.asks):
            raise HTTPException(400)
        await self._writer.do(lambda connection: self._store.rate(connection, token, message, self._ids, now))
        return {"saved": True}

    async def strategies(self, token: str, message: messages.Message, now: int) -> dict[str, Any]:
        """`POST /api/strategies`."""
        await self._writer.do(lambda connection: self._store.strategies(connection, token, message, now))
        return {"saved": True}

    async def finish(self, token: str, message: messages.Finish, now: int) -> dict[str, Any]:
        """`POST /api/finish`: what the platform wants to see of who has rated every item, and who that is here."""
        person = await self._writer.do(lambda connection: self._store.finish(connection, token, self._ids, now))
        told = {"completion_code": self._settings.completion_code, "completion_url": self._settings.completion_url}
        return told | {"participant_id": person}


def answers_fit(item: Item, answers: Mapping[str, Any], asks: Questionnaire) -> bool:
    """Whether the answers are to all that is asked of the item and to nothing else, each an option where it is one."""
    task = next(task for task in asks.tasks if task.name == item.task)
    for question in asks.questions:
        answer = answers[question.name]
        if (question in task.questions) != (answer is not None):
            return False
        if isinstance(question, Choice) and answer is not None:
            options = item.options[question.name] if question.column else question.options
            if answer not in options:
                return False
    return True


def _route(path: str, message: type[messages.Message], call: Call) -> Route:
    async def answer(request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise HTTPException(401)
        return JSONResponse(await call(token, await _read(request, message), _now()))

    return Route(path, answer, methods=["POST"])


async def _read(request: Request, message: type[Said]) -> Said:
    return message.model_validate_json(await read_body(request) or b"{}")


def _answering(content: dict[str, Any]) -> Callable[[Request], Awaitable[Response]]:
    body = JSONResponse(content).body

    async def answer(request: Request) -> Response:
        return Response(body, media_type="application/json")

    return answer


def _images(items: SurveyItems) -> Callable[[Request], Awaitable[Response]]:
    ids = {image_path(image_id): image_id for image_id in items.images}

    async def answer(request: Request) -> Response:
        try:
            png = items.png(ids[f"images/{request.path_params['name']}.png"])
        except KeyError:
            raise HTTPException(404) from None
        return Response(png, media_type="image/png", headers={"Cache-Control": "private, max-age=86400, immutable"})

    return answer


def _bundle(bundle: Mapping[str, bytes]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        name = request.path_params["name"] or "index.html"
        if name not in bundle:
            raise HTTPException(404)
        headers = {"Cache-Control": "no-cache", "Content-Type": TYPES[PurePath(name).suffix]}
        return Response(bundle[name], headers=headers)

    return answer


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  as registered
    word = _WORDS.get(error.status_code, "invalid")
    return JSONResponse({"error": word}, error.status_code, headers=error.headers)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, store.Refused)  # noqa: S101  as registered
    return JSONResponse({"error": error.word}, store.REFUSALS[error.word])


def _database_failed(request: Request, error: Exception) -> Response:
    """The answer where nothing could be kept; the page tries again."""
    log.error("the database failed: %s", str(error).splitlines()[0])
    return JSONResponse({"error": "busy"}, 503, headers={"Retry-After": "5"})


def _folder_failed(request: Request, error: Exception) -> Response:
    log.error("%s", error)
    return JSONResponse({"error": "busy"}, 503, headers={"Retry-After": "5"})


def _secured(app: ASGIApp) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        rest = any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])

        async def receive_noted() -> Message:
            nonlocal rest
            message = await receive()
            rest = message.get("more_body", False)
            return message

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
                if rest:
                    headers["Connection"] = "close"  # else the rest of the body would be read
            await send(message)

        await app(scope, receive_noted, send_secured)

    return answer


def _now() -> int:
    return time.time_ns() // 1_000_000
