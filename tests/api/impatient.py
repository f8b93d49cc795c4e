"""The API as it is, but for its patience: what takes minutes takes a second here."""

from functools import partial

from api import event_stream, main
from api.server import serve
from headway.settings import Settings

if __name__ == "__main__":
    event_stream.KEEP_ALIVE_S = 0.5
    event_stream.BLOCKED_MAX_S = 1.0
    main.Hub = partial(main.Hub, linger_s=1.0)
    settings = Settings()
    serve(main.create_app(settings), settings, ping_s=1.0, sweep_s=1.0)
