"""Scoring on a cluster of Ray whose machines all stand on this one: run by `npm run test:full`, which sets Ray up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from synjax_worker.errors import SynjaxError
from synjax_worker.score.actor import Answer, Recipe, ScoringActor, version_here
from synjax_worker.score.command import main
from synjax_worker.score.function import identity_of
from synjax_worker.score.pool import Pool

from .test_pool import batches, check_whole, doubled

pytestmark = pytest.mark.full

PYTHON = Path(__file__).parents[2]
MODEL = PYTHON.parent / "tests/golden/files/tagger-1.synjax"
RNG = np.random.default_rng(1)
ROWS: list[Any] = [RNG.normal(size=(n, 2)).astype(np.float32).tolist() for n in RNG.integers(1, 20, 300)]
ROWS[3], ROWS[5] = None, [[1.0]]
COPIES = 400  # 8 parts
ARGUMENTS = ["--function", "tag", "--map", "emission=scores", "--batch-rows", "256"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A cluster of three machines, each with one CPU. All listen on the loopback interface."""
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}
    os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 256 << 20}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    HEAD.append(cluster.head_node.all_processes["raylet"][0].process.pid)
    for _ in range(2):
        cluster.add_node(**node)
    yield cluster.address
    cluster.shutdown()


HEAD: list[int] = []  # the process of the machine that must not be killed: the cluster ends with it


def recipe(**more: Any) -> Recipe:
    return Recipe(
        version_here(), MODEL, identity_of(MODEL), None, "tag", [], {}, 64, 64, False, [], "cpu"
    )._replace(**more)


def processes(title: bytes) -> list[int]:
    """Those whose title begins so."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().startswith(title):
                found.append(int(path.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def until(condition: Callable[[], Any]) -> Any:
    for _ in range(3_000):
        if found := condition():
            return found
        time.sleep(0.1)
    raise TimeoutError


def test_the_driver_an_actor_and_a_machine_are_killed_and_the_output_is_that_of_a_run_without_ray(
    tmp_path: Path, address: str
) -> None:
    source, target, plain = (tmp_path / f"{name}.parquet" for name in ("in", "out", "plain"))
    kind = pa.list_(pa.list_(pa.float32()))
    pq.write_table(pa.table({"scores": pa.array(ROWS * COPIES, kind)}), source)
    assert main(["score", str(MODEL), str(source), str(plain), *ARGUMENTS]) == 0
    command = [
        "score",
        str(MODEL),
        str(source),
        str(target),
        *ARGUMENTS,
        "--ray",
        address,
        "--ray-workers",
        "2",
    ]
    journal = target.with_name("out.parquet.parts") / "journal.jsonl"
    parts = lambda: journal.exists() and journal.read_bytes().count(b"\n") - 1

    with subprocess.Popen([sys.executable, "-m", "synjax_worker", *command], cwd=PYTHON) as driver:
        until(lambda: parts() or driver.poll() is not None)
        driver.kill()
    assert 1 <= parts() < 6, "killed in the middle"

    killed: list[int] = []

    def kill() -> None:
        before = parts()
        until(lambda: parts() > before)
        actors = lambda: processes(b"ray::ScoringActor")
        machines = lambda: [each for each in map(parent_of, actors()) if each not in HEAD]
        for victims in (actors, machines):
            victim = until(victims)[0]
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)
            now = parts()
            until(lambda now=now: not parts() or parts() > now)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    assert main(command) == 0
    killer.join(10)
    assert len(killed) == 2
    assert target.read_bytes() == plain.read_bytes()
    assert pq.read_metadata(tmp_path / "out.errors.parquet").num_rows == 2 * COPIES
    assert (tmp_path / "out.errors.parquet").read_bytes() == (tmp_path / "plain.errors.parquet").read_bytes()
    assert not journal.parent.exists()


class Deadly(ScoringActor):
    """Ends its process at one batch."""

    def start(self) -> Any:
        return Answer()

    def score(self, task: Any) -> Any:
        if task.first == 15:
            os._exit(1)
        return doubled(0, task)


def test_a_batch_that_ends_every_process_is_not_tried_for_ever(address: str) -> None:
    from synjax_worker.score.cluster import joined

    with joined(address) as ray:
        actor = ray.remote(Deadly).options(num_cpus=1, max_restarts=0, max_task_retries=0)
        pool = Pool(ray, lambda: actor.remote(recipe()), 2, 60, lambda: "no CPU")
        check_whole(list(pool(batches(5))), 5)
        pool = Pool(ray, lambda: actor.remote(recipe()), 2, 60, lambda: "no CPU")
        with pytest.raises(SynjaxError, match="Rows 15 to 17 ended 3 processes"):
            list(pool(batches(10)))


def test_what_a_cluster_has_not_is_told(address: str) -> None:
    from synjax_worker.score.cluster import joined, pool_of

    with joined(address) as ray:
        pool = pool_of(ray, 3, 2, recipe(device="tpu"))
        with pytest.raises(
            SynjaxError, match=r"Each of 3 needs 1 CPU, 1 TPU; the cluster has . CPU, 0 TPU, of which"
        ):
            list(pool(batches(3)))


def test_a_machine_without_the_same_model_says_so(tmp_path: Path, address: str) -> None:
    from synjax_worker.score.cluster import joined, pool_of

    (tmp_path / "other.synjax").write_bytes(MODEL.read_bytes()[:500])
    with joined(address) as ray:
        for model, received in (("none.synjax", "none"), ("other.synjax", "another file")):
            pool = pool_of(ray, 1, 60, recipe(model=tmp_path / model))
            with pytest.raises(
                SynjaxError, match=f"`model`: expected the same .*{model}.* got {received} on"
            ):
                list(pool(batches(3)))


def test_nobody_without_the_token_joins(address: str) -> None:
    join = "import sys; from synjax_worker.score.cluster import joined\nwith joined(sys.argv[1]): print('joined')"
    env = os.environ | {"RAY_AUTH_TOKEN": "f" * 64}
    found = subprocess.run(
        [sys.executable, "-c", join, address], cwd=PYTHON, env=env, capture_output=True, text=True
    )
    assert found.returncode != 0
    assert "joined" not in found.stdout
    assert "oken" in found.stderr
