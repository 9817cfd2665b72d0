"""Who wins (docs/configuration.md, "Which model answers"): from the name a client asked for to the seats to try.

exact map > wildcard map > an upstream that serves the name > preset > builtin alias > tool names > under
/openai/v1 and /anthropic/v1 what the name contains > `[models] default` > model_not_found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from gateway.accounts.rota import Seat
from gateway.canon.dialogue import PictureWish
from gateway.config.model import Models
from gateway.config.presets import BUILTIN, PRESETS
from gateway.routing.patterns import best_match, matches
from gateway.routing.picture_names import picture_name

LONGEST_NAME = 512
LISTED = "models/"
"""How names begin in Gemini's model list; clients of other protocols paste them as they are."""
TOOL_WORDS = (("claude", "claude"), ("gpt", "codex"), ("gemini", "gemini"))


@dataclass(slots=True, frozen=True)
class Serving:
    """What the router knows of one upstream.

    `models` the operator's patterns; `families` the kind's own, used where `models` is empty; `tool` the command-line
    tool it runs ("" for others) and whether it is the `default` one; `takes_all` for the embedded model, which
    answers to every name.
    """

    name: str
    models: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    priority: int = 0
    tool: str = ""
    default: bool = False
    takes_all: bool = False


@dataclass(slots=True)
class Route:
    """`tiers` are tried in order, the seats of one tier are equal. `rule` says who won, `steps` how it came to that,
    `picture` what the asked name says of pictures."""

    asked: str
    rule: str
    tiers: list[list[Seat]]
    steps: list[str] = field(default_factory=list)
    picture: PictureWish | None = None

    @property
    def model(self) -> str:
        """The first target, before any attempt has been made."""
        return self.tiers[0][0].model

    def seats(self) -> list[Seat]:
        return [seat for tier in self.tiers for seat in tier]


class _Steps(list[str]):
    """How a decision came about. `by_list`: a provider's own list was asked, which may say something else later."""

    by_list = False


