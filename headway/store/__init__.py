"""The store: jobs' snapshots in Redis, written by one atomic script, read by everyone."""

from headway.store.aio import AsyncStore
from headway.store.calls import Answer, Calls
from headway.store.stored import Stored
from headway.store.sync import Store

__all__ = ["Answer", "AsyncStore", "Calls", "Store", "Stored"]
