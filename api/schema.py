"""The OpenAPI document, with errors under the media type that they have."""

from typing import Any

from fastapi import FastAPI

from api import problems


class DocumentedApi(FastAPI):
    """FastAPI documents every model as `application/json`; a problem is `application/problem+json`."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            for path in super().openapi()["paths"].values():
                for operation in path.values():
                    _retype(operation["responses"])
        return super().openapi()


def _retype(responses: dict[str, dict[str, Any]]) -> None:
    for http_status, response in responses.items():
        if http_status >= "400":
            content = response["content"]
            content[problems.MEDIA_TYPE]["schema"] = content.pop("application/json")["schema"]
