"""What goes wrong in a round: the servers that go away, and when."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from headway.stack.redis_server import RedisServer
from tests.chaos.writers import patiently
from tests.ports import free_port
from tests.servers import ApiServer, api_server

#: How often in a round, beside one restart each; a long round has all of it again every 20 s.
KILLS = 5
Plan = list[tuple[float, Callable[[], None]]]


class Servers:
    """A Redis and two APIs in front of it, each of which can be restarted where it is."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.redis_server = stack.enter_context(RedisServer(folder))
        self.redis_away_s = 0.0
        self.redis = Redis.from_url(self.redis_server.url)
        self._first = stack.enter_context(ExitStack())
        self._port = free_port()
        self.first = self._first.enter_context(api_server(self.redis_server.url, port=self._port))
        self.second = stack.enter_context(api_server(self.redis_server.url))

    @property
    def apis(self) -> list[ApiServer]:
        """Both of them."""
        return [self.first, self.second]

    def drop_subscriptions(self) -> None:
        """Cut every hub's connection."""
        patiently(lambda: self.redis.client_kill_filter(_type="pubsub"), RedisError, OSError)

    def restart_api(self) -> None:
        """End one API and start it again at the same address."""
        self._first.close()
        self.first = self._first.enter_context(api_server(self.redis_server.url, port=self._port, wait_ready=False))

    def restart_redis(self) -> None:
        """End Redis as a crash would, and start it again after a while on what it had written."""
        self.redis_server.kill()
        time.sleep(self.redis_away_s)
        self.redis_server.start()


def make_plan(servers: Servers, duration_s: float, chance: random.Random) -> Plan:
    """What happens at which moments, in seconds from the start."""
    servers.redis_away_s = chance.uniform(0.2, duration_s / 8)
    times = max(1, round(duration_s / 20))
    kinds = [servers.drop_subscriptions] * KILLS + [servers.restart_api, servers.restart_redis]
    return [(chance.uniform(0.1, 0.9) * duration_s, kind) for kind in kinds * times]


async def carry_out(plan: Plan) -> None:
    """Break things, one fault beside another, but no two of a kind at once."""
    turns = {fault: asyncio.Lock() for _, fault in plan}

    async def happen(moment: float, fault: Callable[[], None]) -> None:
        await asyncio.sleep(moment)
        async with turns[fault]:
            await asyncio.to_thread(fault)

    async with asyncio.TaskGroup() as group:
        for moment, fault in plan:
            group.create_task(happen(moment, fault))
