"""Gemini Code Assist: the v1internal envelope around Gemini, and which project an account works in."""
