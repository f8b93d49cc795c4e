"""WebSocket frames that are made once and written to many sockets."""

from typing import Any

from websockets.frames import Frame, Opcode

#: The member of an ASGI message that holds the whole frame; a server that does not know it sends the text.
FRAME = "headway.frame"


def prebuilt(text: bytes) -> dict[str, Any]:
    """The ASGI message that sends `text`, which is UTF-8, with the frame beside it: a server's are not masked."""
    frame = Frame(Opcode.TEXT, text).serialize(mask=False, extensions=[])
    return {"type": "websocket.send", "text": text.decode(errors="replace"), FRAME: frame}
