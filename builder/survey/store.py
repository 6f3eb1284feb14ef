"""What participants do, as actions within a transaction: arrive, consent, say, rate, finish.

An action looks before it writes: it raises `Refused` before it has changed anything, so that many share one commit.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from builder.survey.database import participants, ratings, survey
from builder.survey.messages import Consent, Demographics, Rating, Strategies

SILENCE_MS = 3_600_000
"""After so long without a word a participant's slot is free for another."""

_MINUTE_MS = 60_000
"""How exactly it is known when somebody was last seen: one write less for almost every answer."""

_BY_TOKEN = sa.select(participants).where(participants.c.token_sha256 == sa.bindparam("key")).with_for_update()
_BY_ID = sa.select(participants).where(participants.c.participant_id == sa.bindparam("key")).with_for_update()
"""A participant's row, held until the end of the transaction; SQLite holds all at once."""

_OF_PAIR = sa.select(ratings.c.similarity, ratings.c.identity).where(
    ratings.c.participant_id == sa.bindparam("participant_id"), ratings.c.pair_id == sa.bindparam("pair_id")
)
_RATED = sa.select(ratings.c.pair_id).where(ratings.c.participant_id == sa.bindparam("participant_id"))

REFUSALS = {
    "token": 401,
    "consent": 403,
    "pair": 403,
    "taken": 403,
    "answered": 409,
    "finished": 409,
    "full": 409,
    "unfinished": 409,
}
"""Why something is refused, in a word, and the HTTP status that goes with it."""


class Refused(Exception):  # noqa: N818  nothing went wrong
    """What a participant may not do; `word` is one of REFUSALS."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True)
class Arrival:
    """Who enters: the pseudonyms of the person and of their session with the platform, and the token they kept."""

    person: str | None
    session: str | None
    token: str | None


@dataclass(frozen=True)
class Entered:
    """A participant's row, the pairs they answered, and the token of their next calls."""

    token: str
    participant: Mapping[str, Any]
    answered: Sequence[str]


def enter(connection: sa.Connection, arrival: Arrival, batches: Sequence[int], capacity: int, now: int) -> Entered:
    """A returning participant goes on; a new one gets the batch with the fewest finished or running participants.

    Args:
        connection: in a transaction that writes.
        arrival: who enters.
        batches: the study's batches.
        capacity: participants of a batch.
        now: milliseconds since 1970.

    Raises:
        Refused: finished, taken (the same person with another session of the platform) or full.
    """
    connection.execute(sa.select(survey.c.id).with_for_update())
    token, known = _returning(connection, arrival)
    if known is not None and known["finished_at"] is not None:
        raise Refused("finished")
    if known is None:
        batch = _emptiest(connection, batches, capacity, now)
        known = _new(arrival, token, batch, now)
        connection.execute(participants.insert(), known)
    else:
        _update(connection, known, now, token_sha256=_digest(token))
    return Entered(token, known, _rated(connection, known))


def _returning(connection: sa.Connection, arrival: Arrival) -> tuple[str, Mapping[str, Any] | None]:
    """The token to go on with and the participant, if it is one we know."""
    if arrival.token is not None:
        known = _find(connection, _BY_TOKEN, _digest(arrival.token))
        if known is not None and arrival.person in (None, known["participant_id"]):
            return arrival.token, known
    token = secrets.token_urlsafe(32)
    if arrival.person is None:
        return token, None
    known = _find(connection, _BY_ID, arrival.person)
    if known is not None and known["finished_at"] is None and not _may_go_on(known, arrival):
        raise Refused("taken")
    return token, known


def _may_go_on(known: Mapping[str, Any], arrival: Arrival) -> bool:
    """Without their token, only what the platform gave them alone tells participants from who knows their id."""
    if known["session"] is None:
        return known["consented_at"] is None  # the answer that held the token may have been lost
    return hmac.compare_digest(known["session"], arrival.session or "")


def _emptiest(connection: sa.Connection, batches: Sequence[int], capacity: int, now: int) -> int:
    holds_a_slot = participants.c.finished_at.is_not(None) | (participants.c.last_seen > now - SILENCE_MS)
    counted = sa.select(participants.c.batch, sa.func.count()).where(holds_a_slot).group_by(participants.c.batch)
    taken: dict[int, int] = dict(connection.execute(counted).all())
    emptiest = min(batches, key=lambda batch: (taken.get(batch, 0), batch))
    if taken.get(emptiest, 0) >= capacity:
        raise Refused("full")
    return emptiest


