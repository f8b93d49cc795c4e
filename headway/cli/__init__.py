"""The command line, `headway`; its commands are the modules of `headway.cli.commands`."""

from headway.cli.main import app

__all__ = ["app"]
