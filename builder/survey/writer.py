"""One commit for all who wait: a disk flushes a few hundred times a second, a survey has more answers than that."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from anyio import to_thread

from builder.survey.store import Refused

Answer = TypeVar("Answer")

Action = Callable[[sa.Connection], Answer]
"""An action within a transaction; it may be done again where that was rolled back."""

_MOST = 100
"""Actions of one commit."""


class Writer:
    """Runs actions in order, each answered after the commit that holds it."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine.execution_options(writes=True)
        self._waiting: list[tuple[Action[Any], asyncio.Future[Any]]] = []
        self._running: asyncio.Task[None] | None = None

    async def do(self, action: Action[Answer]) -> Answer:
        """The result of an action, once it is committed.

        Raises:
            Refused: the action refused.
            sqlalchemy.exc.SQLAlchemyError: the database failed; nothing of this action is kept.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((action, future))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            outcomes = await to_thread.run_sync(self._commit, [action for action, _ in taken])
            for (_, future), outcome in zip(taken, outcomes, strict=True):
                if future.done():  # whoever asked has gone
                    continue
                if isinstance(outcome, Exception):
                    future.set_exception(outcome)
                else:
                    future.set_result(outcome)

    def _commit(self, actions: list[Action[Any]]) -> list[Any]:
        """The outcome of every action: what it gave, or what it raised."""
        try:
            with self._engine.begin() as connection:
                return [_outcome(action, connection) for action in actions]
        except Exception as error:
            if len(actions) == 1:
                return [error]
        return [outcome for action in actions for outcome in self._commit([action])]


def _outcome(action: Action[Any], connection: sa.Connection) -> Any:
    try:
        return action(connection)
    except Refused as refused:  # before it wrote; the others' work stands
        return refused
