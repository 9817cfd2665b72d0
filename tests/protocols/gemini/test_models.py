import json

from gateway.canon.models import ModelInfo
from gateway.protocols.gemini import DIALECT


def test_list_and_entry():
    model = ModelInfo("gemini-2.5-pro", display_name="Pro", input_limit=1048576, output_limit=65536)
    entry = json.loads(DIALECT.write_model(model))
    assert json.loads(DIALECT.write_models([model])) == {"models": [entry]}
    assert entry == {
        "name": "models/gemini-2.5-pro",
        "version": "001",
        "displayName": "Pro",
        "description": "",
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "temperature": 1.0,
        "topP": 0.95,
        "topK": 64,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }
    assert json.loads(DIALECT.write_model(ModelInfo("x")))["inputTokenLimit"] == 128000


def test_a_provider_page():
    page = {
        "models": [
            {"name": "models/a", "displayName": "A", "inputTokenLimit": 5},
            {"name": 7},
            None,
            {"name": "models/"},
            {"name": "tunedModels/t"},
        ],
        "nextPageToken": "a/b=",
    }
    models, query = DIALECT.read_models(page)
    assert [model.id for model in models] == ["a", "tunedModels/t"] and query == "pageToken=a%2Fb%3D"
    assert models[0] == ModelInfo("a", "google", display_name="A", input_limit=5)
    for nothing in (None, [], {}, {"models": None}, {"models": 5}):
        assert DIALECT.read_models(nothing) == ([], "")
