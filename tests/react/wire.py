"""The kit's wire types: TypeScript from the API's own OpenAPI document."""

import json

from api.main import create_app
from headway.settings import Settings
from tests.react.kit import run


def wire_types() -> str:
    """The text of `apps/react/src/wire.ts`."""
    document = create_app(Settings()).openapi()
    schemas = {"openapi": document["openapi"], "info": document["info"], "paths": {}}
    schemas["components"] = {"schemas": document["components"]["schemas"]}
    options = ("--immutable", "--alphabetize", "--root-types", "--root-types-no-schema-prefix")
    done = run("openapi-typescript", *options, given=json.dumps(schemas))
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)
    return done.stdout


if __name__ == "__main__":
    print(wire_types(), end="")
