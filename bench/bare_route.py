"""The floor under every answer: a Litestar route that reads a form and answers a document, on the server that we use.

`python -m bench.bare_route PORT` serves it in process by uvicorn, exactly as `app/server/serve.py` does.
"""

import asyncio
import sys

import uvicorn
import uvloop
from litestar import Litestar, Request, Response, post
from litestar.datastructures import State

from app.server.connections import BoundedProtocol

DOCUMENT = b"<?xml version='1.0'?>" + b"<answer>region</answer>" * 20


@post("/", status_code=200)
async def regions(request: Request[None, None, State]) -> Response[bytes]:
    await request.body()
    return Response(DOCUMENT, media_type="text/xml")


async def main(port: int) -> None:
    config = uvicorn.Config(
        Litestar([regions], openapi_config=None, logging_config=None),
        http=BoundedProtocol,
        ws="none",
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1])))
