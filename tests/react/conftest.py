"""The running servers that these tests use."""

from tests.fixtures import api, module_redis_url, stack

__all__ = ["api", "module_redis_url", "stack"]
