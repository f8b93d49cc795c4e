"""Random histories of several writers, requests, lost replies, deletions and a forgetful Redis, against the model."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis import Redis

from headway import body, keys
from headway.clock import utc_now
from headway.settings import Settings
from headway.snapshot import EndedAttempt, Spec
from headway.status import Status
from headway.store import Answer, Store
from headway.store.calls import Call, Holder
from tests.headway.store_model import TERMINAL, Model, ModelJob, Writer

JOBS = ("one", "one", "one", "two")


class StoreMachine(RuleBasedStateMachine):
    def __init__(self, store: Store, redis: Redis) -> None:
        super().__init__()
        self.store = store
        self.redis = redis
        self.model = Model()
        self.writers: list[Writer] = []
        self.unanswered: dict[str, tuple[Call[Answer], Callable[[], str]]] = {}
        self.backup: tuple[dict[bytes, tuple[int, bytes]], Model] | None = None
        self.tokens = 0

    @initialize()
    def empty(self) -> None:
        self.redis.flushdb()

    @rule(job_id=st.sampled_from(JOBS))
    def create(self, job_id: str) -> None:
        spec = Spec(job_id=job_id, task="t", owner="ann", created_at=utc_now())
        answer = self.store.run(self.store.calls.create(spec, body.queued(spec), request=self.token()))
        known = self.model.jobs.get(job_id)
        if known is None:
            assert answer.code == "ok"
            self.model.jobs[job_id] = ModelJob()
        else:
            assert answer.code == ("gone" if known.deleted else "exists")

    @rule(job_id=st.sampled_from(JOBS), beside=st.sampled_from([0, 0, 0, 0, 0, -1, 1]))
    def start(self, job_id: str, beside: int) -> None:
        known = self.model.jobs.get(job_id)
        writer = Writer(job_id, max(1, (known.attempt if known else 1) + beside), self.token())
        message = f"started by {writer.token}"
        call = self.store.calls.start(self.holder(writer), 1, self.members(job_id, "started", message))
        if self.exchange(writer, call, lambda: self.model.start(writer, 1, message), counter=1).accepted:
            self.writers.append(writer)

    @precondition(lambda self: self.writers)
    @rule(
        data=st.data(),
        what=st.sampled_from(["running"] * 6 + ["paused", "finished", "failed", "canceled", "next"]),
        heed=st.sampled_from([False, False, True]),
        lose_reply=st.booleans(),
    )
    def write(self, data: st.DataObject, what: str, heed: bool, lose_reply: bool) -> None:
        writer = self.some_writer(data)
        following = what == "next"
        status = "queued" if following else what
        counter = writer.counter + 1
        message = f"{status} by {writer.token}.{counter}"
        call = self.store.calls.write(
            self.holder(writer),
            counter,
            writer.given,
            self.members(writer.job_id, status, message),
            flag="next" if following else "acknowledge" if heed else "",
            ended=EndedAttempt(attempt=writer.attempt, status=Status(status))
            if following or status in TERMINAL
            else None,
        )

        def expected() -> str:
            return self.model.write(writer, counter, status, message, following=following, heed=heed)

        if lose_reply:
            assert self.store.run(call).code == expected()
            writer.counter = counter
            self.unanswered[writer.token] = (call, expected)
        else:
            self.exchange(writer, call, expected, counter)

    @precondition(lambda self: self.unanswered)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """The reply was lost, so the same call goes out again, whatever happened in between."""
        token = data.draw(st.sampled_from(sorted(self.unanswered)))
        call, expected = self.unanswered.pop(token)
        writer = next(writer for writer in self.writers if writer.token == token)
        before = copy.deepcopy(self.model.jobs.get(writer.job_id))
        code = expected()
        answer = self.store.run(call)
        assert answer.code == code
        self.restore_if_asked(writer, answer)
        if before is not None and before.writer == token and before.counter >= writer.counter and not before.deleted:
            assert answer.seq == before.writer_seq
            writer.given = max(writer.given, answer.seq)

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def heartbeat(self, data: st.DataObject) -> None:
        writer = self.some_writer(data)
        answer = self.store.run(self.store.calls.heartbeat(self.holder(writer), writer.given, "reporter"))
        assert answer.code == self.model.heartbeat(writer)

    @rule(
        job_id=st.sampled_from(JOBS),
        how=st.sampled_from(
            [("failed", ""), ("queued", "release"), ("queued", "next")]
            + [("paused", "hold"), ("running", "hold"), ("running", "resume")] * 2
        ),
        late_by=st.sampled_from([0, 0, 0, 1]),
    )
    def change(self, job_id: str, how: tuple[str, str], late_by: int) -> None:
        status, flag = how
        known = self.model.jobs.get(job_id)
        expected_seq = (known.seq if known else 1) - late_by
        message = f"changed {self.token()}"
        flags: Any = frozenset({flag} - {""})
        call = self.store.calls.change(
            job_id, expected_seq, self.members(job_id, status, message), request=self.token(), flags=flags
        )
        code = self.model.change(job_id, expected_seq, status, message, flag)
        answer = self.store.run(call)
        assert answer.code == code
        if answer.accepted:
            again = self.store.run(call)
            assert (again.code, again.seq) == ("ok", answer.seq)

    @rule(job_id=st.sampled_from(JOBS), asked=st.sampled_from(["pause", "resume", "cancel", ""]))
    def control(self, job_id: str, asked: Any) -> None:
        request = json.dumps({"requested": asked, "by": 'ann "é" \\', "at": utc_now()}, ensure_ascii=False)
        call = self.store.calls.control(job_id, asked, request, request=self.token())
        answer = self.store.run(call)
        assert answer.code == self.model.control(job_id, asked)
        if answer.accepted:
            assert self.store.run(call).seq == answer.seq

    @rule(job_id=st.sampled_from(JOBS))
    def delete(self, job_id: str) -> None:
        assert self.store.run(self.store.calls.delete(job_id, "ann")).code == self.model.delete(job_id)

    @rule()
    def back_up(self) -> None:
        dump = {key: (self.redis.pttl(key), self.redis.dump(key)) for key in self.redis.keys()}
        self.backup = (dump, copy.deepcopy(self.model))

    @precondition(lambda self: self.backup is not None)
    @rule(really=st.sampled_from([False, True]))
    def come_back_older(self, really: bool) -> None:
        if not really or self.backup is None:
            return
        dump, model = self.backup
        self.redis.flushdb()
        for key, (ttl_ms, value) in dump.items():
            self.redis.restore(key, max(ttl_ms, 0), value)
        self.model = copy.deepcopy(model)

    @rule(really=st.sampled_from([False] * 5 + [True]))
    def come_back_empty(self, really: bool) -> None:
        if not really:
            return
        self.redis.flushdb()
        self.model = Model()

    @invariant()
    def stored_as_promised(self) -> None:
        for job_id, job in self.model.jobs.items():
            stored = self.store.read(job_id)
            if job.deleted:
                assert stored is None
                assert self.redis.exists(keys.state(job_id))
                continue
            assert stored is not None
            snapshot = stored.snapshot
            assert (stored.seq, snapshot.attempt, snapshot.status) == (job.seq, job.attempt, job.status)
            assert snapshot.message == job.message
            assert (snapshot.control.requested if snapshot.control else "") == job.asked
            assert json.loads(stored.raw)["bars"] == []
            assert len(self.store.run(self.store.calls.attempts(job_id))) == min(job.ended, 20)
            if job.whole:
                assert self.redis.exists(keys.spec(job_id))
                assert self.redis.zscore(keys.INDEX, job_id)

    @invariant()
    def the_lists_of_running_and_waiting_jobs_agree(self) -> None:
        running = set(self.store.run(self.store.calls.beats()))
        assert running == {job_id for job_id, job in self.model.jobs.items() if job.token and not job.deleted}
        waiting = set(self.store.run(self.store.calls.waiting()))
        queued = {job_id for job_id, job in self.model.jobs.items() if job.status == "queued" and not job.deleted}
        assert waiting == queued

    @invariant()
    def every_job_key_has_a_life(self) -> None:
        for key in self.redis.keys("job:*"):
            assert self.redis.pttl(key) > 0, key

    def exchange(self, writer: Writer, call: Call[Answer], expected: Callable[[], str], counter: int) -> Answer:
        given = writer.given
        code = expected()
        answer = self.store.run(call)
        assert answer.code == code
        writer.counter = counter
        self.unanswered.pop(writer.token, None)
        self.restore_if_asked(writer, answer)
        if answer.accepted:
            assert answer.seq > given
            writer.given = answer.seq
        return answer

    def restore_if_asked(self, writer: Writer, answer: Answer) -> None:
        if answer.code == "restored":
            spec = Spec(job_id=writer.job_id, task="t", owner="ann", created_at=utc_now())
            assert self.store.run(self.store.calls.restore(spec)).code == "ok"
            self.model.jobs[writer.job_id].whole = True

    def some_writer(self, data: st.DataObject) -> Writer:
        """A holder more often than not: most of what can go wrong goes wrong around one."""
        holders = [
            writer
            for writer in self.writers
            if (job := self.model.jobs.get(writer.job_id)) is not None and job.token == writer.token
        ]
        if holders and data.draw(st.sampled_from([True, True, False])):
            return data.draw(st.sampled_from(holders))
        return data.draw(st.sampled_from(self.writers))

    def members(self, job_id: str, status: str, message: str) -> body.Members:
        spec = Spec(job_id=job_id, task="t", owner="ann", created_at=utc_now())
        return body.queued(spec, message=message) | {"status": status}

    def holder(self, writer: Writer) -> Holder:
        return Holder(writer.job_id, writer.attempt, writer.token, "ann")

    def token(self) -> str:
        self.tokens += 1
        return f"t{self.tokens}"


@pytest.mark.timeout(120)
def test_the_script_keeps_the_models_promises_through_any_history(redis_url: str) -> None:
    store = Store(Settings(HEADWAY_REDIS_URL=redis_url))
    redis = Redis.from_url(redis_url)
    run_state_machine_as_test(
        lambda: StoreMachine(store, redis),
        settings=settings(
            max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    store.close()
    redis.close()
