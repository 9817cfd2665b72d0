"""The Dockerfile as data: no Docker engine is needed to see what it copies and runs."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Stage:
    """`steps` are (instruction, argument) in order, continuation lines joined."""

    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def arguments(self, instruction: str) -> list[str]:
        return [argument for each, argument in self.steps if each == instruction]

    def copies(self) -> list[tuple[list[str], str]]:
        """(sources, target) of every COPY from the project's folder."""
        found = []
        for argument in self.arguments("COPY"):
            words = argument.split()
            if not words[0].startswith("--from"):
                found.append((words[:-1], words[-1]))
        return found

    def environment(self) -> dict[str, str]:
        return dict(re.findall(r"(\w+)=(\S+)", " ".join(self.arguments("ENV"))))


def stages() -> list[Stage]:
    """https://docs.docker.com/reference/dockerfile/"""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    found: list[Stage] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, _, argument = line.partition(" ")
        if instruction == "FROM":
            image, _, name = argument.partition(" AS ")
            found.append(Stage(image, name))
        else:
            found[-1].steps.append((instruction, argument.strip()))
    return found


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets a file of the project (relative, with slashes) get to the builder.

    The last pattern that matches a file or a folder above it wins.
    https://docs.docker.com/build/concepts/context/#dockerignore-files
    """
    sent = True
    parts = path.split("/")
    ancestors = ["/".join(parts[: number + 1]) for number in range(len(parts))]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        wanted = pattern.startswith("!")
        pattern = pattern.removeprefix("!")
        anywhere = pattern.startswith("**/")
        pattern = pattern.removeprefix("**/")
        names = parts if anywhere else ancestors
        if any(fnmatch.fnmatchcase(name, pattern) and name.count("/") == pattern.count("/") for name in names):
            sent = wanted
    return sent
