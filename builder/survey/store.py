"""Actions of participants within a transaction: arrive, consent, say, rate, finish.

An action looks before it writes: it raises `Refused` before it has changed anything, so that many share one commit.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from builder.survey.database import tables_of
from builder.survey.messages import DAY_MS, Consent, Demographics, Message
from builder.survey.ticket import Ticket, TicketKey, opened, sealed
from builder.tasks import Questionnaire

SILENCE_MS = 3_600_000
"""The silence after which a slot of who has rated is free for another, and the time that one may take to consent."""

GRACE_MS = 300_000
"""The time for which consent holds a slot without a rating: for the questions about oneself, and until the images are
there. Whoever enters and does not rate holds nothing."""

_MINUTE_MS = 60_000
"""The precision of when somebody was last seen: one write less for almost every answer."""

REFUSALS = {
    "token": 401,
    "item": 403,
    "taken": 403,
    "forgotten": 403,
    "link": 403,
    "answered": 409,
    "occupied": 409,
    "finished": 409,
    "full": 409,
    "unfinished": 409,
}
"""Reasons of refusals, in a word, and the HTTP status that goes with each."""


class Refused(Exception):  # noqa: N818  nothing went wrong
    """A refusal of what a participant may not do; `word` is one of REFUSALS."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


@dataclass(frozen=True)
class Door:
    """The door of a study: `capacity` participants to each of its batches, or arms of them, nobody who was forgotten
    and, where links are signed, nobody new whom the platform does not vouch for.
    """

    batches: Sequence[int]
    capacity: int
    key: TicketKey
    forgotten: Set[str] = frozenset()
    signed: bool = False


@dataclass(frozen=True)
class Arrival:
    """An arrival: the pseudonyms of the person and of their session with the platform, and the token they kept.

    `others` are the pseudonyms for who says, as this one does where `not_me`, that the person of this id was somebody
    else. `vouched`: the platform's signature says who it is.
    """

    person: str | None
    session: str | None
    token: str | None
    others: Sequence[str] = ()
    not_me: bool = False
    vouched: bool = False


@dataclass(frozen=True)
class Entered:
    """A participant's row, the items they answered, and the token of their next calls."""

    token: str
    participant: Mapping[str, Any]
    answered: Sequence[str]


