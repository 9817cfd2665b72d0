"""Top-level checks of client bodies: shallow, unknown fields kept, every schema built once.

What stands inside messages, contents and tools is read by the dialect (gateway/protocols), which knows it better.
"""

from __future__ import annotations

from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields

from gateway.canon.fault import Malformed


class Typed(fields.Field[Any]):
    """A value of one JSON type, null allowed; nothing is converted."""

    types: tuple[type, ...]
    word: str

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if (isinstance(value, bool) and bool not in self.types) or not isinstance(value, self.types):
            raise ValidationError(f"must be {self.word}, not {_shown(value)}")
        return value


class Name(Typed):
    types, word = (str,), "a string"


class Number(Typed):
    types, word = (int, float), "a number"


class Whole(Typed):
    types, word = (int,), "a whole number"


class Flag(Typed):
    types, word = (bool,), "true or false"


class Items(Typed):
    types, word = (list,), "an array"


class Object(Typed):
    types, word = (dict,), "an object"


class WireSchema(Schema):
    """Base: unknown fields are kept. `dry_run` is the gateway's own in every protocol: what is neither true nor false
    must not become a call."""

    class Meta:
        unknown = INCLUDE

    dry_run = Flag()

    _plain: dict[str, tuple[tuple[type, ...], bool]] | None = None

    def check(self, body: dict[str, Any]) -> None:
        """Raises Malformed for the first complaint, with the field as its path."""
        if not self._doubtful(body):
            return
        complaints = self.validate(body)
        if complaints:
            name, messages = next(iter(complaints.items()))
            raise Malformed(str(name), f"{name} {messages[0] if isinstance(messages, list) else messages}")

    def _doubtful(self, body: dict[str, Any]) -> bool:
        """Whether a complaint is possible: the types alone, a tenth of the cost of a validation."""
        plain = self._plain
        if plain is None:
            plain = self._plain = _plain_types(self)
        for name, (types, required) in plain.items():
            value = body.get(name)
            if value is None:
                if required:
                    return True
            elif type(value) not in types:
                return True
        return False


def _plain_types(schema: Schema) -> dict[str, tuple[tuple[type, ...], bool]]:
    """Field -> (JSON types it takes, required); a field of another kind takes none, so `validate` decides about it."""
    return {
        each.data_key or name: (each.types if isinstance(each, Typed) and not each.validators else (), each.required)
        for name, each in schema.fields.items()
    }


def required(word: str = "is required") -> dict[str, Any]:
    """Arguments of a field that must be there and not null."""
    return {"required": True, "error_messages": {"required": word, "null": word}}


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return "a string"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "an array"
    if isinstance(value, dict):
        return "an object"
    return repr(value)
