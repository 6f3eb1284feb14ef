"""What can be made to go wrong on the way to the Hub of the tests, and a log of what came in."""

import contextlib
import re
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass
class Request:
    """A request as it came in: `received` bytes of body; `status` is None where it got no answer."""

    method: str
    path: str
    received: int = 0
    status: int | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass
class Fault:
    """What happens to the next `times` requests whose "METHOD /path" matches: exactly one of the ways is set."""

    pattern: str
    times: int | None = 1
    status: int | None = None
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    cut_after: int | None = None
    lose_answer: bool = False
    hang: bool = False


class Faults:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.faults: list[Fault] = []
        self.log: list[Request] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = Request(scope["method"], scope["path"])
        self.log.append(request)
        fault = self._next(str(request))

        async def counted() -> Message:
            message = await receive()
            request.received += len(message.get("body", b""))
            if fault and fault.cut_after is not None and request.received >= fault.cut_after:
                _hang_up(send)
                return {"type": "http.disconnect"}
            return message

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                request.status = message["status"]
            await send(message)

        if fault is not None and fault.cut_after == 0:
            _hang_up(send)
        elif fault is None or fault.cut_after is not None:
            with contextlib.suppress(ClientDisconnect):
                await self.app(scope, counted, noted)
            if fault is not None and request.received >= fault.cut_after:
                request.status = None  # what the application answers then reaches nobody
        elif fault.status is not None:
            await _drain(counted)
            body = {"error": fault.message or f"status {fault.status} was ordered"}
            await JSONResponse(body, fault.status, fault.headers)(scope, counted, noted)
        elif fault.hang:
            while (await counted())["type"] != "http.disconnect":
                pass
        else:
            await self.app(scope, counted, _nowhere)
            _hang_up(send)
        return None

    def _next(self, request: str) -> Fault | None:
        for fault in self.faults:
            if fault.times != 0 and re.search(fault.pattern, request):
                fault.times = None if fault.times is None else fault.times - 1
                return fault
        return None

    def requests(self, pattern: str) -> list[Request]:
        """Those of the log whose "METHOD /path" matches."""
        return [request for request in self.log if re.search(pattern, str(request))]


async def _drain(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _nowhere(message: Message) -> None:
    """Where an answer goes that gets lost."""


def _hang_up(send: Send) -> None:
    send.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's own: ASGI has no word for it
