"""What `-p` and `--params` mean for a task, and what is wrong with them."""

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from headway.cli.params import read_params
from headway.errors import BadInput, InvalidParams
from headway.fields import fields
from headway.params import params_model
from headway.schema import params_schema
from headway.tasks import TaskInfo


def shaped(
    count: Annotated[int, Field(ge=0)] = 0,
    share: float | None = 0.5,
    loud: bool = False,
    flags: list[bool] | None = None,
    words: list[str] | None = None,
    numbers: list[int] | None = None,
    day: date | None = None,
    size: Literal["small", 2, "large"] = "small",
    anything: Any = None,
    name: str = "nobody",
) -> None:
    """A parameter of every kind."""


INFO = TaskInfo(name="shaped", fields=fields(params_schema(params_model("shaped", shaped))))


@pytest.mark.parametrize(
    ("given", "means"),
    [
        (["count=3"], {"count": 3}),
        (["count=1e3"], {"count": 1000}),
        (["share=.25"], {"share": 0.25}),
        (["share="], {"share": None}),
        (["loud=Yes"], {"loud": True}),
        (["flags=on,0"], {"flags": [True, False]}),
        (["words=to be,or not"], {"words": ["to be", "or not"]}),
        (['words=["to be, or", "not"]'], {"words": ["to be, or", "not"]}),
        (["words=to be, or", "words=not"], {"words": ["to be, or", "not"]}),
        (["words=[draft"], {"words": ["[draft"]}),
        (["numbers=1, 2"], {"numbers": [1, 2]}),
        (["day=2026-01-31"], {"day": "2026-01-31"}),
        (["size=2"], {"size": 2}),
        (["size=large"], {"size": "large"}),
        (['anything={"a": [null]}'], {"anything": {"a": [None]}}),
        (["name=a=b"], {"name": "a=b"}),
        # What is the default anyway is left to the task.
        (["loud=no"], {}),
        (["loud=OFF"], {}),
        (["name=nobody", "count=0"], {}),
    ],
)
def test_a_text_is_read_as_what_its_parameter_is(given: list[str], means: dict[str, Any]) -> None:
    read = read_params(INFO, given, None)
    assert read == means
    assert [type(value) for value in read.values()] == [type(value) for value in means.values()]


def test_json_goes_beside_them_as_it_is() -> None:
    assert read_params(INFO, ["count=3"], '{"name": "", "beyond": 1}') == {"count": 3, "name": "", "beyond": 1}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["conut=3"], "'conut': no such parameter; did you mean 'count'?"),
        (["zzz=3"], "'zzz': no such parameter; the task takes count, share, loud, "),
        (["count=many"], "'count': must be a number"),
        (["count=-1"], "'count': must be at least 0"),
        (["count=1.5"], "'count': must be a whole number"),
        (["count=1", "count=2"], "'count': is given 2 times, and takes one value"),
        (["loud=perhaps"], "'loud': must be true or false"),
        (["numbers=1,x"], "'numbers.1': must be a number"),
        (["day=tomorrow"], "'day': must be a date such as 2026-01-31"),
        (["size=3"], "'size': must be one of small, 2, large"),
        (["anything={"], "'anything': must be JSON"),
    ],
)
def test_a_wrong_key_or_value_is_named(given: list[str], sentence: str) -> None:
    with pytest.raises(InvalidParams) as wrong:
        read_params(INFO, given, None)
    assert f"task 'shaped': parameter {sentence}" in str(wrong.value)
    assert len(wrong.value.errors) == 1


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InvalidParams) as wrong:
        read_params(INFO, ["conut=3", "loud=perhaps", "day=x"], None)
    assert [error["field"] for error in wrong.value.errors] == ["conut", "loud", "day"]


@pytest.mark.parametrize(
    ("given", "params", "sentence"),
    [
        (["count"], None, "-p 'count': write key=value"),
        (["=3"], None, "-p '=3': write key=value"),
        (["count=1"], '{"count": 2}', "parameter 'count' is given by -p and in --params"),
        ([], "[1]", "--params: must be a JSON object"),
        ([], "{", "--params: not JSON: "),
        ([], '{"count": NaN}', "--params: JSON has no NaN"),
        ([], "[" * 100_000, "--params: nested too deep"),
    ],
)
def test_what_is_no_parameter_at_all_is_refused(given: list[str], params: str | None, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence.replace("[", r"\[")):
        read_params(INFO, given, params)
