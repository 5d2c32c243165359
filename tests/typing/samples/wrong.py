"""What type checkers must find: each line but the first of its kind is wrong, and says with which code."""

from __future__ import annotations

from library import full

from watchword.edge import asgi, flask, wsgi

asgi.Authenticated(full, role="clerk")  # type: ignore[call-arg]
flask.Authenticated(full, max_age="soon")  # type: ignore[arg-type]
wsgi.Authenticated("https://auth.example.com")  # type: ignore[arg-type]
full.asgi(full)  # type: ignore[arg-type]
