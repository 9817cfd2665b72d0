"""A validation message that also carries its remedy, and the base of every strict table."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, post_load, validates_schema


class Fault(str):
    """A message that marshmallow passes on untouched; `remedy` says in words what to do."""

    remedy: str

    def __new__(cls, message: str, remedy: str = "") -> Fault:
        fault = super().__new__(cls, message)
        fault.remedy = remedy
        return fault


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, or an empty string when none is close."""
    plain = {candidate.lower().replace("-", "_"): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower().replace("-", "_"), plain, n=1, cutoff=0.6)
    return plain[found[0]] if found else ""


class Table(Schema):
    """A table in which every key must be known; loading gives an instance of `target`, a config dataclass.

    `aliases` are other spellings, removed before validation, that count when a nearest name is sought;
    `homes` name the table that does have a key, for keys written one level off.
    """

    target: ClassVar[type]
    homes: ClassVar[Mapping[str, str]] = {}
    aliases: ClassVar[tuple[str, ...]] = ()
    error_messages = {  # noqa: RUF012 - marshmallow declares it on the instance
        "type": Fault("must be a table", "Write it as key = value lines under a [table] header")
    }

    class Meta:
        unknown = EXCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown_keys(self, data: Any, original_data: Any, **kwargs: Any) -> None:
        """Every unknown key is a fault at its own path, with the nearest name of this table."""
        if not isinstance(original_data, Mapping):
            return
        faults = {name: [self._unknown(name)] for name in original_data if name not in self.fields}
        if faults:
            raise ValidationError(faults)

    def _unknown(self, name: str) -> Fault:
        close = nearest(name, (*self.fields, *self.aliases))
        if name in self.homes:
            return Fault("is not a key of this table", f"It belongs under {self.homes[name]}")
        if close:
            return Fault(f"is not a known key (did you mean {close}?)", f"Rename it to {close} or remove it")
        return Fault("is not a known key", f"Remove it; known here: {', '.join(self.fields)}")

    @post_load
    def build(self, data: dict[str, Any], **kwargs: Any) -> Any:
        """The dataclass, with its own defaults for every key that was not written."""
        return self.target(**data)
