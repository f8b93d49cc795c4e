"""The servers that these tests use."""

from tests.fixtures import module_redis_url

__all__ = ["module_redis_url"]