def _new(arrival: Arrival, token: str, batch: int, now: int) -> dict[str, Any]:
    return dict.fromkeys(participants.c.keys()) | {
        "participant_id": arrival.person or f"p-{secrets.token_hex(16)}",
        "session": arrival.session,
        "token_sha256": _digest(token),
        "batch": batch,
        "seed": secrets.randbits(62),
        "started_at": now,
        "last_seen": now,
        "said_demographics": False,
    }


def consent(connection: sa.Connection, token: str, said: Consent, now: int) -> None:
    """Keeps that, when and to what the participant consented.

    Raises:
        Refused: token or finished.
    """
    known = _going_on(connection, token, consented=False)
    _update(connection, known, now, consented_at=now, consent_version=said.consent_version)


def demographics(connection: sa.Connection, token: str, said: Demographics, now: int) -> None:
    """Keeps what the participant said of themselves.

    Raises:
        Refused: token, consent or finished.
    """
    known = _going_on(connection, token)
    _update(connection, known, now, said_demographics=True, **said.model_dump())


def strategies(connection: sa.Connection, token: str, said: Strategies, now: int) -> None:
    """Keeps how the participant judged.

    Raises:
        Refused: token, consent or finished.
    """
    _update(connection, _going_on(connection, token), now, **said.model_dump())


def rate(connection: sa.Connection, token: str, said: Rating, pairs: Mapping[int, frozenset[str]], now: int) -> None:
    """Keeps one rating; the same again changes nothing.

    Args:
        connection: in a transaction that writes.
        token: whose rating it is.
        said: the rating.
        pairs: the pair ids of every batch.
        now: milliseconds since 1970.

    Raises:
        Refused: token, consent, pair (no pair of the participant's batch), answered (otherwise) or finished.
    """
    known = _known(connection, token)
    key = {"participant_id": known["participant_id"], "pair_id": said.pair_id}
    held = connection.execute(_OF_PAIR, key).one_or_none()
    if held is not None:
        if (held.similarity, held.identity) != (said.similarity, said.identity):
            raise Refused("answered")
        return
    _check(known)
    if said.pair_id not in pairs[known["batch"]]:
        raise Refused("pair")
    answer = said.model_dump() | {"response_time_ms": round(said.response_time_ms)}
    connection.execute(ratings.insert(), answer | key | {"rated_at": now})
    _update(connection, known, now)


def finish(connection: sa.Connection, token: str, pairs: Mapping[int, frozenset[str]], now: int) -> None:
    """Marks the participant as finished; again changes nothing.

    Raises:
        Refused: token, consent, or unfinished where a pair of the batch is not rated.
    """
    known = _known(connection, token)
    if known["finished_at"] is not None:
        return
    _check(known)
    if pairs[known["batch"]].difference(_rated(connection, known)):
        raise Refused("unfinished")
    _update(connection, known, now, finished_at=now)


def _going_on(connection: sa.Connection, token: str, *, consented: bool = True) -> Mapping[str, Any]:
    known = _known(connection, token)
    _check(known, consented=consented)
    return known


def _check(known: Mapping[str, Any], *, consented: bool = True) -> None:
    if known["finished_at"] is not None:
        raise Refused("finished")
    if consented and known["consented_at"] is None:
        raise Refused("consent")


def _known(connection: sa.Connection, token: str) -> Mapping[str, Any]:
    known = _find(connection, _BY_TOKEN, _digest(token))
    if known is None:
        raise Refused("token")
    return known


def _find(connection: sa.Connection, query: sa.Select[Any], key: str) -> Mapping[str, Any] | None:
    found = connection.execute(query, {"key": key}).mappings().one_or_none()
    return None if found is None else dict(found)


def _rated(connection: sa.Connection, known: Mapping[str, Any]) -> Sequence[str]:
    return connection.scalars(_RATED, {"participant_id": known["participant_id"]}).all()


def _update(connection: sa.Connection, known: Mapping[str, Any], now: int, **values: object) -> None:
    if not values and now - known["last_seen"] < _MINUTE_MS:
        return
    mine = participants.c.participant_id == known["participant_id"]
    connection.execute(participants.update().where(mine), {"last_seen": now, **values})


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
