"""Any backend: it speaks HTTP, knows nothing of Watchword, and reads who asks in one field."""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Api(BaseHTTPRequestHandler):
    """Says who asks it for what."""

    def do_GET(self) -> None:
        content = f"{self.path} for {self.headers.get('Remote-User', 'anybody')}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """nginx keeps the log."""


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Api) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
