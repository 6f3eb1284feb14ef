"""The token of a participant's calls, which says itself whom it is for: until they consent, nothing else is kept."""

import hashlib
import hmac
from dataclasses import astuple, dataclass
from typing import NewType

TicketKey = NewType("TicketKey", bytes)


@dataclass(frozen=True)
class Ticket:
    """A place in the survey for who consents in time.

    `participant_id` is a pseudonym, `disputed_id` that of who took part with the same platform's id and was somebody
    else, as this one says, `session` that of the platform's session ("" where there is none); `seed` orders the pairs
    (62 bits, which also make every ticket another), `issued_at` is in milliseconds since 1970.
    """

    participant_id: str
    disputed_id: str
    session: str
    batch: int
    seed: int
    issued_at: int


def ticket_key(key: bytes) -> TicketKey:
    """The key that signs tickets, made from that of the pseudonyms: no pseudonym shows a part of a signature."""
    return TicketKey(hashlib.sha256(b"ticket" + key).digest())


def sealed(ticket: Ticket, key: TicketKey) -> str:
    """The ticket as a token: its fields and their HMAC-SHA256 (RFC 2104), parted by dots, some 210 characters."""
    text = ".".join(map(str, astuple(ticket)))
    return f"{text}.{_signature(text, key)}"


def opened(token: str, key: TicketKey) -> Ticket | None:
    """The ticket in a token; None where the key did not sign it."""
    text, _, signature = token.rpartition(".")
    if not hmac.compare_digest(_signature(text, key).encode(), signature.encode()):
        return None
    participant_id, disputed_id, session, *numbers = text.split(".")
    return Ticket(participant_id, disputed_id, session, *map(int, numbers))


def _signature(text: str, key: TicketKey) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
