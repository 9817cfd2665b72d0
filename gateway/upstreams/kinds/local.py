"""The embedded model on this machine: an OpenAI-compatible server that the gateway itself keeps running."""

from __future__ import annotations

from gateway.config.model import Upstream as Settings
from gateway.upstreams.local.address import LocalModel
from gateway.upstreams.local.model import NAME
from gateway.upstreams.local.start import STATE_FILE
from gateway.upstreams.upstream import Operation, Surroundings, Upstream

_PATHS: dict[str, str] = {"models": "/v1/models", "embed": "/v1/embeddings", "embed_batch": "/v1/embeddings"}
_LOADING_S = 20.0


class Local(Upstream):
    kind = "local"
    dialect = "chat"
    families = (NAME,)
    free = True

    def __init__(self, settings: Settings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._model = LocalModel(surroundings.data_dir / STATE_FILE)

    def bases(self) -> tuple[str, ...]:
        address = self._model.current()
        if address is None and self._model.status()[0] in ("starting", "restarting"):
            address = self._model.wait_ready(_LOADING_S)
        return () if address is None else (f"http://{address.host}:{address.port}",)

    def url(self, base: str, operation: Operation, model: str) -> str:
        return base + _PATHS.get(operation, "/v1/chat/completions")

    def credentials(self, secret: str) -> dict[str, str]:
        return {}

    def headers_for(self, secret: str) -> dict[str, str]:
        address = self._model.current()
        return {**super().headers_for(""), **({"Authorization": f"Bearer {address.key}"} if address else {})}

    def available(self) -> str | None:
        status, message = self._model.status()
        return None if status == "ready" else message


UPSTREAM = Local
