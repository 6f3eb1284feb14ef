"""`/admin`: how far the survey is, and its results, for who has the token."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from importlib import resources
from urllib.parse import parse_qs

import jinja2
import sqlalchemy as sa
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from builder.ratings.signature import signed
from builder.survey.items import SurveyItems
from builder.survey.limits import Allowance, address_of, read_body
from builder.survey.results import progress, result_lines

COOKIE = "lands-between-admin"

WRONG_TOKENS, WRONG_PAUSE_S = 10, 10
"""Wrong tokens that an address may try at once, and the seconds until it may try another."""

_FILES = resources.files("builder.survey") / "admin_page"

Handler = Callable[[Request], Awaitable[Response]]


def admin_routes(items: SurveyItems, engine: sa.Engine, key: bytes, token: str, now: Callable[[], int]) -> list[Route]:
    """The pages under /admin.

    Args:
        items: what the survey shows.
        engine: the survey's database.
        key: that of the study's pseudonyms, which signs the results.
        token: opens them, as `Authorization: Bearer` or typed into the form that sets a cookie.
        now: milliseconds since 1970.
    """
    pages = _Pages(items, engine, key, Lock(token), now)
    return [
        Route("/admin", pages.guarded(pages.show)),
        Route("/admin", pages.guarded(pages.log_in), methods=["POST"]),
        Route("/admin/results", pages.guarded(pages.results)),
        Route("/admin/style.css", pages.stylesheet),
    ]


class _Pages:
    """The answers to requests for the pages under /admin."""

    def __init__(self, items: SurveyItems, engine: sa.Engine, key: bytes, lock: "Lock", now: Callable[[], int]) -> None:
        self._items, self._engine, self._key, self._lock, self._now = items, engine, key, lock, now
        environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
        self._page = environment.from_string((_FILES / "progress.html").read_text(encoding="utf-8"))
        self._form = environment.from_string((_FILES / "login.html").read_text(encoding="utf-8"))
        self._style = (_FILES / "style.css").read_bytes()

    async def show(self, request: Request) -> Response:
        """How far the survey is."""
        if not self._lock.admits(request):
            return self._closed()
        items = self._items
        state = await to_thread.run_sync(progress, self._engine, items, self._now())
        return HTMLResponse(
            self._page.render(study=items.name, wanted=items.settings.raters_per_item, asks=items.asks, progress=state)
        )

    async def log_in(self, request: Request) -> Response:
        """The cookie, for the token that was typed."""
        typed = parse_qs((await read_body(request)).decode("ascii", "replace")).get("token", [""])[0]
        if not self._lock.opens(request, typed):
            return self._closed("That is not the token.")
        answer = RedirectResponse("/admin", HTTPStatus.SEE_OTHER)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, self._lock.cookie, path="/admin", httponly=True, samesite="strict", secure=secure)
        return answer

    async def results(self, request: Request) -> Response:
        """The results, signed, as a file."""
        if not self._lock.admits(request):
            return self._closed()
        headers = {"Content-Disposition": f'attachment; filename="{self._items.name}-results.jsonl"'}
        lines = result_lines(self._engine, self._items.name, self._items.asks)
        return StreamingResponse(signed(lines, self._key), media_type="application/x-ndjson", headers=headers)

    async def stylesheet(self, request: Request) -> Response:
        """The pages' style."""
        return Response(self._style, media_type="text/css")

    def guarded(self, handler: Handler) -> Handler:
        """The handler, with an answer to who tried too many wrong tokens."""

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except TooManyTokens:
                text = f"Too many wrong tokens came from here. Wait {WRONG_PAUSE_S} seconds and try again."
                content = self._form.render(study=self._items.name, message=text)
                return HTMLResponse(content, HTTPStatus.TOO_MANY_REQUESTS, {"Retry-After": str(WRONG_PAUSE_S)})

        return answer

    def _closed(self, message: str | None = None) -> Response:
        return HTMLResponse(self._form.render(study=self._items.name, message=message), HTTPStatus.UNAUTHORIZED)


class TooManyTokens(Exception):  # noqa: N818  nothing went wrong
    """Raised where so many wrong tokens came from an address that the next one is not even looked at yet."""


class Lock:
    """Opens for the token, or for the cookie that is given for it. What is guessed is slowed down, by address."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._wrong = Allowance(WRONG_TOKENS, 1 / WRONG_PAUSE_S)
        self.cookie = hmac.new(token.encode(), b"admin", hashlib.sha256).hexdigest()
        """The browser's cookie: not the token itself."""

    def admits(self, request: Request) -> bool:
        """Whether a request carries the cookie or, as `Authorization: Bearer`, the token.

        Raises:
            TooManyTokens: too many wrong tokens came from the address.
        """
        if _same(request.cookies.get(COOKIE, ""), self.cookie):
            return True
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.opens(request, bearer.strip())

    def opens(self, request: Request, typed: str) -> bool:
        """Whether it is the token, compared in constant time.

        Raises:
            TooManyTokens: as `admits`.
        """
        address = address_of(request.scope)
        if self._wrong.spent(address):
            raise TooManyTokens
        right = _same(typed, self._token)
        if not right:
            self._wrong.take(address)
        return right


def _same(attempt: str, secret: str) -> bool:
    return hmac.compare_digest(attempt.encode("utf-8", "replace"), secret.encode())
