"""Files for jobs."""

from anyio import to_thread
from fastapi import APIRouter, Request

from api import examples, problems, uploads
from api.answers import Upload
from api.deps import ServicesDep, SettingsDep, Uploader

router = APIRouter(tags=["files"])

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        }
    },
}


@router.post(
    "/files",
    operation_id="upload_file",
    summary="Upload a file",
    status_code=201,
    responses={
        201: examples.one(examples.UPLOAD),
        **problems.documented(
            problems.TOO_MANY, problems.STORAGE_FULL, problems.UNAVAILABLE, *problems.WITH_BODY, *problems.EVERYWHERE
        ),
    },
    openapi_extra={"requestBody": _BODY},
)
async def upload_file(request: Request, settings: SettingsDep, services: ServicesDep, principal: Uploader) -> Upload:
    """One file part, written to disk as it arrives; give its `file_id` to a parameter of format `headway-file`."""
    async with services.audit.refusals(principal, "upload"):
        await services.limits.submit(principal)
    await to_thread.run_sync(uploads.sweep, settings)
    received = await uploads.receive(request.headers.get("content-type", ""), request.stream(), settings)
    await services.audit.did(principal, "upload")
    return received
