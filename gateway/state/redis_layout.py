"""How entries lie in Redis, and the commands that write and read them.

An entry is one string with Redis's own expiry. So that a scan finds its keys in order without looking at all others,
each space has a sorted set of its keys (equal scores, hence ordered by bytes, which is code point order), and one
sorted set has the keys that will expire, by when: what Redis has let go is swept from the sets by it.
https://redis.io/docs/latest/develop/data-types/sorted-sets/#lexicographical-scores
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from gateway.state.operation import Operation
from gateway.state.store import Key, upper_bound

Row = tuple[bytes | None, float | None]
"""Value and expiry (unix seconds)."""

ASKED_AT_ONCE = 500
LATER_S = 60
"""When an entry is looked at again that lives longer than it should by the clock of this machine."""

_WRITE = """
local prefix, channel, told = ARGV[1], ARGV[2], {ARGV[3]}
local expiring, results = prefix .. 'expiring', {}
for at = 4, #ARGV, 8 do
  local space, key, condition, expected = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local kind, value, lives, expires = ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], ARGV[at + 7]
  local name, index, member = prefix .. 'v:' .. space .. ':' .. key, prefix .. 'i:' .. space, space .. '\\0' .. key
  local holds = true
  if condition == 'absent' then
    holds = redis.call('EXISTS', name) == 0
  elseif condition == 'equal' then
    holds = redis.call('GET', name) == expected
  end
  if holds then
    if kind == 'delete' then
      redis.call('DEL', name)
      redis.call('ZREM', index, key)
      redis.call('ZREM', expiring, member)
    elseif lives == '' then
      redis.call('SET', name, value)
      redis.call('ZADD', index, 0, key)
      redis.call('ZREM', expiring, member)
    else
      redis.call('SET', name, value, 'PX', lives)
      redis.call('ZADD', index, 0, key)
      redis.call('ZADD', expiring, expires, member)
    end
    told[#told + 1] = space
    told[#told + 1] = key
  end
  results[#results + 1] = holds and 1 or 0
end
if #told > 1 then
  redis.call('PUBLISH', channel, table.concat(told, '\\0'))
end
return results
"""
_WRITE_NAME = hashlib.sha1(_WRITE.encode(), usedforsecurity=False).hexdigest()

_SWEEP = """
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(due) do
  local at = string.find(name, '\\0', 1, true)
  local space, key = string.sub(name, 1, at - 1), string.sub(name, at + 1)
  if redis.call('EXISTS', ARGV[4] .. 'v:' .. space .. ':' .. key) == 1 then
    redis.call('ZADD', KEYS[1], ARGV[3], name)
  else
    redis.call('ZREM', ARGV[4] .. 'i:' .. space, key)
    redis.call('ZREM', KEYS[1], name)
  end
end
return #due
"""


class Layout:
    """`origin` names the process that writes, so that it can pass over its own announcements."""

    def __init__(self, prefix: str, db: int, origin: str) -> None:
        self._prefix = prefix
        self._origin = origin.encode()
        self._expiring = f"{prefix}expiring"
        self.channel = f"{prefix}changes:{db}"  # channels are the server's, not a database's
        self.format = f"{prefix}format"

    def write(self, client: Any, operations: Sequence[Operation], now: float) -> None:
        """Applies them all or none, each with its `result`, and announces them."""
        import redis

        words: list[Any] = [self._prefix, self.channel, self._origin]
        for each in operations:
            expires_at = each.expires_at
            gone = each.value is None or (expires_at is not None and expires_at <= now)
            words += (
                each.key[0],
                each.key[1].encode("utf-8", "surrogatepass"),
                "" if not each.conditional else "absent" if each.expected is None else "equal",
                each.expected or b"",
                "delete" if gone else "",
                each.value or b"",
                "" if expires_at is None else max(round((expires_at - now) * 1000), 1),
                expires_at or 0.0,
            )
        try:
            results = client.evalsha(_WRITE_NAME, 0, *words)
        except redis.exceptions.NoScriptError:  # a server that was started anew
            results = client.eval(_WRITE, 0, *words)
        for each, result in zip(operations, results, strict=True):
            each.result = bool(result)

    def read(self, client: Any, space: str, keys: Sequence[str]) -> dict[str, Row]:
        """Those that exist."""
        found: dict[str, Row] = {}
        for at in range(0, len(keys), ASKED_AT_ONCE):
            some = keys[at : at + ASKED_AT_ONCE]
            names = [self._value(space, key) for key in some]
            pipe = client.pipeline(transaction=False)
            pipe.mget(names)
            for name in names:
                pipe.pttl(name)
            values, *left_ms = pipe.execute()
            now = time.time()
            for key, value, left in zip(some, values, left_ms, strict=True):
                if value is not None and left != -2:
                    found[key] = (value, None if left == -1 else now + left / 1000)
        return found

    def page(self, client: Any, space: str, prefix: str, after: str | None, count: int) -> list[str]:
        """Up to `count` keys above `after`."""
        begin = f"[{prefix}" if after is None else f"({after}"
        bound = upper_bound(prefix)
        end = "+" if bound is None else f"({bound}"
        keys = client.zrangebylex(self._index(space), begin, end, start=0, num=count)
        return [key.decode("utf-8", "surrogatepass") for key in keys]

    def sweep(self, client: Any, now: float, count: int) -> int:
        """How many were looked at, `count` at most."""
        return int(client.eval(_SWEEP, 1, self._expiring, now, count, now + LATER_S, self._prefix))

    def heard(self, announcement: bytes) -> list[Key]:
        """The keys that another process has changed; none when it was this one."""
        origin, _, rest = announcement.partition(b"\0")
        if origin == self._origin:
            return []
        try:
            words = rest.decode("utf-8", "surrogatepass").split("\0")
        except UnicodeDecodeError:  # somebody else's message
            return []
        return list(zip(words[::2], words[1::2], strict=False))

    def _value(self, space: str, key: str) -> str:
        return f"{self._prefix}v:{space}:{key}"

    def _index(self, space: str) -> str:
        return f"{self._prefix}i:{space}"
