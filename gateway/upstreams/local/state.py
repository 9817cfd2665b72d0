"""The state file: what the supervisor tells the workers on this machine. It holds a key: its mode is 0600."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from gateway.upstreams.local.model import NAME

Status = Literal["starting", "ready", "restarting", "failed"]
STATUSES: tuple[Status, ...] = ("starting", "ready", "restarting", "failed")


@dataclass(frozen=True, slots=True)
class State:
    """`port`, `key` and `pid` (of the model process) are set only while `status` is "ready"."""

    status: Status
    port: int = 0
    key: str = field(default="", repr=False)
    model: str = NAME
    pid: int = 0
    message: str = ""


def write(path: Path, state: State) -> None:
    """Replaces `path` in one step: a reader sees the old state or the new, never a part. Raises OSError."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as opened:
        json.dump(asdict(state), opened)
    os.replace(draft, path)


def read(path: Path) -> State | None:
    """None when there is no file or it is not a state file."""
    try:
        fields = json.loads(path.read_bytes())
        status = fields["status"]
        if status not in STATUSES:
            return None
        return State(
            status=status,
            port=int(fields["port"]),
            key=str(fields["key"]),
            model=str(fields["model"]),
            pid=int(fields["pid"]),
            message=str(fields["message"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
