"""The servers that the lessons talk to."""

from tests.fixtures import api, module_redis_url, stack

__all__ = ["api", "module_redis_url", "stack"]
