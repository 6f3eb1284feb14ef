"""Limits of what one address may ask of the server, so that no one keeps the others from it.

The limits leave room for a laboratory whose participants share one address: 40 browsers that load 90 files each at the
same moment, and then 100 answers a second. Addresses are kept in the process's memory alone, never stored or logged.
"""

import asyncio
import ipaddress
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import h11
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger(__name__)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

BURST, PER_SECOND = 4_000, 100
"""Requests of one address: so many at once, and so many a second in the long run."""

MOST_ADDRESSES = 10_000
"""Addresses of which the requests are counted; the one that was silent longest is forgotten."""

MOST_CONNECTIONS = 512
"""Connections of one address at once; a browser opens up to six."""

HEAD_S, BODY_S = 15, 20
"""Seconds after its first byte, or after the connection was made, in which a request's head has to be there; so long
after that, its body."""


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
        """Whether the address may ask once more now, which counts."""
        left, now = self._now(address)
        allowed = left >= 1
        self._left[address] = (left - allowed, now)
        self._left.move_to_end(address)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return allowed

    def spent(self, address: str) -> bool:
        """Whether the address may not ask now; that this was asked does not count."""
        return self._now(address)[0] < 1

    def _now(self, address: str) -> tuple[float, float]:
        now = self._clock()
        left, since = self._left.get(address, (self._burst, now))
        return min(self._burst, left + (now - since) * self._per_second), now


def network(host: str) -> str:
    """The network of an address: an IPv6 subscriber has a whole /64."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 6 and address.ipv4_mapped is None:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def address_of(scope: Scope) -> str:
    """The address of a request, which is limited."""
    return network((scope.get("client") or ("",))[0])


def limited(app: ASGIApp, allowance: Allowance) -> ASGIApp:
    """The application, which answers 429 to an address that asks too much, and 400 to a request of two lengths.

    A body with both Content-Length and Transfer-Encoding may end elsewhere for the server in front than for this one,
    and what is between the two would be a request of its own (RFC 9112, section 6.3).
    """

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not allowance.take(address_of(scope)):
            response = JSONResponse({"error": "many"}, 429, headers={"Retry-After": "10"})
            return await response(scope, receive, send)
        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
            return await JSONResponse({"error": "invalid"}, 400)(scope, receive, send)
        return await app(scope, receive, send)

    return answer


def pointing_out_proxies(app: ASGIApp) -> ASGIApp:
    """The application, which warns once where requests say that a web server in front passed them on."""
    warned = False

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal warned
        if not warned and any(name == b"x-forwarded-for" for name, _ in scope["headers"]):
            warned = True
            log.warning(
                "requests carry X-Forwarded-For, which is not believed: where a web server in front adds it, name its "
                "address with --behind-proxy, or all participants count as one"
            )
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

    proxies: ClassVar[Sequence[Network]] = ()
    """Proxies, whose connections are not counted: they are those of all participants."""

    _open: ClassVar[Counter[str]] = Counter()
    _from: str | None = None
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Closes the connection where its address has too many."""
        super().connection_made(transport)
        self._from = network(self.client[0]) if self.client else ""
        self._open[self._from] += 1
        if self._open[self._from] > MOST_CONNECTIONS and not self._of_proxy():
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

    def _of_proxy(self) -> bool:
        return self.client is not None and any(ipaddress.ip_address(self.client[0]) in each for each in self.proxies)

    def _hurry(self) -> None:
        head_is_there = self.conn.their_state is not h11.IDLE
        if head_is_there and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif not head_is_there and self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self.transport.abort)


def protocol(proxies: Sequence[Network]) -> type[ImpatientProtocol]:
    """The protocol of a server that `proxies` pass requests on to."""
    return type("BehindProxies", (ImpatientProtocol,), {"proxies": tuple(proxies)})
