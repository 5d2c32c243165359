"""A third party for the example: an API that takes one key, and says about every other what APIs say.

Its refusals have everything that must not reach the user's browser as if we had said it: a status 401, a challenge by
which browsers open a window, and a cookie.
"""

from __future__ import annotations

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD_KEY = "sk-live-sunny-weather-4711"
FORECAST = {"city": "Vienna", "sky": "clear", "degrees": 23}


class Weather(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.headers["Authorization"] != f"Bearer {GOOD_KEY}":
            self.answer(
                401,
                {"message": "Bad credentials"},
                ("WWW-Authenticate", 'Basic realm="Weather"'),
                ("Set-Cookie", "weather=1; Path=/"),
            )
        elif self.path == "/v1/account":
            self.answer(200, {"plan": "free"})
        elif self.path == "/v1/forecast":
            self.answer(200, FORECAST)
        else:
            self.answer(404, {"message": "Not Found"})

    def answer(self, status: int, content: dict[str, object], *fields: tuple[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *fields):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Who asks tells of it."""


def main(port: int) -> None:
    with ThreadingHTTPServer(("127.0.0.1", port), Weather) as server:
        server.daemon_threads = True
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
