"""The API as it is, but for its patience: what takes minutes takes a second here."""

from api import event_stream
from api.main import create_app
from api.server import serve
from headway.settings import Settings

PING_S = 1.0

if __name__ == "__main__":
    event_stream.KEEP_ALIVE_S = 0.5
    event_stream.BLOCKED_MAX_S = 1.0
    settings = Settings()
    serve(create_app(settings), settings, ping_s=PING_S)
