"""A Moonraker that only says what it prints: `fake_moonraker.py PORT STATE [FILE]`.

STATE is that of print_stats, or `locked`: it wants a login. With FILE it is idle until
there is that file.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Answers every question in the same way."""

    def do_POST(self) -> None:
        """Read the question and answer it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        idle = any(not Path(name).exists() for name in sys.argv[3:])
        state = "standby" if idle else sys.argv[2]
        result = {
            "klippy_connected": True,
            "components": [],
            "failed_components": [],
            "status": {"print_stats": {"state": state, "filename": "benchy.gcode"}},
        }
        answer: dict[str, object] = {"result": result}
        if sys.argv[2] == "locked":
            answer = {"error": {"code": 401, "message": "Unauthorized"}}
        data = json.dumps({"jsonrpc": "2.0", "id": 1} | answer).encode()
        self.send_response(401 if "error" in answer else 200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        """Let a test see that it is there."""
        self.send_response(200)
        self.end_headers()


HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
