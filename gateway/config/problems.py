"""What is wrong with a configuration: where, what, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `path` is a TOML path (`upstreams[1].accounts[0].api_key`), a file or an environment name.

    No field ever holds a secret's value.
    """

    path: str
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        text = f"{self.path}: {self.message}" if self.path else self.message
        return f"{text}. {self.remedy}" if self.remedy else text


class ConfigError(Exception):
    """The configuration cannot be used; `problems` has every fault that was found, in file order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: list[Problem] = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
