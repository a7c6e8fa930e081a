"""A server that dies at a named point: `python -m tests.crash.doomed_server POINT STATE HOST:PORT`."""

import os
import sys

from app import settings
from app.server.serve import serve
from tests.crash.points import doomed


def main(point: str, state: str, listen: str) -> None:
    flags = {"state_dir": state, "listen": listen, "rehearse": "none"}
    given = settings.load(flags, os.environ)
    serve(given, lambda url: print(f"ready {url}", flush=True), lambda: given, doomed(point))


if __name__ == "__main__":
    main(*sys.argv[1:])
