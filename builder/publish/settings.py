"""`[publish]` of a study file: what a published dataset says of itself."""

from typing import Annotated

from pydantic import Field

from builder.settings import Settings
from builder.toml import pattern

SPLIT = pattern(r"^[a-z][a-z0-9_]*$", "must be a letter, then letters, digits and underscores, all in lower case")
LICENSE_ID = pattern(
    r"^[a-z0-9][a-z0-9.+-]*$", "must be a license as the Hub writes it, in lower case, such as cc-by-4.0, mit or other"
)
Split = Annotated[str, Field(pattern=SPLIT, max_length=40)]
Batches = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False, min_length=1)]
License = Annotated[str, Field(min_length=1, max_length=200)]


class PublishSettings(Settings):
    """Keys of `[publish]`. A key that is absent is not known; `publish` refuses to start without what the card must
    state, naming it.

    `licenses` states the license of a model whose own cannot be known, by the model's name in the study.
    """

    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    license: Annotated[str, Field(pattern=LICENSE_ID, max_length=60)] | None = None
    authors: Annotated[tuple[str, ...], Field(strict=False)] = ()
    k: Annotated[int, Field(ge=1, le=1000)] = 5
    splits: dict[Split, Batches] = Field(default_factory=dict)
    licenses: dict[str, License] = Field(default_factory=dict)
