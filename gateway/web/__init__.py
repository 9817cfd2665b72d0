"""The only room that speaks WSGI: blueprints, client keys, bodies in, bytes out, the worker, the server's settings."""
