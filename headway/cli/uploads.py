"""Files of this machine among a job's parameters, sent to where the job can open them."""

from typing import Any

from headway.client import Client
from headway.fields import FormField
from headway.tasks import TaskInfo

_MARK = "@"


def uploaded(client: Client, info: TaskInfo, params: dict[str, Any]) -> dict[str, Any]:
    """The params with each `@path` of a file parameter uploaded, and the upload's id in its place.

    Raises:
        BadInput: there is no such file, or it cannot be read.
        TooLarge: it is larger than the API takes.
    """
    kinds = {field.name: field for field in info.fields}
    return {name: _sent(client, kinds[name], value) if name in kinds else value for name, value in params.items()}


def _sent(client: Client, field: FormField, value: Any) -> Any:
    if field.kind == "array" and field.item is not None and isinstance(value, list):
        return [_sent(client, field.item, entry) for entry in value]
    if field.kind == "file" and isinstance(value, str) and value.startswith(_MARK):
        return client.upload(value.removeprefix(_MARK)).file_id
    return value
