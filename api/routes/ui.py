"""The page made from the React kit: `/ui` and, for one job, `/ui/jobs/<id>`."""

import re
from html import escape
from pathlib import Path

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

_ASSET = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")

#: Nothing comes from elsewhere, no script or style stands in the page itself, and no other page may frame this one.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
#: The page names its assets by a hash of their content.
_FOR_EVER = "public, max-age=31536000, immutable"

_NOT_BUILT = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>headway</title></head>
<body>
<h1>This page has not been built</h1>
<p>The API runs, and there is no page in <code>{folder}</code>. <code>make page</code> builds it, as does
<code>make run</code>, where npm's packages can be had.</p>
<p><a href="/docs">The API's own documentation</a></p>
</body>
</html>
"""


def page_routes(folder: Path) -> list[BaseRoute]:
    """Routes for the page built into `folder`, as it is at each request; while there is none they say so."""

    async def page(request: Request) -> Response:
        index = folder / "index.html"
        if not await to_thread.run_sync(index.is_file):
            text = _NOT_BUILT.format(folder=escape(str(folder)))
            return HTMLResponse(text, 404, SECURITY_HEADERS | {"Cache-Control": "no-store"})
        return FileResponse(index, headers=SECURITY_HEADERS | {"Cache-Control": "no-cache"})

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        path = folder / "assets" / name
        if not _ASSET.fullmatch(name) or not await to_thread.run_sync(path.is_file):
            raise HTTPException(404)
        return FileResponse(path, headers=SECURITY_HEADERS | {"Cache-Control": _FOR_EVER})

    pages = [Route(path, page) for path in ("/ui", "/ui/", "/ui/jobs/{job_id}")]
    return [*pages, Route("/ui/assets/{name}", asset)]
