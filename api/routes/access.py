"""Who one is here, and tickets for what a browser opens."""

from fastapi import APIRouter

from api import examples, problems
from api.answers import Me, Ticket
from api.deps import Lister, PrincipalDep, StoreDep
from api.tickets import issue
from headway.access.tickets import TICKET_S
from headway.clock import format_utc

router = APIRouter(tags=["access"])


@router.get(
    "/me",
    operation_id="get_me",
    summary="Who is asking",
    responses={
        200: examples.one(examples.ME),
        **problems.documented(*problems.EVERYWHERE, problems.REDIS_UNAVAILABLE),
    },
)
async def get_me(principal: PrincipalDep) -> Me:
    """What the token shown stands for."""
    ends_s = principal.expires_at_s
    return Me(
        name=principal.name,
        verified=principal.verified,
        role=principal.role,
        owner=principal.owner,
        expires_at=None if ends_s is None else format_utc(ends_s),
    )


@router.post(
    "/tickets",
    operation_id="issue_ticket",
    summary="A ticket for a socket",
    responses={
        200: examples.one(examples.TICKET),
        **problems.documented(*problems.EVERYWHERE, problems.REDIS_UNAVAILABLE),
    },
)
async def issue_ticket(store: StoreDep, principal: Lister) -> Ticket:
    """Browsers can put no header on a socket, and a token does not belong into an address."""
    return Ticket(ticket=await issue(store, principal), expires_in_s=TICKET_S)
