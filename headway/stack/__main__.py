"""`python -m headway.stack`, run in a checkout: what `make run` does; Procfiles that are named add to its own.

Exit status: 0 after Ctrl-C, 2 for a wrong set-up, 1 if one of the processes ended otherwise.
"""

import sys
from pathlib import Path

from headway.errors import HeadwayError
from headway.settings import read_settings
from headway.stack.launcher import WRONG_SET_UP, launch


def main() -> int:
    try:
        status, what_happened = launch(read_settings(), Path.cwd(), sys.argv[1:])
    except HeadwayError as error:
        print(f"headway: {error}", file=sys.stderr)
        return WRONG_SET_UP
    if status:
        print(f"headway: {what_happened}, so everything was stopped", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
