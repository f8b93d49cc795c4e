"""What a process writes, cut into lines of a log."""

from headway import values
from headway.logs import LINE_MAX_CHARS, LINES_MAX, Line, left_out

# So many bytes are more characters than a line may have, whatever they are.
_REST_MAX_BYTES = 4 * (LINE_MAX_CHARS + 1)


class Lines:
    """One stream of bytes, in any encoding of lines: `\\n`, `\\r\\n`, and lines drawn over themselves with `\\r`.

    Of the latter the last state is the line, as on a terminal, so a progress bar is one line once it is closed. What
    has no newline yet waits for it.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that are whole now; of more than 2,000 at once the newest, and one that counts the others."""
        *whole, rest = (self._rest + chunk).split(b"\n")
        self._rest = _last_state(rest)
        dropped = len(whole) - LINES_MAX
        if dropped <= 0:
            return [_line(line) for line in whole]
        return [left_out(dropped), *(_line(line) for line in whole[dropped:])]

    def end(self) -> list[Line]:
        """What still waited for its newline."""
        rest, self._rest = self._rest, b""
        return [_line(rest)] if rest.strip(b"\r") else []


def _last_state(rest: bytes) -> bytes:
    """What has to be kept of a line that is not whole yet; bounded, whatever comes."""
    shown = rest.rstrip(b"\r")
    kept = shown.rpartition(b"\r")[2][:_REST_MAX_BYTES]
    return kept + b"\r" if len(shown) < len(rest) else kept


def _line(raw: bytes) -> Line:
    shown = raw.rstrip(b"\r").rpartition(b"\r")[2][:_REST_MAX_BYTES]
    return values.text(shown.decode("utf-8", "replace"), LINE_MAX_CHARS), 0
