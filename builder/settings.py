"""The base of everything that a study file may hold."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Settings(BaseModel):
    """A table of a study file: unknown keys are refused, values are not converted, nothing changes later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _distinct(values: tuple[float, ...]) -> tuple[float, ...]:
    if len({round(value, 6) for value in values}) < len(values):  # closer ones would be one picture under two names
        raise PydanticCustomError("twice", "must not hold a level twice")
    return values


Level = Annotated[float, Field(ge=1e-6, le=1000, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=1e-6, le=1 - 1e-6, allow_inf_nan=False)]
Levels = Annotated[tuple[Level, ...], Field(strict=False, max_length=100), AfterValidator(_distinct)]
Shares = Annotated[tuple[Share, ...], Field(strict=False, max_length=100), AfterValidator(_distinct)]