class Store:
    """The survey's tables, and what participants do in them."""

    def __init__(self, asks: Questionnaire) -> None:
        self._asks, self._tables = asks, tables_of(asks)
        participants, ratings = self._tables.participants, self._tables.ratings
        # a participant's row is held until the end of the transaction; SQLite holds all at once
        who = sa.select(participants).with_for_update()
        self._by_token = who.where(participants.c.token_sha256 == sa.bindparam("key"))
        self._by_id = who.where(participants.c.participant_id == sa.bindparam("key"))
        mine = ratings.c.participant_id == sa.bindparam("participant_id")
        answers = [ratings.c[name] for name in asks.names]
        self._of_item = sa.select(*answers).where(mine, ratings.c[asks.key] == sa.bindparam(asks.key))
        self._answered = sa.select(ratings.c[asks.key]).where(mine)

    def enter(self, connection: sa.Connection, arrival: Arrival, door: Door, now: int) -> Entered:
        """A returning participant goes on; a new one is shown the batch of which fewest finished or rate.

        Of a new one nothing is kept and nothing is reserved: the token is their ticket. Who was forgotten is known by
        the platform's id or, where their browser comes back without it, by the ticket that it kept.

        Args:
            connection: in a transaction that writes.
            arrival: who enters.
            door: who is let in.
            now: milliseconds since 1970.

        Raises:
            Refused: forgotten, finished, taken (the same person with another session of the platform), link (the
                platform did not sign it), full, or occupied (all slots are taken, some by who may not rate).
        """
        own_ticket = None if arrival.token is None else opened(arrival.token, door.key)
        participant = self._returning(connection, arrival)
        if (arrival.person or (own_ticket and own_ticket.participant_id)) in door.forgotten and participant is None:
            raise Refused("forgotten")
        if participant is not None and participant["finished_at"] is not None:
            participant = self._in_another_arm(connection, participant, door, now)
        if participant is None:
            ticket = self._ticket_again(connection, arrival, own_ticket, door, now) or self._ticket(
                connection, arrival, door, now
            )
            token = sealed(ticket, door.key)
            return Entered(token, self._row(ticket, token), [])
        if arrival.token is not None and participant["token_sha256"] == _digest(arrival.token):
            token = arrival.token
        else:
            token = sealed(
                Ticket(participant["participant_id"], "", "", participant["batch"], secrets.randbits(62), now), door.key
            )
        self._update(connection, participant, now, token_sha256=_digest(token))
        return Entered(token, participant, self._rated(connection, participant))

    def _in_another_arm(
        self, connection: sa.Connection, participant: Mapping[str, Any], door: Door, now: int
    ) -> Mapping[str, Any]:
        """A finished participant, moved to another arm of the same batch that has room, where that is time.

        Raises:
            Refused: finished, where there is none or it is too early.
        """
        sittings, days = self._tables.sittings, self._asks.days_apart
        if sittings is None or days is None or now - participant["finished_at"] < days * DAY_MS:
            raise Refused("finished")
        mine = sa.select(sittings.c.sitting).where(sittings.c.participant_id == participant["participant_id"])
        seen = {participant["batch"], *connection.scalars(mine)}
        batch, taken = self._asks.batch_of(participant["batch"]), self._taken(connection, now)
        others = [each for each in door.batches if self._asks.batch_of(each) == batch and each not in seen]
        if any(self._asks.arm_of(each) in self._asks.once for each in seen):
            others = [each for each in others if self._asks.arm_of(each) not in self._asks.once]
        free = [each for each in others if taken.get(each, 0) < door.capacity]
        if not free:
            raise Refused("finished")
        finished = {"sitting": participant["batch"], "finished_at": participant["finished_at"]}
        connection.execute(sittings.insert(), {"participant_id": participant["participant_id"], **finished})
        moved = {"batch": secrets.choice(free), "seed": secrets.randbits(62), "started_at": now, "finished_at": None}
        self._update(connection, participant, now, **moved)
        return {**participant, **moved, "last_seen": now}

    def _returning(self, connection: sa.Connection, arrival: Arrival) -> Mapping[str, Any] | None:
        """The participant, if it is one who consented: who has their token, or what their platform gave them alone."""
        ids = () if arrival.person is None else (arrival.person, *arrival.others)
        if arrival.token is not None:
            participant = self._find(connection, self._by_token, _digest(arrival.token))
            if participant is not None and (not ids or participant["participant_id"] in ids):
                return participant
        rows = (self._find(connection, self._by_id, participant_id) for participant_id in ids)
        return next((row for row in rows if row is not None and _may_go_on(row, arrival)), None)

    def _taken(self, connection: sa.Connection, now: int, grace: int = GRACE_MS) -> dict[int, int]:
        """The slots of each batch that are taken: by who finished, who rated of late, and who consented just now, which
        is within `grace` milliseconds.
        """
        rates = sa.exists().where(self._tables.ratings.c.participant_id == self._tables.participants.c.participant_id)
        holds = sa.or_(
            self._tables.participants.c.finished_at.is_not(None),
            self._tables.participants.c.consented_at > now - grace,
            (self._tables.participants.c.last_seen > now - SILENCE_MS) & rates,
        )
        counted = (
            sa.select(self._tables.participants.c.batch, sa.func.count())
            .where(holds)
            .group_by(self._tables.participants.c.batch)
        )
        taken: dict[int, int] = dict(connection.execute(counted).all())
        earlier = self._tables.sittings
        if earlier is not None:
            before = sa.select(earlier.c.sitting, sa.func.count()).group_by(earlier.c.sitting)
            for sitting, count in connection.execute(before):
                taken[sitting] = taken.get(sitting, 0) + count
        return taken

    def _emptiest(self, connection: sa.Connection, door: Door, now: int) -> int:
        """The batch with the fewest slots held; any of several, so that who enters at one moment is spread."""
        taken = self._taken(connection, now)
        fewest = min(taken.get(batch, 0) for batch in door.batches)
        if fewest >= door.capacity:
            raise Refused(self._why_full(connection, door.batches, door, now))
        return secrets.choice([batch for batch in door.batches if taken.get(batch, 0) == fewest])

    def _why_full(self, connection: sa.Connection, batches: Sequence[int], door: Door, now: int) -> str:
        """The word for batches without a slot: full where enough have rated, occupied where some may never begin to."""
        rated = self._taken(connection, now, grace=0)
        return "full" if all(rated.get(batch, 0) >= door.capacity for batch in batches) else "occupied"

    def _ticket_again(
        self, connection: sa.Connection, arrival: Arrival, ticket: Ticket | None, door: Door, now: int
    ) -> Ticket | None:
        """The ticket that a browser kept, where it still stands for who arrives: a reload shows the same items."""
        if ticket is None or ticket.issued_at <= now - SILENCE_MS or ticket.batch not in door.batches:
            return None
        same = arrival.person in (ticket.participant_id, ticket.disputed_id) and ticket.session == (
            arrival.session or ""
        )
        if arrival.person is not None and not same:
            return None
        if (
            self._find(connection, self._by_id, ticket.participant_id)
            or self._taken(connection, now).get(ticket.batch, 0) >= door.capacity
        ):
            return None
        return ticket

    def _ticket(self, connection: sa.Connection, arrival: Arrival, door: Door, now: int) -> Ticket:
        """A new one, with the participant_id that nobody took part under yet."""
        if door.signed and not arrival.vouched:
            raise Refused("link")
        participant_id, disputed_id = arrival.person or f"p-{secrets.token_hex(16)}", ""
        first = self._find(connection, self._by_id, participant_id)
        if first is not None:
            free = next((other for other in arrival.others if self._find(connection, self._by_id, other) is None), None)
            if not arrival.not_me or free is None:
                raise Refused("taken" if first["finished_at"] is None else "finished")
            participant_id, disputed_id = free, participant_id
        batch = self._emptiest(connection, door, now)
        seed = self._seed(connection, batch)
        return Ticket(participant_id, disputed_id, arrival.session or "", batch, seed, now)

    def _seed(self, connection: sa.Connection, batch: int) -> int:
        """A random seed; where sides are counterbalanced, odd or even as fewer of the batch's participants have."""
        seed = secrets.randbits(62)
        if not self._asks.counterbalance:
            return seed
        seeds = self._tables.participants.c.seed
        here = self._tables.participants.c.batch == batch
        odd, all_ = connection.execute(sa.select(sa.func.sum(seeds % 2), sa.func.count(seeds)).where(here)).one()
        more = 2 * int(odd or 0) - all_
        return seed if more == 0 else seed - seed % 2 + (1 if more < 0 else 0)

    def _row(self, ticket: Ticket, token: str) -> dict[str, Any]:
        """The participant that a ticket becomes."""
        return dict.fromkeys(self._tables.participants.c.keys()) | {
            "participant_id": ticket.participant_id,
            "session": ticket.session or None,
            "token_sha256": _digest(token),
            "batch": ticket.batch,
            "seed": ticket.seed,
            "started_at": ticket.issued_at,
            "last_seen": ticket.issued_at,
            "said_demographics": False,
        }

    def consent(self, connection: sa.Connection, token: str, message: Consent, door: Door, now: int) -> None:
        """Keeps that, when and to what somebody consented, who thereby becomes a participant; again changes nothing.

        Raises:
            Refused: token (none of ours, or too old), forgotten, taken (the same person consented elsewhere first), or
                full or occupied (the batch has filled since they entered; entering again may find another).
        """
        connection.execute(sa.select(self._tables.survey.c.id).with_for_update())
        if self._find(connection, self._by_token, _digest(token)) is not None:
            return
        ticket = opened(token, door.key)
        if ticket is None or ticket.issued_at <= now - SILENCE_MS or ticket.batch not in door.batches:
            raise Refused("token")
        if ticket.participant_id in door.forgotten:
            raise Refused("forgotten")
        if self._find(connection, self._by_id, ticket.participant_id) is not None:
            raise Refused("taken")
        if self._taken(connection, now).get(ticket.batch, 0) >= door.capacity:
            raise Refused(self._why_full(connection, [ticket.batch], door, now))
        row = self._row(ticket, token) | {
            "last_seen": now,
            "consented_at": now,
            "consent_version": message.consent_version,
        }
        connection.execute(self._tables.participants.insert(), row)
        if ticket.disputed_id:
            said_so = {"participant_id": ticket.participant_id, "disputed_id": ticket.disputed_id, "said_at": now}
            connection.execute(self._tables.disputes.insert(), said_so)

    def demographics(self, connection: sa.Connection, token: str, message: Demographics, now: int) -> None:
        """Keeps what the participant said of themselves.

        Raises:
            Refused: token (also of who has not consented) or finished.
        """
        participant = self._going_on(connection, token)
        self._update(connection, participant, now, said_demographics=True, **message.model_dump())

    def strategies(self, connection: sa.Connection, token: str, message: Message, now: int) -> None:
        """Keeps how the participant judged.

        Raises:
            Refused: token or finished.
        """
        self._update(connection, self._going_on(connection, token), now, **message.model_dump())

    def rate(
        self, connection: sa.Connection, token: str, message: Message, items: Mapping[int, Set[str]], now: int
    ) -> None:
        """Keeps one rating; the same again changes nothing.

        Args:
            connection: in a transaction that writes.
            token: whose rating it is.
            message: the rating, as `messages.rating_message` has it.
            items: the ids of the items of every batch.
            now: milliseconds since 1970.

        Raises:
            Refused: token, item (no item of the participant's batch), answered (otherwise) or finished.
        """
        participant, rating = self._participant(connection, token), message.model_dump()
        key = {"participant_id": participant["participant_id"], self._asks.key: rating[self._asks.key]}
        earlier = connection.execute(self._of_item, key).one_or_none()
        if earlier is not None:
            if tuple(earlier) != tuple(rating[name] for name in self._asks.names):
                raise Refused("answered")
            return
        if participant["finished_at"] is not None:
            raise Refused("finished")
        if rating[self._asks.key] not in items[participant["batch"]]:
            raise Refused("item")
        rating |= {"response_time_ms": round(rating["response_time_ms"]), "rated_at": now}
        connection.execute(self._tables.ratings.insert(), rating | key)
        self._update(connection, participant, now)

    def finish(self, connection: sa.Connection, token: str, items: Mapping[int, Set[str]], now: int) -> str:
        """Marks the participant as finished; again changes nothing.

        Returns:
            The participant_id, by which they can be taken out again.

        Raises:
            Refused: token, or unfinished where an item of the batch is not rated.
        """
        participant = self._participant(connection, token)
        if participant["finished_at"] is None:
            if items[participant["batch"]] - set(self._rated(connection, participant)):
                raise Refused("unfinished")
            self._update(connection, participant, now, finished_at=now)
        return str(participant["participant_id"])

    def _going_on(self, connection: sa.Connection, token: str) -> Mapping[str, Any]:
        participant = self._participant(connection, token)
        if participant["finished_at"] is not None:
            raise Refused("finished")
        return participant

    def _participant(self, connection: sa.Connection, token: str) -> Mapping[str, Any]:
        participant = self._find(connection, self._by_token, _digest(token))
        if participant is None:
            raise Refused("token")
        return participant

    def _find(self, connection: sa.Connection, query: sa.Select[Any], key: str) -> Mapping[str, Any] | None:
        row = connection.execute(query, {"key": key}).mappings().one_or_none()
        return None if row is None else dict(row)

    def _rated(self, connection: sa.Connection, participant: Mapping[str, Any]) -> Sequence[str]:
        return connection.scalars(self._answered, {"participant_id": participant["participant_id"]}).all()

    def _update(self, connection: sa.Connection, participant: Mapping[str, Any], now: int, **values: object) -> None:
        if not values and now - participant["last_seen"] < _MINUTE_MS:
            return
        mine = self._tables.participants.c.participant_id == participant["participant_id"]
        connection.execute(self._tables.participants.update().where(mine), {"last_seen": now, **values})


def _may_go_on(participant: Mapping[str, Any], arrival: Arrival) -> bool:
    """Whether a participant may go on. Without their token, the signature or the session of the platform tells them
    from who knows their id.
    """
    if arrival.vouched:
        return bool(participant["participant_id"] == arrival.person)
    return participant["session"] is not None and hmac.compare_digest(participant["session"], arrival.session or "")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
