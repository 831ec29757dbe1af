"""A cluster of Ray: joined, or started on this machine. Nobody without its token can talk to it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from ..errors import SynjaxError
from .actor import Recipe, ScoringActor
from .pool import Pool

_RESOURCES: dict[str, dict[str, Any]] = {
    "cpu": {},
    "cuda": {"num_gpus": 1},
    "tpu": {"resources": {"TPU": 1}},
}
_LOCAL = "local"


@contextlib.contextmanager
def joined(address: str) -> Iterator[Any]:
    """Ray, in a cluster; one that is started here ends with it. To be done before JAX runs: it forks.

    Args:
      address: of the cluster (`auto`, `HOST:PORT`), or `local` for one on this machine

    Raises:
      SynjaxError: WORKER_LOST where the cluster cannot be reached.
      ModuleNotFoundError: where there is no Ray.
    """
    # Whoever reaches a cluster runs what he likes on it: Ray asks for a token where this says so before it is imported
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    is_local = address == _LOCAL
    if (
        is_local
    ):  # its ports are on the loopback interface then, as on systems on which Ray has one machine only
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    import ray

    more: dict[str, Any] = {"include_dashboard": False} if is_local else {}
    try:
        ray.init(address, log_to_driver=False, logging_level="error", **more)
    except Exception as error:  # whatever Ray finds wrong with an address, a token, a version
        raise SynjaxError(
            "WORKER_LOST", f"The cluster of Ray at {address} was not joined: {error}", received=address
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def pool_of(ray: Any, workers: int | None, patience: float, recipe: Recipe) -> Pool:
    """Actors of a cluster that score by a recipe.

    Args:
      workers: how many; as many as the cluster has CPUs where it is left out
      patience: seconds to wait for the first of them
    """
    count = workers or max(1, int(ray.cluster_resources().get("CPU", 0)))
    needs = {"num_cpus": 1, **_RESOURCES[recipe.device]}
    # Ray repeats nothing by itself: the pool does, and counts
    actor = ray.remote(ScoringActor).options(max_restarts=0, max_task_retries=0, **needs)
    return Pool(
        ray, lambda: actor.remote(recipe), count, patience, lambda: _lacking(ray, count, needs, patience)
    )


def _lacking(ray: Any, count: int, needs: dict[str, Any], patience: float) -> str:
    wanted = {"CPU": needs["num_cpus"], "GPU": needs.get("num_gpus", 0), **needs.get("resources", {})}
    wanted = {name: value for name, value in wanted.items() if value}
    told = lambda found: ", ".join(f"{found.get(name, 0):g} {name}" for name in wanted)
    return (
        f"No actor has started for {patience:g} s. Each of {count} needs {told(wanted)}; the cluster has "
        f"{told(ray.cluster_resources())}, of which {told(ray.available_resources())} is free."
    )
