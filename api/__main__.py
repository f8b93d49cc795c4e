"""Runs the API until SIGTERM or Ctrl-C: `python -m api`."""

import sys

from api.main import create_app
from api.server import serve
from headway.errors import SettingsError
from headway.settings import read_settings


def main() -> int:
    """Serve; 2 if a setting is wrong or the port is taken."""
    try:
        settings = read_settings()
        serve(create_app(settings), settings)
    except SettingsError as error:
        print(f"headway: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
