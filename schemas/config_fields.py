"""Strict marshmallow fields for files an operator writes: no silent conversion, faults with remedies.

A number in quotes is an error with one exception: `port = "${PORT}"`, because TOML has no other way to
say it; such strings arrive as `Substituted`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields

from gateway.config.substitution import Substituted
from schemas.faults import Fault, nearest

Check = Callable[[str], str]
"""Takes the text, returns the normalised one, raises `Fault`'s ValidationError through `refuse`."""


def refuse(message: str, remedy: str) -> ValidationError:
    """The exception to raise for one fault."""
    return ValidationError([Fault(message, remedy)])


def kind_of(value: object) -> str:
    """What TOML calls the value's type, with its article."""
    if isinstance(value, bool):
        return "a boolean"
    names = (
        (str, "a string"),
        (int, "a number"),
        (float, "a number"),
        (Mapping, "a table"),
        (list, "a list"),
    )
    return next((name for types, name in names if isinstance(value, types)), "a date")


class Strict(fields.Field[Any]):
    """Base: a missing required key is told with the field's `hint`."""

    def __init__(self, *, hint: str = "", **kwargs: Any) -> None:
        self.hint = hint
        super().__init__(**kwargs)

    def make_error(self, key: str, **kwargs: Any) -> ValidationError:
        if key == "required":
            return refuse("is missing", self.hint or f"Add {self.name} = ...")
        return refuse(f"cannot be used ({key})", self.hint)


class Text(Strict):
    """A string; `choices` lists the words allowed, `check` normalises or refuses, `filled` forbids empty."""

    def __init__(
        self, *, choices: Sequence[str] = (), check: Check | None = None, filled: bool = False, **kwargs: Any
    ) -> None:
        self.choices, self.check, self.filled = tuple(choices), check, filled
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise refuse(f"must be a string, not {kind_of(value)}", "Put the value in double quotes")
        text = str(value)
        if self.choices and text not in self.choices:
            words = ", ".join(f'"{choice}"' for choice in self.choices)
            close = nearest(text, self.choices)
            meant = f' (did you mean "{close}"?)' if close else ""
            raise refuse(f'"{text}" is not one of the values allowed{meant}', f"Use one of {words}")
        if not text.strip():
            if self.filled:
                raise refuse("is empty", self.hint or "Give it a value or remove the line")
            return text.strip()
        return self.check(text) if self.check else text


class Whole(Strict):
    """An integer within [low, high]; both ends are named in the error."""

    def __init__(self, *, low: int | None = None, high: int | None = None, **kwargs: Any) -> None:
        self.low, self.high = low, high
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if isinstance(value, Substituted):
            try:
                value = int(value.strip())
            except ValueError:
                raise refuse(
                    f"must be a whole number, but the variable {value.variable} holds something else",
                    f"Set {value.variable} to a whole number",
                ) from None
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse(f"must be a whole number, not {kind_of(value)}", "Write digits only, without quotes")
        _within(value, self.low, self.high)
        return value


class Number(Strict):
    """A number within [low, high], as float; `above` excludes the lower end."""

    def __init__(
        self,
        *,
        low: float | None = None,
        high: float | None = None,
        above: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.low, self.high, self.above = low, high, above
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if isinstance(value, Substituted):
            try:
                value = float(value.strip())
            except ValueError:
                raise refuse(
                    f"must be a number, but the variable {value.variable} holds something else",
                    f"Set {value.variable} to a number",
                ) from None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise refuse(f"must be a number, not {kind_of(value)}", "Write digits only, without quotes")
        if not math.isfinite(value):
            raise refuse("must be a finite number", "Write digits, for example 30")
        if self.above is not None and value <= self.above:
            raise refuse(f"is {value}, which is too small", f"Use a number above {self.above:g}")
        _within(value, self.low, self.high)
        return float(value)


def _within(value: float, low: float | None, high: float | None) -> None:
    if (low is not None and value < low) or (high is not None and value > high):
        if low is not None and high is not None:
            remedy = f"Use a number from {low:g} to {high:g}"
        else:
            remedy = f"Use {low:g} or more" if low is not None else f"Use {high:g} or less"
        raise refuse(f"is {value}, which is out of range", remedy)


class Flag(Strict):
    """true or false."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if isinstance(value, Substituted) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        if not isinstance(value, bool):
            raise refuse(f"must be true or false, not {kind_of(value)}", "Write true or false, without quotes")
        return value


class TextList(Strict):
    """A list of strings, as a tuple; `check` runs on each and faults carry the index."""

    def __init__(
        self,
        *,
        check: Check | None = None,
        choices: Sequence[str] = (),
        filled: bool = False,
        bare: bool = False,
        **kwargs: Any,
    ) -> None:
        self.item = Text(check=check, choices=choices, filled=True)
        self.filled, self.bare = filled, bare
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str, ...]:
        if isinstance(value, str) and self.bare:
            value = [value]
        if isinstance(value, str):
            raise refuse("must be a list, not a string", 'Put it in brackets: ["..."]')
        if not isinstance(value, (list, tuple)):
            wanted = "a string or a list of strings" if self.bare else "a list of strings"
            raise refuse(f"must be {wanted}, not {kind_of(value)}", 'Write it as ["...", "..."]')
        if self.filled and not value:
            raise refuse("is empty", self.hint or "Give it at least one value or remove the line")
        result: list[str] = []
        faults: dict[int, Any] = {}
        for index, item in enumerate(value):
            try:
                result.append(self.item.deserialize(item))
            except ValidationError as error:
                faults[index] = error.messages
        if faults:
            raise ValidationError(faults)
        return tuple(result)


class TextMap(Strict):
    """A table of free keys; `value` reads each entry, `key` checks each name. Order is kept."""

    def __init__(self, *, value: fields.Field[Any], key: Check | None = None, **kwargs: Any) -> None:
        self.value_field, self.key_check = value, key
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise refuse(f"must be a table, not {kind_of(value)}", 'Write it as { "name" = "value" }')
        result: dict[str, Any] = {}
        faults: dict[str, Any] = {}
        for name, item in value.items():
            try:
                if self.key_check:
                    self.key_check(name)
                result[name] = self.value_field.deserialize(item)
            except ValidationError as error:
                faults[name] = error.messages
        if faults:
            raise ValidationError(faults)
        return result


class Scalar(Strict):
    """Any string, number or boolean, as written."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, (str, int, float, bool)):
            raise refuse(f"must be a string, a number or a boolean, not {kind_of(value)}", "Write one value")
        return str(value) if isinstance(value, str) else value


class Section(fields.Nested):
    """A table of its own, `[name]`, or with many=True a list of tables, `[[name]]`; lists become tuples."""

    def __init__(self, schema: type[Schema], *, header: str, many: bool = False, **kwargs: Any) -> None:
        self.header = header
        super().__init__(schema, many=many, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if self.many:
            if not isinstance(value, list):
                raise refuse(f"must be a list of tables, not {kind_of(value)}", f"Write [[{self.header}]]")
            return tuple(super()._deserialize(value, *args, **kwargs))
        if not isinstance(value, Mapping):
            raise refuse(f"must be a table, not {kind_of(value)}", f"Write [{self.header}]")
        return super()._deserialize(value, *args, **kwargs)
