"""Configuration: `load` reads every source and returns a valid `Config`, or raises `ConfigError`.

Importing this package costs the standard library only; marshmallow and python-dotenv are imported while a
configuration is read.
"""

from gateway.config.load import load
from gateway.config.model import Config
from gateway.config.problems import ConfigError, Problem

__all__ = ["Config", "ConfigError", "Problem", "load"]
