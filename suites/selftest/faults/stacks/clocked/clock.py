"""Answers every connection with the time of day and the monotonic time, as this process sees them."""

import http.server
import time


class Clock(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = f"{time.time()} {time.monotonic()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


http.server.ThreadingHTTPServer(("", 8080), Clock).serve_forever()
