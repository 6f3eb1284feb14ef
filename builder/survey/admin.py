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

from builder.survey.limits import read_body
from builder.survey.results import progress, result_lines
from builder.survey.task import Task

COOKIE = "lands-between-admin"

_FILES = resources.files("builder.survey") / "admin_page"

Handler = Callable[[Request], Awaitable[Response]]


def admin_routes(task: Task, engine: sa.Engine, token: str, now: Callable[[], int]) -> list[Route]:
    """The pages under /admin.

    Args:
        task: the study's task.
        engine: the survey's database.
        token: opens them, as `Authorization: Bearer` or typed into the form that sets a cookie.
        now: milliseconds since 1970.
    """
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    page = environment.from_string((_FILES / "progress.html").read_text(encoding="utf-8"))
    form = environment.from_string((_FILES / "login.html").read_text(encoding="utf-8"))
    style = (_FILES / "style.css").read_bytes()

    async def show(request: Request) -> Response:
        if not _may(request, token):
            return HTMLResponse(form.render(study=task.name, failed=False), HTTPStatus.UNAUTHORIZED)
        shown = await to_thread.run_sync(progress, engine, task, now())
        return HTMLResponse(page.render(study=task.name, wanted=task.settings.raters_per_pair, progress=shown))

    async def log_in(request: Request) -> Response:
        typed = parse_qs((await read_body(request)).decode("ascii", "replace")).get("token", [""])[0]
        if not _same(typed, token):
            return HTMLResponse(form.render(study=task.name, failed=True), HTTPStatus.UNAUTHORIZED)
        answer = RedirectResponse("/admin", HTTPStatus.SEE_OTHER)
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, _cookie(token), path="/admin", httponly=True, samesite="strict", secure=secure)
        return answer

    async def results(request: Request) -> Response:
        if not _may(request, token):
            return HTMLResponse(form.render(study=task.name, failed=False), HTTPStatus.UNAUTHORIZED)
        headers = {"Content-Disposition": f'attachment; filename="{task.name}-results.jsonl"'}
        return StreamingResponse(result_lines(engine, task.name), media_type="application/x-ndjson", headers=headers)

    async def stylesheet(request: Request) -> Response:
        return Response(style, media_type="text/css")

    return [
        Route("/admin", show),
        Route("/admin", log_in, methods=["POST"]),
        Route("/admin/results", results),
        Route("/admin/style.css", stylesheet),
    ]


def _may(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and _same(given.strip(), token):
        return True
    return _same(request.cookies.get(COOKIE, ""), _cookie(token))


def _cookie(token: str) -> str:
    """What the browser keeps: not the token itself."""
    return hmac.new(token.encode(), b"admin", hashlib.sha256).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
