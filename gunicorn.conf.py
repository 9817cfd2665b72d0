"""gunicorn's settings for `gunicorn -c gunicorn.conf.py app:app`, made from dragoman.toml in gateway/web/server.py."""

from gateway.web.server import *  # noqa: F403
