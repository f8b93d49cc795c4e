"""The launcher over small processes that stand where API, worker and Streamlit stand."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from tests.ports import free_port
from tests.stack.running import Running
from tests.wait import wait_for

PROCFILE = """\
api: exec python serve.py $HEADWAY_API_PORT
worker: exec python work.py
ui: exec python serve.py $HEADWAY_UI_PORT
"""

SERVE = """\
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, b"ok")

    def do_POST(self):
        self.answer(201, b'{"job_id": "first-one"}')

    def answer(self, status, body):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

# A worker whose horse, in a process group of its own, is stopped and deaf, as a paused job may be.
WORK = """\
import os, signal, sys, redis, setproctitle

def hand_back(number, frame):
    redis.Redis.from_url(os.environ["REDIS_URL"]).rpush("handed-back", os.getpid())
    sys.exit(0)

signal.signal(signal.SIGTERM, hand_back)
if os.fork() == 0:
    os.setpgrp()
    setproctitle.setproctitle("headway some-job#1 some_task")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        signal.pause()

print("at work", flush=True)
while True:
    signal.pause()
"""

Start = Callable[..., Running]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    root.mkdir()
    for name, text in {"Procfile": PROCFILE, "serve.py": SERVE, "work.py": WORK}.items():
        (root / name).write_text(text)
    return root


@pytest.fixture
def start(checkout: Path, tmp_path: Path) -> Iterator[Start]:
    started: list[Running] = []

    def begin(**settings: str) -> Running:
        started.append(Running(checkout, tmp_path / "data", **settings))
        return started[-1]

    yield begin
    for running in started:
        running.__exit__(None, None, None)


def handed_back(data_dir: Path) -> int:
    """How many workers had still found Redis when they stopped, by the data that it left."""
    files = (data_dir / "redis" / "appendonlydir").glob("*.incr.aof")
    return sum(file.read_bytes().count(b"handed-back") for file in files)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_leaves_no_process_and_redis_goes_last(start, how):
    stack = start()
    stack.wait_for_links()
    stack.wait_for_processes("some-job#1", 2)
    stack.process.send_signal(how)
    assert stack.wait() == 0
    assert stack.left() == []
    assert handed_back(stack.data_dir) == 2
    assert not (stack.data_dir / "env").exists()


def test_the_links_name_the_first_job_in_both_faces_and_where_everything_is(start):
    stack = start()
    stack.wait_for_links()
    api, ui = stack.environment["HEADWAY_API_PORT"], stack.environment["HEADWAY_UI_PORT"]
    assert f"http://127.0.0.1:{ui}/job?job=first-one" in stack.output
    assert f"http://127.0.0.1:{api}/ui/jobs/first-one" in stack.output
    assert f"http://127.0.0.1:{api}/docs" in stack.output
    assert f"unix://{stack.data_dir}/redis/redis.sock" in stack.output


def test_the_env_file_is_private_and_a_shell_can_read_it(start):
    stack = start(HEADWAY_REDIS_PORT=str(free_port()))
    stack.wait_for_links()
    file = stack.data_dir / "env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = subprocess.check_output(["sh", "-c", f'. "{file}"; echo "$REDIS_URL $HEADWAY_API_URL"'], text=True)
    redis_url, api_url = shown.split()
    assert api_url == f"http://127.0.0.1:{stack.environment['HEADWAY_API_PORT']}"
    for url in (redis_url, f"redis://127.0.0.1:{stack.environment['HEADWAY_REDIS_PORT']}"):
        with Redis.from_url(url) as client:
            assert client.ping()


def test_a_shell_that_has_read_the_env_file_finds_the_page_and_the_database_too(start):
    kept = "sqlite:////nowhere/it's kept.sqlite3"
    stack = start(HEADWAY_DATABASE_URL=kept)
    stack.wait_for_links()
    names = ("HEADWAY_UI_PORT", "HEADWAY_DATA_DIR", "HEADWAY_DATABASE_URL")
    print_them = f"import os; print([os.environ[name] for name in {names}])"
    command = f'. "$1"; exec "{sys.executable}" -c "$2"'
    clean = {"PATH": os.environ["PATH"]}
    shown = subprocess.check_output(
        ["sh", "-c", command, "sh", stack.data_dir / "env", print_them], text=True, env=clean
    )
    assert shown.strip() == str([stack.environment["HEADWAY_UI_PORT"], str(stack.data_dir), kept])


def test_a_shell_that_still_names_our_own_socket_starts_it_anew(start, tmp_path):
    stack = start(REDIS_URL=f"unix://{tmp_path}/data/redis/redis.sock")
    stack.wait_for_links()
    assert stack.named("redis.sock")


