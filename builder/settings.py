"""The base of everything that a study file may hold."""

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from builder import registry
from builder.toml import pattern, refuse_unknown

if TYPE_CHECKING:  # reading a study file need not wait for torch
    from builder.runtime import Runtime

COLUMN = pattern(r"^[a-z0-9_]+$", "must be lower-case letters, digits and underscores")


class Settings(BaseModel):
    """A table of a study file: unknown keys are refused, values are not converted, nothing changes later.

    first_keys: those that a written table begins with, in order, where its class adds keys to another's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    first_keys: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _in_order(self, dumped: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = dumped(self)
        first = [key for key in self.first_keys if key in values]
        return {key: values[key] for key in (*first, *(key for key in values if key not in first))}


def _distinct(values: tuple[float, ...]) -> tuple[float, ...]:
    if len({round(value, 6) for value in values}) < len(values):  # closer ones would be one picture under two names
        raise PydanticCustomError("twice", "must not hold a level twice")
    return values


Level = Annotated[float, Field(ge=1e-6, le=1000, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=1e-6, le=1 - 1e-6, allow_inf_nan=False)]
Levels = Annotated[tuple[Level, ...], Field(strict=False, max_length=100), AfterValidator(_distinct)]
Shares = Annotated[tuple[Share, ...], Field(strict=False, max_length=100), AfterValidator(_distinct)]


class ModelSettings(Settings):
    """A table with `model = "entry[:argument]"` and the keys that this model adds, its `Settings`."""

    model_config = ConfigDict(extra="allow")
    group: ClassVar[registry.Group]

    model: str

    @field_validator("model")
    @classmethod
    def _registered(cls, model: str) -> str:
        return registered(cls.group, model)

    @model_validator(mode="after")
    def _own_keys(self) -> Self:
        if self.model_extra:  # importing a model to ask for its keys takes seconds; most have none
            self._own()
        return self

    def _own(self) -> BaseModel:
        entry, _ = registry.split_model(self.model)
        own: type[BaseModel] = registry.load(self.group, entry).Settings
        keys = self.model_extra or {}
        refuse_unknown(keys, own.model_fields, also=type(self).model_fields)
        return own.model_validate(keys)

    def own_keys(self) -> frozenset[str]:
        """The keys that this model adds to the table."""
        return frozenset(type(self._own()).model_fields)

    def load(self, runtime: "Runtime") -> Any:
        """The model, loaded; what its `load` raises."""
        entry, argument = registry.split_model(self.model)
        return registry.load(self.group, entry).load(argument, self._own(), runtime)


def registered(group: registry.Group, model: str) -> str:
    """`model`, "entry[:argument]", whose entry must be registered in the group.

    Raises:
        PydanticCustomError: it is not.
    """
    entry, _ = registry.split_model(model)
    names = registry.names(group)
    if entry not in names:
        raise PydanticCustomError("unknown", "must be one of: {known}", {"known": ", ".join(names)})
    return model
