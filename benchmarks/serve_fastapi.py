"""FastAPI's answer to the calls of `serve.ts`: each is computed by itself. Says on stdout that it listens."""

from __future__ import annotations

import socket
import sys

import uvicorn
from fastapi import FastAPI, Request, Response
from serve_tagger import EXAMPLE, tags_of

app = FastAPI()


@app.post("/tag")
async def tag(request: Request) -> Response:
    return Response(tags_of(await request.body()), media_type="application/octet-stream")


if __name__ == "__main__":
    tags_of(EXAMPLE)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/tag", flush=True)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    sys.exit(server.run(sockets=[listener]))
