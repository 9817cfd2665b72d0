"""How a module of this package is run as a process of its own, and how such a process watches its starter."""

import os
import select
from collections.abc import Mapping, Sequence
from pathlib import Path

PARENT_CHECK_S = 2.0
_ROOT = str(Path(__file__).resolve().parents[3])


def module_command(interpreter: str, module: str, arguments: Sequence[str] = ()) -> list[str]:
    """`-P` keeps the current folder off sys.path: a stray json.py there must not be imported."""
    return [interpreter, "-P", "-m", module, *arguments]


def module_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` with PYTHONPATH leading to this gateway, wherever it was started from."""
    inherited = environ.get("PYTHONPATH", "")
    paths = [_ROOT, *(path for path in inherited.split(os.pathsep) if path and path != _ROOT)]
    return {**environ, "PYTHONPATH": os.pathsep.join(paths)}


def wait_for_end_of(fd: int, parent: int = 0) -> None:
    """Returns when the pipe `fd` has ended, or when `parent` (a pid, 0: unknown) is no longer our parent.

    The second sign is for a starter that was killed while processes it had forked still held the pipe's
    write end.
    """
    while True:
        if os.name == "posix":
            readable, _, _ = select.select([fd], [], [], PARENT_CHECK_S)
            if not readable:
                if parent and os.getppid() != parent:
                    return
                continue
        try:
            if not os.read(fd, 4096):
                return
        except OSError:
            return
