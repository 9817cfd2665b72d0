"""Facts about a model family, so that "this model refuses temperature" is data and never an `if` in a writer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(slots=True, frozen=True)
class Profile:
    """What a writer must know of the target model.

    `max_tokens_field` the chat dialect's name of the limit; `drop` top-level request fields (in the target
    dialect's spelling) the model refuses; `max_output_tokens` a cap on what may be asked; `default_max_tokens`
    used where the dialect requires a limit and the client gave none; `thinking` how the model takes thinking:
    "none" (refuses every thinking field), "budget" (tokens), "level" (words), "effort" (OpenAI reasoning_effort),
    "adaptive" (Anthropic adaptive + effort); `thinking_default` the budget asked for when the client said nothing
    (-1 dynamic, None: say nothing, 0: switch off); `trailing_assistant` the model carries on a trailing
    assistant message; `carries_on` it goes on from that message in the middle of a sentence instead of answering
    anew; `developer_role` the model knows OpenAI's developer role; `json_output` the kinds of
    OutputFormat it can be told ("json": any object, "schema": a JSON Schema): for others a tool is forced on it;
    `thinking_back` the model (DeepSeek, Kimi) answers 400 to a history whose assistant messages lack its thinking;
    `draws` what a model that answers in pictures can be told of them: "aspect" (ratio), "size" (resolution).
    """

    max_tokens_field: str = "max_tokens"
    drop: tuple[str, ...] = ()
    max_output_tokens: int | None = None
    default_max_tokens: int = 8192
    thinking: Literal["none", "budget", "level", "effort", "adaptive"] = "none"
    thinking_default: int | None = None
    trailing_assistant: bool = True
    carries_on: bool = False
    developer_role: bool = False
    json_output: tuple[str, ...] = ("json", "schema")
    thinking_back: bool = False
    draws: tuple[str, ...] = ()
