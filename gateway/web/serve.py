"""Starting the server from Python: gunicorn, or gevent's own server where gunicorn does not run (Windows)."""

from __future__ import annotations

import sys


def serve_forever() -> None:
    """Does not return."""
    if sys.platform == "win32":
        _serve_with_gevent()
    else:
        from gunicorn.app.wsgiapp import WSGIApplication

        sys.argv = ["dragoman", "-c", "python:gateway.web.server", "app:app"]
        WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]", prog="dragoman").run()


def _serve_with_gevent() -> None:
    from gevent import monkey

    monkey.patch_all()
    from gevent.pywsgi import WSGIServer

    from app import app
    from gateway.command.loading import configured

    host, _, port = configured().server.address.rpartition(":")
    WSGIServer((host.strip("[]"), int(port)), app).serve_forever()
