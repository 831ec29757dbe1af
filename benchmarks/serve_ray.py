"""Ray Serve's answer to the calls of `serve.ts`, with its batching. Says on stdout that it listens."""

from __future__ import annotations

import os
import socket
import sys
import time

import ray
from ray import serve
from serve_tagger import EXAMPLE, tags_of_all
from starlette.requests import Request
from starlette.responses import Response

MOST = 64


@serve.deployment(max_ongoing_requests=256, ray_actor_options={"num_cpus": 1})
class Tagger:
    def __init__(self) -> None:
        tags_of_all([EXAMPLE], MOST)

    @serve.batch(max_batch_size=MOST, batch_wait_timeout_s=0.002)
    async def tag(self, sentences: list[bytes]) -> list[bytes]:
        return tags_of_all(sentences, MOST)

    async def __call__(self, request: Request) -> Response:
        return Response(await self.tag(await request.body()), media_type="application/octet-stream")


if __name__ == "__main__":
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = os.pathsep.join([os.environ.get("PYTHONPATH", ""), os.path.dirname(os.path.abspath(__file__))])
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="error",
        runtime_env={"env_vars": {"PYTHONPATH": paths, "JAX_PLATFORMS": "cpu"}},
    )
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    serve.run(
        Tagger.bind(), route_prefix="/tag", logging_config={"enable_access_log": False, "log_level": "ERROR"}
    )
    print(f"http://127.0.0.1:{port}/tag", flush=True)
    while True:
        time.sleep(3600)
    sys.exit(0)
