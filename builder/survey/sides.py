"""Left and right, counterbalanced: on which side each participant sees the first of two images."""

import hashlib
from collections.abc import Iterable, Mapping

from builder.survey.items import Item
from builder.tasks import Questionnaire
from loading_script.tables import SIDES


def sides(items: Iterable[Item], asks: Questionnaire, seed: int) -> Mapping[str, str]:
    """The side of the first image of each item whose images can change sides, by the item's id.

    Half of a participant's items have it on the left, and every item has it there for half of the participants: those
    whose seed is even. Which half of the items that is, digests of their ids say, which know no condition. Nothing
    where the study does not counterbalance.
    """
    if not asks.counterbalance:
        return {}
    turns = {task.name: task.turns for task in asks.tasks}
    ids = [item.item_id for item in items if turns[item.task]]
    order = sorted(ids, key=lambda item_id: hashlib.sha256(item_id.encode()).digest())
    return {item_id: SIDES[(place + seed) % 2] for place, item_id in enumerate(order)}
