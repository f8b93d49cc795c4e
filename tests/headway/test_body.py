"""The body of a snapshot as JSON text."""

import json

from headway import body


def test_nan_and_infinity_become_null_however_deep_they_are() -> None:
    members = {"rate": float("nan"), "metrics": {"loss": float("inf"), "n": 1.5}, "bars": [{"fraction": -float("inf")}]}
    assert json.loads(b"{" + body.encode(members)) == {
        "rate": None, "metrics": {"loss": None, "n": 1.5}, "bars": [{"fraction": None}],
    }  # fmt: skip