class UnknownModel(Exception):
    """Nobody serves the name. `reason` is a sentence for the client, `steps` for `dragoman explain`."""

    def __init__(self, reason: str, steps: list[str]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.steps = steps


Listed = Callable[[str, str], bool | None]
"""(upstream, model) -> whether the provider's own list holds it; None when the list could not be read."""


class Router:
    """Decides; immutable. `listed` may ask a provider's list and is only called for upstreams without patterns."""

    def __init__(self, models: Models, servings: Iterable[Serving], listed: Listed) -> None:
        self._models = models
        self._servings = list(servings)
        self._by_name = {serving.name: serving for serving in self._servings}
        self._listed = listed
        self._cache: dict[tuple[str, str], Route] = {}
        self.has_tools = any(serving.tool for serving in self._servings)

    def route(self, asked: str, mount: str = "") -> Route:
        """The route for a name; `mount` is the prefix the client used ("/openai", "/anthropic", "/gemini" or "").

        Raises UnknownModel.
        """
        known = self._cache.get((asked, mount))
        if known is None:
            steps = _Steps()
            _refuse_odd(asked, steps)
            known = self._decide(asked, mount, steps)
            if len(self._cache) < 4096 and not steps.by_list:
                self._cache[asked, mount] = known
        return known

    def passed_over(self, route: Route) -> dict[str, str]:
        """The upstreams that are not part of `route`, each with the reason."""
        chosen, name = {seat.upstream for seat in route.seats()}, route.asked
        reasons = {}
        for serving in self._servings:
            if serving.name in chosen:
                continue
            patterns = serving.models or (() if serving.tool else serving.families)
            if self._serves(serving, name, _Steps()):
                reasons[serving.name] = f"it serves {name!r}, but {route.rule} comes first"
            elif patterns:
                reasons[serving.name] = f"{name!r} is none of its models ({', '.join(patterns)})"
            elif serving.tool:
                reasons[serving.name] = f"it answers to {serving.tool!r} and '{serving.tool}/MODEL'"
            else:
                reasons[serving.name] = f"{name!r} is not in its own model list"
        return reasons

    def pinned(self, upstream: str, model: str) -> Route:
        """The route to one upstream, for agents and `upstream/model` names."""
        return Route(model, f"pinned to {upstream}", [[Seat(upstream, model)]])

    def _decide(self, asked: str, mount: str, steps: _Steps) -> Route:
        for serving in self._servings:
            if serving.takes_all:
                return Route(asked, "demonstration model (no account is configured)", [[Seat(serving.name, asked)]])
        mapped = best_match(self._models.map, asked)
        if mapped is not None:
            rule = f"{'exact' if mapped == asked else 'wildcard'} map {mapped!r}"
            return self._chain(asked, rule, self._models.map[mapped], steps)
        bare, picture = picture_name(asked)
        if picture is not None and not any(asked in serving.models for serving in self._servings):
            steps.append(f"{asked!r} asks {bare!r} for a picture of that form")
            route = self._decide(bare, mount, steps)
            return replace(route, asked=asked, picture=picture)
        tiers = self._served(asked, steps)
        if tiers:
            return Route(asked, steps[-1], tiers, steps)
        if asked.startswith(LISTED) and asked != LISTED:
            return replace(self._decide(asked.removeprefix(LISTED), mount, steps), asked=asked)
        for rule, table in (
            (f"preset {self._models.preset!r}", PRESETS.get(self._models.preset, {})),
            ("builtin alias", BUILTIN if self._models.builtin else {}),
        ):
            pattern = best_match(table, asked)
            if pattern is not None:
                found = self._served(table[pattern], steps)
                if found:
                    return Route(asked, f"{rule} {pattern!r} -> {table[pattern]!r}", found, steps)
                steps.append(f"{rule} {pattern!r} -> {table[pattern]!r}, which no upstream serves")
        tool = self._tool(asked, mount)
        if tool is not None:
            return Route(asked, tool[2], [[Seat(tool[0].name, tool[1])]], steps)
        if self._models.default:
            return self._chain(asked, "[models] default", (self._models.default,), steps)
        last_resort = [
            Seat(serving.name, asked)
            for serving in self._servings
            if not serving.models
            and not serving.families
            and not serving.tool
            and self._listed(serving.name, asked) is None
        ]
        if last_resort:
            return Route(asked, "an upstream whose model list could not be read", [last_resort], steps)
        raise UnknownModel(self._regret(asked), steps)

    def _chain(self, asked: str, rule: str, targets: Sequence[str], steps: _Steps) -> Route:
        tiers: list[list[Seat]] = []
        for target in targets:
            found = self._served(target, steps) or self._by_tool_name(target)
            if not found:
                steps.append(f"{rule} -> {target!r}, which no upstream serves")
            tiers.extend(found)
        if not tiers:
            raise UnknownModel(
                f"The model {asked!r} is mapped to {', '.join(map(repr, targets))}, "
                "which no configured upstream serves. Correct [models] or add an upstream that serves it.",
                steps,
            )
        return Route(asked, rule, tiers, steps)

    def _served(self, name: str, steps: _Steps) -> list[list[Seat]]:
        """Tiers by priority of the upstreams that serve `name`; `upstream/model` pins where such an upstream exists."""
        upstream, slash, model = name.partition("/")
        if slash and model and upstream in self._by_name:
            steps.append(f"{name!r} pins the upstream {upstream!r}")
            return [[Seat(upstream, model)]]
        by_priority: dict[int, list[Seat]] = {}
        for serving in self._servings:
            why = self._serves(serving, name, steps)
            if why:
                steps.append(f"{serving.name} serves {name!r} ({why})")
                by_priority.setdefault(serving.priority, []).append(Seat(serving.name, name))
        return [by_priority[priority] for priority in sorted(by_priority)]

    def _serves(self, serving: Serving, name: str, steps: _Steps) -> str:
        if serving.models:
            pattern = best_match(serving.models, name)
            return f"models = {pattern!r}" if pattern is not None else ""
        if serving.tool:
            return ""
        if any(matches(pattern, name) for pattern in serving.families):
            return "a model family of this kind"
        steps.by_list = True
        return "its own model list" if self._listed(serving.name, name) else ""

    def _by_tool_name(self, name: str) -> list[list[Seat]]:
        """`tool` asks the tool for the model it is set to, `tool/model` for that one."""
        word, slash, model = name.partition("/")
        if slash and not model:
            return []
        return [[Seat(each.name, model or name)] for each in self._servings if each.tool and each.tool == word]

    def _tool(self, asked: str, mount: str) -> tuple[Serving, str, str] | None:
        """(the tool, the model to ask it for, why). A name that only resembles a tool's is none of its models'."""
        tools = [serving for serving in self._servings if serving.tool]
        for tier in self._by_tool_name(asked):
            return self._by_name[tier[0].upstream], tier[0].model, f"tool name {asked!r}"
        if mount not in ("/openai", "/anthropic"):
            return None
        for word, tool in TOOL_WORDS:
            if word in asked:
                for serving in tools:
                    if serving.tool == tool:
                        return serving, serving.tool, f"the name contains {word!r}"
        for serving in tools:
            if serving.default:
                return serving, serving.tool, "the tool marked default"
        return None

    def _regret(self, asked: str) -> str:
        serving = ", ".join(
            f"{each.name} ({', '.join(each.models or each.families) or each.tool or 'its own list'})"
            for each in self._servings
        )
        return (
            f"The model {asked!r} is served by no configured upstream. Configured: {serving or 'none'}. "
            "GET /v1/models lists what can be asked; [models.map] in the configuration can map the name to one of them."
        )


def _refuse_odd(asked: str, steps: list[str]) -> None:
    """Names that no provider has but that would lead elsewhere inside a URL, a header or a log."""
    if len(asked) > LONGEST_NAME:
        raise UnknownModel(f"A model name of {len(asked)} characters is too long.", steps)
    if not asked.isprintable() or any(segment in (".", "..") for segment in asked.split("/")):
        raise UnknownModel(f"{asked!r} is not a model name.", steps)
