"""`python -m worker.recorder`: keep history until told to stop (Ctrl-C, SIGTERM)."""

import logging
import signal
import sys
from types import FrameType

from headway.errors import SettingsError
from headway.history.adopter import Adopter
from headway.history.database import Database, database_url
from headway.history.recorder import Recorder
from headway.settings import get_settings

WRONG_SET_UP = 2


def main() -> int:
    """Record; the exit status."""
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("headway").setLevel(logging.INFO)
    try:
        settings = get_settings()
        database = Database(database_url(settings))
    except SettingsError as error:
        print(f"headway: {error}", file=sys.stderr)
        return WRONG_SET_UP
    recorder = Recorder(settings, database)

    def stop(number: int, frame: FrameType | None) -> None:
        recorder.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    adopter = Adopter(settings)
    adopter.start()
    recorder.run()
    adopter.close()
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
