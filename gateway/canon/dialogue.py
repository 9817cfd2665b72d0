"""A Dialogue: everything one request asks, in the common language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.canon.parts import Extras, Part

Role = Literal["system", "developer", "user", "assistant"]


@dataclass(slots=True)
class Turn:
    """One turn. Tool results are parts of a `user` turn; results of one round stand together in one turn.

    System and developer turns stand where the client put them, first or in the middle.
    """

    role: Role
    parts: list[Part]
    name: str | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(slots=True)
class Tool:
    """A tool definition. `function`: JSON Schema `parameters`; `custom`: free text in, `raw` holds its format;

    `builtin`: the provider runs it itself; `name` is the common word ("web_search", "code_execution", ...) and
    `raw` the dialect's own definition, `dialect` its owner.
    """

    kind: Literal["function", "custom", "builtin"]
    name: str
    description: str | None = None
    parameters: Any = None
    strict: bool | None = None
    dialect: str | None = None
    raw: dict[str, Any] | None = None
    extras: Extras = field(default_factory=dict)


@dataclass(slots=True)
class ToolChoice:
    """`one` uses names[0]; `allowed` limits to `names`, with `required` saying whether a call must be made."""

    mode: Literal["none", "auto", "required", "one", "allowed"]
    names: list[str] = field(default_factory=list)
    required: bool = False


@dataclass(slots=True)
class Knobs:
    """Sampling and limits, None where the client said nothing."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: list[str] = field(default_factory=list)
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


@dataclass(slots=True)
class ThinkingWish:
    """What the client said about thinking; None in Dialogue where it said nothing.

    `mode`: off, on (with `budget` tokens or `effort`), adaptive (the model decides). `effort` is one of
    "none", "minimal", "low", "medium", "high", "xhigh", "max". `budget` -1 is "dynamic" (Gemini).
    `shown` False: the client asked for the thinking text to be left out. `summary` is Responses' summary wish.
    """

    mode: Literal["off", "on", "adaptive"] = "on"
    budget: int | None = None
    effort: str | None = None
    shown: bool | None = None
    summary: str | None = None


@dataclass(slots=True)
class OutputFormat:
    """`json`: any JSON object; `schema`: JSON Schema in `schema`."""

    kind: Literal["text", "json", "schema"]
    schema: Any = None
    name: str | None = None
    strict: bool | None = None
    description: str | None = None


@dataclass(slots=True)
class PictureWish:
    """What a picture that is to be drawn should be like, None where the client said nothing.

    `size` "1024x1536" or a ratio "2:3"; `quality` OpenAI's words ("standard", "hd", "medium", ...); `resolution` "1K",
    "2K", "4K"; `people` who may be in it. `said` are the client's own fields.
    """

    size: str | None = None
    quality: str | None = None
    resolution: str | None = None
    people: str | None = None
    said: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Dialogue:
    model: str
    turns: list[Turn]
    stream: bool = False
    include_usage: bool = False
    knobs: Knobs = field(default_factory=Knobs)
    tools: list[Tool] = field(default_factory=list)
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    thinking: ThinkingWish | None = None
    output: OutputFormat | None = None
    picture: PictureWish | None = None
    verbosity: str | None = None
    modalities: list[str] = field(default_factory=list)
    user: str | None = None
    cache_key: str | None = None
    service_tier: str | None = None
    extras: Extras = field(default_factory=dict)
    """Top-level fields the reader does not understand, under its own dialect's name."""


@dataclass(slots=True, frozen=True)
class Loss:
    """Something the client said that the target dialect or model cannot carry. `path` is the client's JSON path;
    `harmless` when the answer is the same without it (bookkeeping such as `store` or `metadata`)."""

    path: str
    reason: str
    harmless: bool = False
