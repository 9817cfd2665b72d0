"""Embedding bodies, top level: OpenAI's, and Gemini's in both spellings."""

from __future__ import annotations

from schemas.wire import Items, Name, Object, Whole, WireSchema, required


class EmbeddingsBody(WireSchema):
    model = Name()
    encoding_format = Name()
    dimensions = Whole()
    user = Name()


class EmbedContentBody(WireSchema):
    model = Name()
    content = Object(**required("is required: the content to embed"))


class BatchEmbedContentsBody(WireSchema):
    requests = Items(**required("is required: an array of requests"))


EMBEDDINGS = EmbeddingsBody()
EMBED_CONTENT = EmbedContentBody()
BATCH_EMBED_CONTENTS = BatchEmbedContentsBody()
