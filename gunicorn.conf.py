"""gunicorn's settings: `gunicorn -c gunicorn.conf.py app:app`. They come from dragoman.toml; see gateway/web/server.py."""

from gateway.web.server import *  # noqa: F403
