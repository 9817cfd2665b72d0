"""Where a request goes: the only room that imports requests or subprocess.

`transport` HTTP/1.1, `upstream` one configured provider, `kinds` one file a kind of provider, `local` the embedded
model, `cli` command-line assistants, `code_assist` the envelope of Gemini Code Assist, `fetch` remote media.
"""
