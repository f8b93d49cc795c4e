"""The engines that run jobs, behind one seam."""

from importlib import import_module
from typing import cast

from headway.engines.base import Engine, EngineModule
from headway.errors import SettingsError
from headway.settings import Settings

__all__ = ["Engine", "EngineModule", "load"]


def load(settings: Settings) -> EngineModule:
    """The module of the engine that `HEADWAY_ENGINE` names.

    Raises:
        SettingsError: its queue library is not installed.
    """
    try:
        return cast(EngineModule, import_module(f"headway.engines.{settings.engine}"))
    except ImportError as error:
        install = f"pip install 'headway[{settings.engine}]'"
        raise SettingsError(f"HEADWAY_ENGINE: {settings.engine!r} needs {error.name!r}: {install}") from error
