"""Model lists: OpenAI's shapes."""

from __future__ import annotations

from gateway.protocols.openai_models import read_models, write_model, write_models

__all__ = ["read_models", "write_model", "write_models"]