def test_a_named_redis_is_used_and_left_running(start, redis_url):
    stack = start(REDIS_URL=redis_url)
    stack.wait_for_links()
    stack.wait_for_processes("some-job#1", 2)
    assert not (stack.data_dir / "redis").exists()
    stack.process.send_signal(signal.SIGINT)
    assert stack.wait() == 0
    with Redis.from_url(redis_url) as client:
        assert client.llen("handed-back") == 2


@pytest.mark.parametrize(
    ("word", "name"), [("work.py", r"worker\.[12]"), ("serve.py", r"(api|ui)\.1"), ("redis.sock", "Redis")]
)
def test_when_a_process_ends_everything_is_stopped_and_it_is_named(start, word, name):
    stack = start()
    stack.wait_for_links()
    stack.wait_for_processes("some-job#1", 2)
    stack.named(word)[0].kill()
    assert stack.wait() == 1
    stack.wait_for_line(rf"headway: {name} was ended by SIGKILL, so everything was stopped")
    assert stack.left() == []


def test_a_process_that_opened_a_session_of_its_own_is_ended_too(start, checkout):
    away = "import subprocess, sys\nsubprocess.Popen([sys.executable, 'far.py'], start_new_session=True)\n"
    (checkout / "far.py").write_text("import signal\nsignal.pause()")
    (checkout / "work.py").write_text(away + WORK)
    stack = start()
    stack.wait_for_processes("far.py", 2)
    stack.process.send_signal(signal.SIGINT)
    assert stack.wait() == 0
    assert stack.left() == []


def test_an_exit_by_itself_is_told_with_its_status(start, checkout):
    (checkout / "work.py").write_text("raise SystemExit(3)")
    stack = start()
    assert stack.wait() == 1
    assert "ended by itself with exit status 3, so everything was stopped" in stack.output


def test_a_killed_launcher_leaves_nothing_behind(start):
    # Time enough for a worker on a busy machine.
    stack = start(HEADWAY_SHUTDOWN_GRACE_S="15")
    stack.wait_for_links()
    stack.wait_for_processes("some-job#1", 2)
    stack.process.kill()
    stack.wait()
    wait_for(lambda: not stack.left(), 20, "every process ends after the launcher")
    assert handed_back(stack.data_dir) == 2


def test_a_second_ctrl_c_does_not_wait_for_a_worker_that_hangs(start, checkout):
    (checkout / "work.py").write_text("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nsignal.pause()")
    stack = start(HEADWAY_SHUTDOWN_GRACE_S="600")
    stack.wait_for_links()
    stack.process.send_signal(signal.SIGINT)
    stack.wait_for_line("stopping everything")
    stack.process.send_signal(signal.SIGINT)
    assert stack.wait(15) == 0
    assert stack.left() == []


def test_a_job_that_was_not_taken_is_said_and_the_links_are_shown(start, checkout):
    (checkout / "serve.py").write_text(SERVE.replace("201", "422"))
    stack = start()
    stack.wait_for_links()
    assert "The first job (profile_table) was not taken" in stack.output


def test_children_run_this_python_and_know_the_settings(start, checkout):
    (checkout / "work.py").write_text(
        "import os, sys, signal\nprint('told', sys.prefix, *(os.environ[name] for name in "
        "('HEADWAY_API_URL', 'HEADWAY_SHUTDOWN_GRACE_S', 'HEADWAY_DATA_DIR')), flush=True)\nsignal.pause()"
    )
    stack = start()
    told = stack.wait_for_line("told (.*)")[1].split()
    port = stack.environment["HEADWAY_API_PORT"]
    assert told == [sys.prefix, f"http://127.0.0.1:{port}", "3", str(stack.data_dir)]


def test_a_taken_port_is_one_sentence_and_exit_2(start):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        stack = start(HEADWAY_API_PORT=str(port))
        assert stack.wait() == 2
    assert stack.output == f"headway: port {port} is already in use: set HEADWAY_API_PORT to another port\n"
    assert not stack.data_dir.exists()


def test_a_redis_that_does_not_answer_is_one_sentence_and_exit_2(start):
    stack = start(REDIS_URL=f"redis://127.0.0.1:{free_port()}/0")
    assert stack.wait() == 2
    assert stack.output.startswith("headway: REDIS_URL: no Redis answers at redis://127.0.0.1:")
    assert stack.output.count("\n") == 1


def test_a_wrong_setting_is_one_sentence_and_exit_2(start):
    stack = start(HEADWAY_WORKERS="many")
    assert stack.wait() == 2
    assert stack.output.startswith("headway: HEADWAY_WORKERS: ")
    assert stack.output.count("\n") == 1


def test_a_data_folder_in_use_is_one_sentence_and_exit_2(start):
    start().wait_for_links()
    second = start()
    assert second.wait() == 2
    assert "another Redis already runs on" in second.output
