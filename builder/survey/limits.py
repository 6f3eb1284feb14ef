"""What one address may ask of the server, so that no one keeps the others from it.

The limits leave room for a laboratory whose participants share one address: 40 browsers that load 90 files each at the
same moment, and then 100 answers a second. Addresses are kept in the process's memory alone, never stored or logged.
"""

import asyncio
import ipaddress
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar

import h11
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

BURST, PER_SECOND = 4_000, 100
"""Requests of one address: so many at once, and so many a second in the long run."""

MOST_ADDRESSES = 10_000
"""Of which the requests are counted; the one that was silent longest is forgotten."""

MOST_CONNECTIONS = 512
"""Of one address at once; a browser opens up to six."""

HEAD_S, BODY_S = 15, 20
"""So long after its first byte, or after the connection was made, a request's head has to be there; so long after that,
its body.
"""


class Allowance:
    """A token bucket for each address."""

    def __init__(
        self,
        burst: float = BURST,
        per_second: float = PER_SECOND,
        most_addresses: int = MOST_ADDRESSES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._burst, self._per_second, self._most, self._clock = burst, per_second, most_addresses, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def take(self, address: str) -> bool:
        """Whether the address may ask once more now."""
        now = self._clock()
        left, since = self._left.pop(address, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._per_second)
        allowed = left >= 1
        self._left[address] = (left - allowed, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return allowed


def network(host: str) -> str:
    """Whose address it is: an IPv6 subscriber has a whole /64."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def limited(app: ASGIApp, allowance: Allowance) -> ASGIApp:
    """The application, which answers 429 to an address that asks too much."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not allowance.take(network((scope.get("client") or ("",))[0])):
            response = JSONResponse({"error": "many"}, 429, headers={"Retry-After": "10"})
            return await response(scope, receive, send)
        return await app(scope, receive, send)

    return answer


async def read_body(request: Request) -> bytes:
    """The body of a request.

    Raises:
        HTTPException: 413, too large; 408, too slow.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await request.body()
    except TimeoutError:
        raise HTTPException(408) from None


class ImpatientProtocol(H11Protocol):
    """uvicorn's HTTP, which alone would wait for ever for the rest of a request and take any number of connections."""

    _open: ClassVar[Counter[str]] = Counter()
    _from: str | None = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Closes the connection where its address has too many."""
        super().connection_made(transport)
        self._from = network(self.client[0]) if self.client else ""
        self._open[self._from] += 1
        if self._open[self._from] > MOST_CONNECTIONS:
            transport.abort()
        else:
            self._hurry()

    def data_received(self, data: bytes) -> None:
        """Begins or ends the wait for the head of a request."""
        super().data_received(data)
        self._hurry()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()
        if self._from is not None:
            self._open[self._from] -= 1
            if not self._open[self._from]:
                del self._open[self._from]

    def _hurry(self) -> None:
        head_is_there = self.conn.their_state is not h11.IDLE
        if head_is_there and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif not head_is_there and self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self.transport.abort)
