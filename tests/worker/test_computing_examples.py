"""The example tasks that compute, on a real worker: what a watcher sees of them."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psutil
import pytest

from headway import body, engines, keys, report
from headway.clock import utc_now
from headway.errors import JobCanceled
from headway.settings import Settings
from headway.snapshot import Snapshot, Spec
from headway.store import Store
from tests.headway.desk import Desk, desk
from tests.servers import worker_process
from tests.wait import wait_for
from worker.examples.bootstrap_delays import bootstrap_delays

__all__ = ["desk"]

Run = Callable[..., list[Snapshot]]


@pytest.fixture(scope="module")
def run(module_redis_url: str) -> Iterator[Run]:
    """Have a worker run a task to its end, and return every frame that was published."""
    settings = Settings(HEADWAY_REDIS_URL=module_redis_url)
    store = Store(settings)
    engine = engines.load(settings).engine(settings)

    def run(task: str, **params: Any) -> list[Snapshot]:
        spec = Spec(job_id=uuid4().hex[:12], task=task, params=params, created_at=utc_now())
        with store.redis.pubsub(ignore_subscribe_messages=True) as watcher:
            watcher.subscribe(keys.updates(spec.job_id))
            watcher.get_message(timeout=1)
            store.run(store.calls.create(spec, body.queued(spec), request="r"))
            engine.enqueue(spec, 1)
            frames: list[Snapshot] = []
            while not frames or not frames[-1].status.terminal:
                message = watcher.get_message(timeout=20)
                assert message is not None, "the stream of frames broke off"
                frames.append(Snapshot.model_validate(json.loads(message["data"])))
            return frames

    with worker_process(module_redis_url):
        yield run
    engine.close()
    store.close()


def test_a_classifier_s_loss_and_accuracy_are_metrics_beside_its_epochs(run: Run) -> None:
    last = run("train_digits", epochs=4)[-1]
    assert (last.status, last.n, last.total, last.unit) == ("finished", 4, 4, "epochs")
    assert last.metrics == {"loss": last.result["loss"], "accuracy": last.result["accuracy"]}
    assert last.result["accuracy"] > 0.5


def test_the_bootstrap_s_child_processes_have_bars_of_their_own(run: Run) -> None:
    frames = run("bootstrap_delays", by="origin", resamples=3_000, cores=2)
    assert (frames[-1].status, frames[-1].n, frames[-1].total, frames[-1].unit) == ("finished", 3, 3, "groups")
    inner = [bar for frame in frames for bar in frame.bars if bar.parent is not None]
    assert {bar.desc for bar in inner} <= {"EWR", "JFK", "LGA"}
    assert {(bar.total, bar.unit) for bar in inner} == {(3_000, "resamples")}


def test_the_bootstrap_s_child_processes_end_with_the_job(run: Run, module_redis_url: str) -> None:
    run("bootstrap_delays", by="origin", resamples=100, cores=2)
    wait_for(lambda: not _pool(module_redis_url), 15, "joblib's processes end")


def test_a_bootstrap_that_is_canceled_midway_warns_of_nothing(desk: Desk) -> None:
    asked = '{"requested":"cancel","by":"ann","at":""}'
    desk.store.run(desk.store.calls.control(desk.spec.job_id, "cancel", asked, request="c"))
    report(message="a write is answered with what is asked")
    wait_for(lambda: desk.reporter.asked == "cancel", 15, "the cancel is known")
    with pytest.raises(JobCanceled):
        bootstrap_delays(by="origin", resamples=100, cores=2)


def test_the_bootstrap_s_table_depends_on_its_seed_and_not_on_the_cores(run: Run) -> None:
    tables = [
        run("bootstrap_delays", by="origin", resamples=100, **more)[-1].result
        for more in ({"cores": 1}, {"cores": 2}, {"cores": 1, "seed": 1})
    ]
    assert (tables[0]["type"], tables[0]["total_rows"]) == ("table", 3)
    assert tables[0] == tables[1]
    assert tables[0] != tables[2]


def test_the_bar_that_optuna_makes_for_itself_is_the_job_s(run: Run) -> None:
    first, again = run("search_digits", n_trials=5), run("search_digits", n_trials=5)
    assert (first[-1].status, first[-1].n, first[-1].total) == ("finished", 5, 5)
    assert "Best trial" in (first[-1].desc or "")
    assert first[-1].result == again[-1].result


def _pool(redis_url: str) -> list[int]:
    """The processes of joblib that this module's worker, or what is left of it, has started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if "LokyProcess" in " ".join(process.cmdline()) and process.environ().get("REDIS_URL") == redis_url:
                found.append(process.pid)
    return found
