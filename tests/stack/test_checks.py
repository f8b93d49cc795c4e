import socket
from contextlib import closing
from pathlib import Path

import pytest

from headway.settings import Settings
from headway.stack.checks import check_ports, check_redis, without_password
from headway.stack.errors import StackError
from headway.stack.procfile import read_procfile
from tests.ports import free_port


def listener(host: str = "127.0.0.1") -> socket.socket:
    return socket.create_server((host, 0))


@pytest.fixture
def settings() -> Settings:
    return Settings(api_port=free_port(), ui_port=free_port(), redis_port=free_port())


def test_free_ports_are_let_pass(settings):
    check_ports(settings, with_redis=True)


@pytest.mark.parametrize("name", ["api_port", "ui_port", "redis_port"])
def test_a_taken_port_names_the_setting_that_changes_it(settings, name):
    with closing(listener()) as taken:
        port = taken.getsockname()[1]
        sentence = f"^port {port} is already in use: set HEADWAY_{name.upper()} to another port$"
        with pytest.raises(StackError, match=sentence):
            check_ports(settings.model_copy(update={name: port}), with_redis=True)


def test_a_port_taken_on_all_addresses_is_taken(settings):
    with closing(listener("0.0.0.0")) as taken, pytest.raises(StackError, match="HEADWAY_API_PORT"):
        check_ports(settings.model_copy(update={"api_port": taken.getsockname()[1]}), with_redis=True)


def test_the_redis_port_does_not_matter_where_no_redis_is_started(settings):
    with closing(listener()) as taken:
        check_ports(settings.model_copy(update={"redis_port": taken.getsockname()[1]}), with_redis=False)


def test_one_port_for_two_is_refused(settings):
    with pytest.raises(StackError, match="^HEADWAY_API_PORT and HEADWAY_UI_PORT are both"):
        check_ports(settings.model_copy(update={"ui_port": settings.api_port}), with_redis=True)


def test_a_redis_that_answers_is_let_pass(redis_url):
    check_redis(redis_url, "REDIS_URL")


@pytest.mark.parametrize(
    "url", ["redis://user:secret@127.0.0.1:{port}/0", "unix:///nowhere/redis.sock", "redis://localhost:port/0"]
)
def test_a_redis_that_does_not_answer_is_named_without_its_password(url):
    with pytest.raises(StackError, match="^REDIS_URL: no Redis answers at (redis|unix)://") as caught:
        check_redis(url.format(port=free_port()), "REDIS_URL")
    assert "secret" not in str(caught.value)


def test_something_else_than_a_redis_is_refused():
    with closing(listener()) as silent, pytest.raises(StackError, match="^REDIS_URL: no Redis answers"):
        check_redis(f"redis://127.0.0.1:{silent.getsockname()[1]}/0?socket_timeout=0.2", "REDIS_URL")


def test_a_url_is_shown_without_its_password():
    assert without_password("rediss://me:secret@host:6379/1") == "rediss://***@host:6379/1"
    assert without_password("unix:///run/redis.sock?db=1") == "unix:///run/redis.sock?db=1"
    assert without_password("unix:///a.sock?password=secret&db=1") == "unix:///a.sock?password=***&db=1"


def test_the_procfile_s_worker_is_started_as_often_as_asked(tmp_path):
    (tmp_path / "Procfile").write_text("# a note\napi: exec a\nworker: exec w\n")
    assert read_procfile(tmp_path / "Procfile", 2) == {"api.1": "exec a", "worker.1": "exec w", "worker.2": "exec w"}


def test_a_missing_or_empty_procfile_is_one_sentence(tmp_path):
    with pytest.raises(StackError, match="run this in a checkout of headway"):
        read_procfile(Path(tmp_path / "Procfile"), 1)
    (tmp_path / "Procfile").touch()
    with pytest.raises(StackError, match="starts nothing"):
        read_procfile(tmp_path / "Procfile", 1)
