"""The example tasks as jobs, on a real Redis: what a watcher sees of them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from redis import Redis

import worker.examples  # noqa: F401  registers the tasks
from headway import body, keys
from headway.attempt import run_attempt
from headway.clock import utc_now
from headway.errors import PathNotAllowed
from headway.settings import Settings, get_settings
from headway.snapshot import Snapshot, Spec
from headway.store import Store

Run = Callable[..., list[Snapshot]]


@pytest.fixture
def run(redis_url: str) -> Iterator[Run]:
    """Run a task to its end and return every frame that was published."""
    settings = Settings(HEADWAY_REDIS_URL=redis_url, flush_s=0.001)
    store = Store(settings)

    def run(task: str, **params: Any) -> list[Snapshot]:
        spec = Spec(job_id=uuid4().hex[:12], task=task, params=params, created_at=utc_now())
        with Redis.from_url(redis_url) as redis, redis.pubsub(ignore_subscribe_messages=True) as watcher:
            watcher.subscribe(keys.updates(spec.job_id))
            watcher.get_message(timeout=1)
            store.run(store.calls.create(spec, body.queued(spec), request="r"))
            run_attempt(store, settings, spec, 1, worker="w")
            frames: list[Snapshot] = []
            while not frames or not frames[-1].status.terminal:
                message = watcher.get_message(timeout=15)
                assert message is not None, "the stream of frames broke off"
                frames.append(Snapshot.model_validate(json.loads(message["data"])))
            return frames

    yield run
    store.close()


def test_the_lesson_s_job_says_the_lesson_s_words(run: Run) -> None:
    frames = run("long_task", n_steps=4, step_s=0.05)
    messages = [frame.message for frame in frames]
    # The last step and the end come so close together that one frame may carry both.
    assert messages[:5] == ["queued", "starting...", "step 1/4", "step 2/4", "step 3/4"]
    assert messages[-1] == "complete"
    assert [frame.percent for frame in frames[:5]] == [0, 0, 25, 50, 75]
    assert (frames[-1].percent, frames[-1].n, frames[-1].total) == (100, 4, 4)
    assert frames[-1].result == {"msg": "done", "value": 42}


def test_the_flights_profile_counts_real_rows_of_a_real_total(run: Run) -> None:
    frames = run("profile_table")
    running = [frame for frame in frames if frame.total]
    assert {frame.total for frame in running} == {336_776}
    assert (running[-1].n, frames[-1].status, frames[-1].percent) == (336_776, "finished", 100)
    assert [frame.percent for frame in frames] == sorted(frame.percent for frame in frames)
    table = frames[-1].result
    assert (table["type"], table["total_rows"], table["columns"][0]) == ("table", 19, "column")


def test_params_that_do_not_fit_fail_the_job_by_name(run: Run) -> None:
    with pytest.raises(ValueError, match="n_steps"):
        run("long_task", n_steps=-1)


def test_a_path_without_open_folders_fails_the_job_with_a_sentence(run: Run) -> None:
    with pytest.raises(ValueError, match="HEADWAY_DATA_ROOTS"):
        run("profile_table", path="/etc/passwd")


def test_a_path_outside_the_open_folders_fails_the_job_with_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADWAY_DATA_ROOTS", str(tmp_path))
    get_settings.cache_clear()
    try:
        with pytest.raises(PathNotAllowed, match="/etc/passwd"):
            run("profile_table", path="/etc/passwd")
    finally:
        get_settings.cache_clear()
