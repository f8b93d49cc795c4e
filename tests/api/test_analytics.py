"""Figures over HTTP, from a real database of history."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import text

from headway.client import Client
from headway.errors import ApiUnavailable, BadInput, JobNotFound
from headway.history.database import Database, database_url
from headway.history.migrate import migrate
from headway.history.writing import Writer
from headway.settings import Settings
from tests.api.test_errors import check_problem
from tests.history.past import Past
from tests.servers import ApiServer, api_server

DAY = {"since": "2025-10-28T00:00:00Z", "until": "2025-10-29T00:00:00Z"}
PATHS = ["throughput", "tasks", "slowest", "workers", "curves?task=count"]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def api(module_redis_url: str, data_dir: Path) -> Iterator[ApiServer]:
    """An API whose history has three jobs of one day."""
    with closing(Database(database_url(Settings(data_dir=data_dir)))) as database:
        migrate(database)
        past = Past(Writer(database))
        past.job("quick", "10:00", "10:00:01", "10:10")
        past.job("slow", "10:30", "10:40", "11:30")
        past.job("failed", "11:00", "11:00", "11:05", "failed", task="read")
    with api_server(module_redis_url, HEADWAY_DATA_DIR=str(data_dir)) as server:
        yield server


@pytest.fixture
def client(api: ApiServer) -> Iterator[Client]:
    with Client(api.url) as client:
        yield client


def test_the_client_asks_for_every_figure(client: Client) -> None:
    hours = client.throughput(**DAY).buckets
    report = client.task_figures(**DAY, task="count")
    assert (len(hours), sum(hour.finished for hour in hours), hours[11].failed) == (24, 2, 1)
    assert (report.total.jobs, report.total.run_s.p95) == (2, 3_000)
    assert [job.job_id for job in client.slowest_jobs(**DAY, limit=1).jobs] == ["slow"]
    assert [worker.busy_s for worker in client.worker_figures(**DAY, task="read").workers] == [300]
    assert [curve.job_id for curve in client.progress_curves(task="count").curves] == ["slow", "quick"]
    assert client.progress_curves(job_id="quick").curves[0].points[-1].t_s == 599


def test_a_datetime_is_as_good_as_text_if_it_has_a_time_zone(client: Client) -> None:
    assert client.throughput(since=datetime(2025, 10, 28, 10, tzinfo=UTC), until=DAY["until"], bucket="day").buckets
    with pytest.raises(BadInput, match="has no time zone"):
        client.throughput(since=datetime(2025, 10, 28))  # noqa: DTZ001 - the mistake that is meant


def test_an_unknown_job_has_no_curve(client: Client) -> None:
    with pytest.raises(JobNotFound):
        client.progress_curves(job_id="nobody")


@pytest.mark.parametrize(("query", "sentence"), [
    ("throughput?since=yesterday", "since: 'yesterday' is no time"),
    ("throughput?since=2025-01-01T00:00:00Z&until=2025-10-28T00:00:00Z", "7,200 hours are more than 1,000: ask by day"),
    ("tasks?since=2000-01-01T00:00:00Z", "at most 3660 days"),
    ("slowest?until=1969-01-01T00:00:00Z", "between the years 1970 and 3000"),
    ("throughput?bucket=minute", "'hour' or 'day'"),
    ("tasks?task=count%00", "String should match pattern"),
    ("curves", "job_id, task: give one of them"),
    ("curves?job_id=a&task=b", "job_id, task: give one of them"),
    ("curves?task=a&limit=51", "less than or equal to 50"),
])  # fmt: skip
def test_what_cannot_be_asked_is_said(http: httpx2.Client, query: str, sentence: str) -> None:
    assert sentence in check_problem(http.get(f"/analytics/{query}"), 422, "bad-request")["detail"]


@pytest.mark.parametrize("named", ["x' OR '1'='1", "count'; DROP TABLE jobs; --", "%"])
def test_a_task_that_looks_like_sql_is_a_task_that_is_not_there(http: httpx2.Client, named: str) -> None:
    answer = http.get("/analytics/tasks", params=DAY | {"task": named})
    assert answer.json()["total"]["jobs"] == 0


def test_a_job_id_that_looks_like_sql_is_none(http: httpx2.Client) -> None:
    answer = http.get("/analytics/curves", params={"job_id": "x' OR '1'='1"})
    assert "letters, digits" in check_problem(answer, 404, "job-not-found")["errors"][0]["detail"]


def test_history_that_cannot_be_read_is_503_and_says_why(module_redis_url: str, tmp_path: Path) -> None:
    file = tmp_path / "history.sqlite3"
    with (
        api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as server,
        httpx2.Client(base_url=server.url) as http,
    ):

        def problem() -> str:
            details = [
                check_problem(http.get(f"/analytics/{path}"), 503, "history-unavailable")["detail"] for path in PATHS
            ]
            assert len(set(details)) == 1
            assert http.get("/tasks").status_code == 200
            return str(details[0])

        assert problem() == "there is no history yet: a recorder (python -m worker.recorder) begins it"
        with pytest.raises(ApiUnavailable, match="there is no history yet"), Client(server.url) as client:
            client.throughput()

        file.write_bytes(b"anything but a database " * 100)
        assert problem() == "history cannot be read now: file is not a database"

        file.unlink()
        with closing(Database(database_url(Settings(data_dir=tmp_path)))) as database:
            migrate(database)
            assert http.get("/analytics/throughput").status_code == 200
            with database.write() as connection:
                connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with (
        api_server(module_redis_url, HEADWAY_DATA_DIR=str(tmp_path)) as server,
        httpx2.Client(base_url=server.url) as http,
    ):
        detail = check_problem(http.get("/analytics/throughput"), 503, "history-unavailable")["detail"]
        assert "schema 9999, which this version does not know: use a newer headway" in detail


def test_a_database_url_of_no_known_kind_ends_the_start(module_redis_url: str) -> None:
    with (
        pytest.raises(AssertionError, match="HEADWAY_DATABASE_URL: 'mysql' is neither sqlite nor postgresql"),
        api_server(module_redis_url, HEADWAY_DATABASE_URL="mysql://localhost/x"),
    ):
        pass
