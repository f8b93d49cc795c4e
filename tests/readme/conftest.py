"""The servers that a reader of the README has running."""

from tests.fixtures import api, module_redis_url, stack

__all__ = ["api", "module_redis_url", "stack"]
