"""Embeddings in the common language: texts in, vectors out."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.canon.dialogue import Loss


@dataclass(slots=True)
class EmbeddingRequest:
    """`inputs` are texts, or arrays of a model's own tokens. `single`: the client asked for one and not for a list.
    `dimensions` None where it said nothing; `base64`: it wants little-endian float32 as base64."""

    inputs: list[str | list[int]]
    single: bool = False
    dimensions: int | None = None
    base64: bool = False
    losses: list[Loss] = field(default_factory=list)


@dataclass(slots=True)
class Embeddings:
    """One vector an input, in order; `tokens` None when the provider told no usage."""

    vectors: list[list[float]]
    tokens: int | None = None
