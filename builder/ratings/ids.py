"""The id of a rating, made from what it names."""

import hashlib

_DIGITS = 20
"""80 bits: two of ten million ratings have the same id with a probability of about 4e-11."""


def rating_id(participant_id: str, item_id: str) -> str:
    """The id of one participant's answer to one item: the same on every import, for it is a function of both."""
    return hashlib.sha256(f"{participant_id}\n{item_id}".encode()).hexdigest()[:_DIGITS]
