"""What routes ask for by type: the services of this process, and who is asking."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header
from starlette.requests import HTTPConnection
from starlette.types import Scope

from api.audit import Audit
from api.auth import NOBODY, Action, Principal, allow
from api.expired import Expired
from api.hub import Hub
from api.limits import Limits
from api.past import Past
from api.sessions import Sessions
from api.sign_in import SignIn
from headway.engines import Engine
from headway.errors import NotAllowed
from headway.settings import Settings
from headway.store import AsyncStore, Store


@dataclass(frozen=True, slots=True)
class Services:
    """What lives as long as the process. `blocking_store` is for code that runs in a thread."""

    settings: Settings
    store: AsyncStore
    blocking_store: Store
    engine: Engine
    hub: Hub
    sign_in: SignIn
    audit: Audit
    limits: Limits
    sessions: Sessions
    past: Past
    expired: Expired


def services_of(scope: Scope) -> Services:
    """The services that the lifespan made, for a bare ASGI application."""
    services: Services = scope["state"]["services"]
    return services


def get_services(connection: HTTPConnection) -> Services:
    """The services that the lifespan made."""
    return services_of(connection.scope)


ServicesDep = Annotated[Services, Depends(get_services)]


def get_settings(services: ServicesDep) -> Settings:
    """The settings of this process."""
    return services.settings


def get_store(services: ServicesDep) -> AsyncStore:
    """The store for coroutines."""
    return services.store


def get_past(services: ServicesDep) -> Past:
    """What recorders wrote."""
    return services.past


def get_hub(services: ServicesDep) -> Hub:
    """Where watched jobs' snapshots arrive."""
    return services.hub


def get_principal(
    connection: HTTPConnection,
    x_headway_user: Annotated[
        str | None, Header(description="Who is asking, where nobody has to sign in; recorded as unverified.")
    ] = None,
) -> Principal:
    """Who is asking."""
    return principal_of(connection.scope)


def principal_of(scope: Scope) -> Principal:
    """Who is asking a bare ASGI application; nobody, if it was not found out."""
    principal: Principal = scope["state"].get("principal", NOBODY)
    return principal


PrincipalDep = Annotated[Principal, Depends(get_principal)]


def may(action: Action) -> Callable[[Principal, Services], Awaitable[Principal]]:
    """A dependency that lets pass who may do this, about no single job, and answers 403 to everyone else."""

    async def allowed(principal: PrincipalDep, services: ServicesDep) -> Principal:
        if not allow(principal, action, None):
            why = f"{principal.name!r} may not do this: {action}"
            await services.audit.refused(principal, action, why)
            raise NotAllowed(why)
        return principal

    return allowed


SettingsDep = Annotated[Settings, Depends(get_settings)]
StoreDep = Annotated[AsyncStore, Depends(get_store)]
PastDep = Annotated[Past, Depends(get_past)]
HubDep = Annotated[Hub, Depends(get_hub)]
Submitter = Annotated[Principal, Depends(may("submit"))]
Uploader = Annotated[Principal, Depends(may("upload"))]
Lister = Annotated[Principal, Depends(may("list"))]
Auditor = Annotated[Principal, Depends(may("audit"))]
Observer = Annotated[Principal, Depends(may("observe"))]
