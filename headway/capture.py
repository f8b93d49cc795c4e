"""Other people's code that only knows tqdm, made to report."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm.std import tqdm as std_tqdm

from headway.context import current_job
from headway.job_bar import JobBar, logged, reporting

# tqdm's classes that draw in ways of their own as soon as they are made, even where there is no notebook.
_FRONT_ENDS = frozenset({"tqdm.gui", "tqdm.notebook", "tqdm.rich", "tqdm.tk"})
_FRONT_END_ARGUMENTS = frozenset({"cancel_callback", "display", "grab", "options", "progress", "tk_parent"})


@contextmanager
def capture() -> Iterator[None]:
    """Make other people's code report inside the `with` block: the bars of any class of tqdm's, and `tqdm.write`.

    For libraries that offer no way to give them a class. It holds for all threads until the last block is left that
    began meanwhile. Nothing changes outside a job.
    """
    _captured.take()
    try:
        yield
    finally:
        _captured.give_back()


class _Captured:
    """What `capture` changes in the class that all of tqdm's are made from, while anybody holds it."""

    def __init__(self) -> None:
        self._holders = 0
        self._originals: dict[str, Any] = {}
        self._lock = threading.Lock()

    def take(self) -> None:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._originals = {name: vars(std_tqdm)[name] for name in ("__new__", "write")}
                self._set(__new__=self._new(std_tqdm.__new__), write=self._write(self._originals["write"]))

    def give_back(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._set(**self._originals)

    def _set(self, **members: Any) -> None:
        for name, member in members.items():
            setattr(std_tqdm, name, member)

    def _new(self, original: Any) -> Any:
        def new(cls: Any, *args: Any, **kwargs: Any) -> Any:
            if current_job() is None or issubclass(cls, JobBar):
                return original(cls, *args, **kwargs)
            if cls.__module__ not in _FRONT_ENDS:
                return reporting(cls)
            # Being of another class, it is handed out as it is: Python calls no other __init__.
            bar = reporting(std_tqdm)
            bar.__init__(*args, **{name: value for name, value in kwargs.items() if name not in _FRONT_END_ARGUMENTS})
            return bar

        return staticmethod(new)

    def _write(self, original: Any) -> Any:
        def write(cls: Any, s: Any, file: Any = None, end: str = "\n", nolock: bool = False) -> None:
            if not logged(s, file):
                original.__get__(None, cls)(s, file=file, end=end, nolock=nolock)

        return classmethod(write)


_captured = _Captured()
