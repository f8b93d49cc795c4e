"""The application, put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from anyio import to_thread
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

from api import problems, uploads
from api.audit import Audit
from api.deadline import ANSWER_S
from api.deps import Services
from api.doors import Doors
from api.expired import Expired
from api.guard import ORIGIN, BodyGuard, NamesGuard
from api.hub import Hub
from api.limits import Limits
from api.past import Past
from api.routes import (
    access,
    analytics,
    audit,
    control,
    events,
    files,
    health,
    history,
    jobs,
    logs,
    metrics,
    overview,
    status,
    tasks,
    ui,
    workers,
    workflow,
    ws,
)
from api.schema import DocumentedApi
from api.sessions import Sessions
from api.sign_in import ByToken, Local, SignIn
from api.uploads import FRAMING_MAX
from headway import engines
from headway.history.database import database_url
from headway.settings import Settings
from headway.store import AsyncStore, Store
from headway.version import __version__

_EXPOSED = ["ETag", "Headway-Poll-After", "Location", "Retry-After"]


class State(TypedDict):
    """What requests find in their `state`."""

    services: Services


def create_app(settings: Settings, engine: engines.Engine | None = None, *, sign_in: SignIn | None = None) -> FastAPI:
    """The API for these settings; `engine` and `sign_in` None take what they name. Nothing is opened before it starts.

    Raises:
        SettingsError: the queue library that the settings name is not installed, or their database is of no known kind.
    """
    chosen = engine if engine is not None else engines.load(settings).engine(settings)
    database_url(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        async with _services(settings, chosen, sign_in) as services:
            yield {"services": services}

    app = DocumentedApi(
        title="headway",
        version=__version__,
        description="What jobs are doing, live. A job's snapshot is one JSON object; `seq` alone orders two of them.",
        lifespan=lifespan,
    )
    problems.install(app)
    # A request goes through the routes in this order, and polls are the most frequent.
    for module in (
        status,
        jobs,
        history,
        logs,
        metrics,
        control,
        files,
        events,
        workflow,
        tasks,
        workers,
        overview,
        analytics,
        access,
        audit,
        health,
    ):
        app.include_router(module.router)
    app.router.routes.extend(ws.ROUTES)
    app.router.routes.extend(ui.page_routes(settings.react_dir))
    # The last one added is the first that a request meets.
    app.add_middleware(
        BodyGuard, max_bytes=settings.body_max_bytes, file_max_bytes=settings.file_max_bytes + FRAMING_MAX
    )
    app.add_middleware(Doors)
    origins = frozenset(settings.allowed_origins) if settings.auth == "required" else None
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.allowed_origins,
        allow_origin_regex=None if origins is not None else ORIGIN.pattern,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=_EXPOSED,
    )
    app.add_middleware(NamesGuard, origins=origins)
    return app


@asynccontextmanager
async def _services(settings: Settings, engine: engines.Engine, sign_in: SignIn | None) -> AsyncIterator[Services]:
    await to_thread.run_sync(uploads.sweep, settings)
    store = AsyncStore(settings, deadline_s=ANSWER_S)
    blocking_store = Store(settings)
    past = Past(settings)
    expired = Expired(store, past)
    hub = Hub(settings, store, expired)
    hub.start()
    audit = Audit(store, settings)
    sign_in = sign_in or (ByToken(store, audit) if settings.auth == "required" else Local())
    sessions = Sessions(store, sign_in)
    sessions.start()
    try:
        limits = Limits(store, settings)
        yield Services(settings, store, blocking_store, engine, hub, sign_in, audit, limits, sessions, past, expired)
    finally:
        await sessions.close()
        past.close()
        await hub.close()
        await store.close()
        blocking_store.close()
        engine.close()
