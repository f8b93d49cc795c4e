"""A notebook's bars in this process, as the tests look at them."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import enumerate as threads
from typing import Any

from ipywidgets import HTML, Widget
from ipywidgets.widgets.widget import _instances

from headway.client import Client
from headway.notebook import Handle
from headway.notebook.feed import feed_of
from headway.snapshot import Snapshot
from tests.wait import wait_for


@contextmanager
def bars_client(url: str) -> Iterator[Client]:
    """A client whose bars are gone afterwards, with the thread that moved them."""
    with Client(url) as client:
        yield client
    feed = feed_of(client)
    try:
        wait_for(lambda: "headway-watch" not in [thread.name for thread in threads()], 20, "the thread ends")
    finally:
        # What a test that failed left on show is not to fail the others.
        for listener in [listener for told in list(feed._listeners.values()) for listener in told]:
            feed.leave(listener)
        for asker in list(feed._askers):
            feed.dismiss(asker)
        Widget.close_all()


def show(client: Client, snapshot: Snapshot | None = None) -> Handle:
    """A handle of job j1 on show, as `watch` makes it in a notebook."""
    handle = Handle("j1", snapshot, client)
    handle.show()
    return handle


def widgets(kind: type[Widget]) -> list[Any]:
    """All widgets of a kind, in the order they were made."""
    return [widget for widget in list(_instances.values()) if isinstance(widget, kind)]


def text() -> str:
    """Whatever stands beside the bars now."""
    return " ".join(widget.value for widget in widgets(HTML))
