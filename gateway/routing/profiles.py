"""Shipped facts about model families, most specific pattern first; `[[models.profiles]]` overrides them.

Sources: https://ai.google.dev/gemini-api/docs/thinking (which Gemini models think and how they are told),
https://platform.openai.com/docs/guides/reasoning (max_completion_tokens, refused sampling fields),
https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking,
https://docs.anthropic.com/en/docs/build-with-claude/prompt-engineering/prefill-claudes-response (who carries on),
https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs (which Claude models take a schema),
https://api-docs.deepseek.com/guides/json_mode,
https://api-docs.deepseek.com/guides/thinking_mode and https://platform.kimi.ai/docs (whose thinking must come back),
https://ai.google.dev/gemini-api/docs/image-generation (imageSize from Gemini 3 on); the defaults of behaviours A2-K1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from gateway.canon.profile import Profile
from gateway.config.model import Profile as Override
from gateway.routing.patterns import matches

_REASONING_DROPS = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs")
_OPENAI_REASONING = Profile(
    max_tokens_field="max_completion_tokens", drop=_REASONING_DROPS, thinking="effort", developer_role=True
)
_OPENAI = Profile(developer_role=True)
_THINKING_KIMI = Profile(thinking_back=True)
_PLAIN_GEMINI = Profile(max_output_tokens=65536)
_THINKING_GEMINI = Profile(max_output_tokens=65536, thinking="budget", thinking_default=-1)
_LEVEL_GEMINI = Profile(max_output_tokens=65536, thinking="level", thinking_default=-1)
_CLAUDE = Profile(
    max_output_tokens=64000, default_max_tokens=8192, thinking="budget", carries_on=True, json_output=("schema",)
)
_FIRST_CLAUDE_4 = replace(_CLAUDE, json_output=())
_OLD_CLAUDE = Profile(max_output_tokens=8192, default_max_tokens=4096, carries_on=True, json_output=())
_ADAPTIVE_CLAUDE = Profile(
    max_output_tokens=128000,
    default_max_tokens=8192,
    thinking="adaptive",
    trailing_assistant=False,
    json_output=("schema",),
)

FACTS: tuple[tuple[str, Profile], ...] = (
    ("gpt-5-chat*", _OPENAI),
    ("gpt-5*-chat*", _OPENAI),
    ("gpt-5*", _OPENAI_REASONING),
    ("o1*", _OPENAI_REASONING),
    ("o3*", _OPENAI_REASONING),
    ("o4*", _OPENAI_REASONING),
    ("codex-*", _OPENAI_REASONING),
    ("gpt-4*", _OPENAI),
    ("chatgpt-*", _OPENAI),
    ("gpt-oss*", Profile(thinking="effort")),
    ("deepseek-r1*", Profile(json_output=("json",))),
    ("deepseek-*", Profile(json_output=("json",), thinking_back=True)),
    ("kimi-k2-thinking*", _THINKING_KIMI),
    ("kimi-k2.*", _THINKING_KIMI),
    ("kimi-k3*", _THINKING_KIMI),
    ("kimi-for-coding*", _THINKING_KIMI),
    ("gemini-1*", _PLAIN_GEMINI),
    ("gemini-2*image*", replace(_PLAIN_GEMINI, draws=("aspect",))),
    ("gemini-2.0*", _PLAIN_GEMINI),
    ("gemini-*image*", replace(_PLAIN_GEMINI, draws=("aspect", "size"))),
    ("gemini-*tts*", _PLAIN_GEMINI),
    ("gemini-*live*", _PLAIN_GEMINI),
    ("gemini-2.5*", _THINKING_GEMINI),
    ("gemini-3*", _LEVEL_GEMINI),
    ("gemini-*", _THINKING_GEMINI),
    ("claude-3-7*", _FIRST_CLAUDE_4),
    ("claude-3-*", _OLD_CLAUDE),
    ("claude-2*", _OLD_CLAUDE),
    ("claude-*-4-0*", _FIRST_CLAUDE_4),
    ("claude-*-4-2025*", _FIRST_CLAUDE_4),
    ("claude-*-4-5*", _CLAUDE),
    ("claude-*-4-6*", _ADAPTIVE_CLAUDE),
    ("claude-*-4-7*", _ADAPTIVE_CLAUDE),
    ("claude-*-4-8*", _ADAPTIVE_CLAUDE),
    ("claude-*-5*", _ADAPTIVE_CLAUDE),
    ("claude-*", _CLAUDE),
)

_UNKNOWN = Profile()


def profile_for(model: str, overrides: Iterable[Override] = ()) -> Profile:
    """The facts for a model name at its provider (without an upstream or `publisher/` prefix)."""
    bare = model.rpartition("/")[2]
    profile = next((facts for pattern, facts in FACTS if matches(pattern, bare)), _UNKNOWN)
    for override in overrides:
        if matches(override.match, model) or matches(override.match, bare):
            profile = _overridden(profile, override)
    return profile


def _overridden(profile: Profile, override: Override) -> Profile:
    if override.max_tokens_field:
        profile = replace(profile, max_tokens_field=override.max_tokens_field)
    if override.drop:
        profile = replace(profile, drop=(*profile.drop, *override.drop))
    if override.trailing_assistant is not None:
        profile = replace(
            profile, trailing_assistant=override.trailing_assistant, carries_on=override.trailing_assistant
        )
    if override.thinking is False:
        profile = replace(profile, thinking="none", thinking_default=None)
    elif override.thinking is True and profile.thinking == "none":
        profile = replace(profile, thinking="budget")
    if override.thinking_back is not None:
        profile = replace(profile, thinking_back=override.thinking_back)
    if override.structured_output is not None:
        profile = replace(profile, json_output=("json", "schema") if override.structured_output else ())
    return profile
