"""Each page's states, against a real API; jobs are written as a foreign program writes them."""

import json
from typing import Any, get_args

import pytest
from plain_text import plain
from redis import Redis
from streamlit.testing.v1 import AppTest

from headway import keys
from headway.fields import FormField, Kind, fields
from headway.tasks import TaskInfo
from headway.workers import WorkerInfo, announce
from tests.apps.conftest import OpenPage
from tests.headway.scripted_api import ScriptedApi
from tests.ports import free_port
from tests.servers import ApiServer

REFUSED = f"Not submitted: {plain('1 field needs a look.')}"


def put(redis: Redis, job_id: str, status: str, **members: Any) -> None:
    redis.set(keys.snapshot(job_id), json.dumps({"job_id": job_id, "status": status, **members}))


def address(app: AppTest) -> dict[str, str]:
    """The query parameters that the page has now."""
    return {name: value if isinstance(value, str) else value[0] for name, value in app.query_params.items()}


def one_task(scripted_api: ScriptedApi, **field: Any) -> None:
    """Let the API know a task with one field, whose jobs all are `s-1`."""
    form = [FormField.model_validate({"name": "rows", "kind": "integer", "required": False, "default": 20, **field})]
    scripted_api.answer("GET", "/tasks", 200, [TaskInfo(name="count", fields=form, workers=1).model_dump(mode="json")])
    scripted_api.answer("POST", "/jobs", 201, {"job_id": "s-1", "status": "queued"})
    scripted_api.frame("s-1", b'{"job_id": "s-1", "status": "running", "task": "count", "percent": 7, "seq": 1}', seq=1)


def shown(app: AppTest) -> dict[str, Any]:
    """What the card was given."""
    return json.loads(app.get("bidi_component")[0].proto.json)


def test_a_running_job_is_shown_at_once(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    put(redis, "p-running", "running", percent=42, message="chunk 3/7", n=3, total=7, unit="chunk")
    card = shown(open_page(api.url, "job", job="p-running"))
    assert (card["percent"], card["message"], card["status"]) == (42, "chunk 3/7", "running")
    assert card["notices"] == []


def test_a_finished_table_is_drawn_as_a_table(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    table = {"type": "table", "columns": ["a", "b"], "rows": [[1, "x"], [2, None]], "total_rows": 5}
    put(redis, "p-table", "finished", percent=100, result=table)
    app = open_page(api.url, "job", job="p-table")
    assert shown(app)["percent"] == 100
    assert app.dataframe[0].value["a"].tolist() == [1, 2]
    assert "The first 2 of 5 rows." in [caption.value for caption in app.caption]


def test_a_finished_number_is_a_metric(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    put(redis, "p-number", "finished", result=42)
    assert open_page(api.url, "job", job="p-number").metric[0].value == "42"


def test_any_other_result_is_a_tree(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    put(redis, "p-json", "finished", result={"msg": "done", "value": 42})
    assert json.loads(open_page(api.url, "job", job="p-json").json[0].value) == {"msg": "done", "value": 42}


def test_a_failed_job_says_what_went_wrong(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    put(redis, "p-failed", "failed", percent=40, error={"type": "ValueError", "detail": "chunk 3 is empty"})
    card = shown(open_page(api.url, "job", job="p-failed"))
    assert card["error"] == {"type": "ValueError", "detail": "chunk 3 is empty"}
    assert card["percent"] == 40


def test_a_canceled_job_keeps_its_percent(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    put(redis, "p-canceled", "canceled", percent=40)
    card = shown(open_page(api.url, "job", job="p-canceled"))
    assert (card["status"], card["percent"], card["error"]) == ("canceled", 40, None)


def test_an_unknown_job_is_said_to_be_unknown(api: ApiServer, open_page: OpenPage) -> None:
    card = shown(open_page(api.url, "job", job="p-nobody"))
    assert card["notices"] == ["No job with the id p-nobody is known. If it is submitted later, it appears here."]


def test_an_impossible_id_is_said_to_be_none(api: ApiServer, open_page: OpenPage) -> None:
    card = shown(open_page(api.url, "job", job="../" * 5000))
    assert "is no job id" in card["notices"][0]
    assert len(card["notices"][0]) < 300


def test_without_an_id_the_job_page_asks_for_one(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    put(redis, "p-asked", "running", percent=7)
    app = open_page(api.url, "job")
    app.text_input[0].set_value(" p-asked ")
    app.button[0].click().run()
    assert shown(app)["percent"] == 7
    assert app.query_params["job"] == "p-asked"


def test_what_was_known_stays_when_the_api_goes_away(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.frame("p-away", b'{"job_id": "p-away", "status": "running", "percent": 42, "seq": 3}', seq=3)
    app = open_page(scripted_api.url, "job", job="p-away")
    scripted_api.stop()
    card = shown(app.run())
    scripted_api.start()
    assert card["percent"] == 42
    assert card["problem"].startswith("no API answers at")
    assert card["age_s"] > 0
    back = shown(app.run())
    assert (back["problem"], back["age_s"]) == ("", 0)


def test_the_run_page_waits_for_an_api_that_is_away(open_page: OpenPage, scripted_api: ScriptedApi) -> None:
    scripted_api.answer("GET", "/tasks", 503, {"detail": "Redis does not answer"})
    scripted_api.answer("GET", "/tasks", 200, [])
    app = open_page(scripted_api.url, "run")
    assert app.info[0].value.startswith("No worker has announced a task yet.")


def test_a_task_that_nobody_serves_is_said_to_wait(api: ApiServer, open_page: OpenPage) -> None:
    app = open_page(api.url, "run")
    app.selectbox(key="task").select("long_task").run()
    assert app.warning[0].value.startswith("No worker serves this task now.")


def test_the_lessons_task_is_slid_from_1_to_20_starting_at_5(api: ApiServer, open_page: OpenPage) -> None:
    app = open_page(api.url, "run")
    app.selectbox(key="task").select("long_task").run()
    slider = app.slider[0]
    assert (slider.min, slider.max, slider.value) == (1, 20, 5)
    assert slider.label.endswith("(1 to 20)")


def test_a_submitted_job_appears_below_with_its_link(api: ApiServer, open_page: OpenPage) -> None:
    app = open_page(api.url, "run")
    app.selectbox(key="task").select("long_task").run()
    app.button[0].click().run()
    card = shown(app)
    assert (card["status"], card["heading"]) == ("queued", "long_task")
    assert app.code[0].value.endswith(f"job?job={card['job_id']}")


def test_a_reload_after_a_submit_shows_the_same_task_and_job(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    serve(redis, TaskInfo(name="wander"))
    app = open_page(api.url, "run")
    app.selectbox(key="task").select("wander").run()
    app.button[0].click().run()
    job_id = shown(app)["job_id"]
    assert address(app) == {"task": "wander", "job": job_id}
    reloaded = open_page(api.url, "run", **address(app))
    assert shown(reloaded)["job_id"] == job_id
    assert reloaded.selectbox(key="task").value == "wander"


def test_the_run_page_begins_with_the_hello_world(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    serve(redis, TaskInfo(name="again"))
    assert open_page(api.url, "run").selectbox(key="task").value == "long_task"


def test_the_run_page_begins_with_the_first_task_where_there_is_no_hello_world(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    one_task(scripted_api)
    assert open_page(scripted_api.url, "run").selectbox(key="task").value == "count"


def test_the_run_page_begins_with_the_task_last_run(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    serve(redis, TaskInfo(name="again"))
    app = open_page(api.url, "run")
    app.selectbox(key="task").select("again").run()
    app.button[0].click().run()
    app.selectbox(key="task").select("long_task").run()
    app.query_params.clear()
    app.switch_page("app_pages/job.py").run()
    app.switch_page("app_pages/run.py").run()
    assert app.selectbox(key="task").value == "again"


def test_another_task_takes_the_job_before_it_away(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    serve(redis, TaskInfo(name="wander"))
    app = open_page(api.url, "run", task="wander", job="p-before")
    assert app.get("bidi_component")
    app.selectbox(key="task").select("long_task").run()
    assert not app.get("bidi_component")
    assert address(app) == {"task": "long_task"}


def test_the_run_page_has_its_job_again_after_another_page(api: ApiServer, open_page: OpenPage) -> None:
    app = open_page(api.url, "run")
    app.button[0].click().run()
    before = address(app)
    app.query_params.clear()
    app.switch_page("app_pages/job.py").run()
    app.switch_page("app_pages/run.py").run()
    assert address(app) == before
    assert shown(app)["job_id"] == before["job"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("-5", "Must be at least 1."),
        ("1e30", "Must be at most 9000."),
        ("", "This field is required."),
        ("many", "Must be a number."),
    ],
)
def test_a_refused_number_is_said_twice_and_leaves_no_job_in_view(
    scripted_api: ScriptedApi, open_page: OpenPage, entry: str, said: str
) -> None:
    one_task(scripted_api, minimum=1, maximum=9000)
    app = open_page(scripted_api.url, "run")
    app.button[0].click().run()
    assert shown(app)["job_id"] == "s-1"
    app.text_input[0].set_value(entry)
    app.button[0].click().run()
    assert [error.value for error in app.error] == [plain(said), REFUSED]
    assert not app.get("bidi_component")
    assert address(app) == {"task": "count"}
    assert len([seen for seen in scripted_api.seen if seen.method == "POST"]) == 1


def test_without_an_id_the_job_page_lists_the_newest_jobs_with_one_request(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    jobs = [
        {"job_id": "l-2", "status": "running", "task": "<b>", "message": "**2**", "percent": 40},
        {"job_id": "l-1"},
        {"job_id": "l-0", "status": "running", "n": 7},
    ]
    scripted_api.answer("GET", "/jobs", 200, {"jobs": [{"status": "queued"} | job for job in jobs], "next": None})
    app = open_page(scripted_api.url, "job")
    rows = shown(app)["jobs"]
    assert [(row["href"], row["word"], row["task"], row["message"], row["percent"]) for row in rows] == [
        ("job?job=l-2", "Running", "<b>", "**2**", 40),
        ("job?job=l-1", "Queued", "Job", "", 0),
        ("job?job=l-0", "Running", "Job", "", None),
    ]
    before = len(scripted_api.seen)
    app.run()
    assert [(seen.path, seen.query) for seen in scripted_api.seen[before:]] == [("/jobs", {"limit": "10"})]


def test_the_list_tells_paused_and_canceled_jobs_apart(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    can = ["resume", "cancel"]
    jobs = [
        {"job_id": "l-6", "status": "paused", "message": "step 2/5", "percent": 40, "can": can, "started_at": "x"},
        {"job_id": "l-5", "status": "paused", "message": "paused before it began", "can": can},
        {"job_id": "l-4", "status": "canceled", "message": "canceled", "percent": 40},
    ]
    scripted_api.answer("GET", "/jobs", 200, {"jobs": jobs, "next": None})
    rows = shown(open_page(scripted_api.url, "job"))["jobs"]
    assert [(row["status"], row["word"], row["message"], row["percent"]) for row in rows] == [
        ("paused", "Paused", "step 2/5", 40),
        ("paused", "Paused", "paused before it began", 0),
        ("canceled", "Canceled", "canceled", 40),
    ]


def test_the_list_says_why_a_job_failed(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    error = {"type": "ValueError", "detail": "chunk 3 is empty"}
    job = {"job_id": "l-3", "status": "failed", "message": "error", "error": error}
    scripted_api.answer("GET", "/jobs", 200, {"jobs": [job], "next": None})
    (row,) = shown(open_page(scripted_api.url, "job"))["jobs"]
    assert row["message"] == "ValueError: chunk 3 is empty"


def test_the_list_of_jobs_waits_for_an_api_that_is_away(open_page: OpenPage) -> None:
    app = open_page(f"http://127.0.0.1:{free_port()}", "job")
    assert app.info[0].value.startswith("The API gives no answer now; this page goes on asking.")
    assert app.text_input[0].label == "Job id"


def test_the_same_can_be_run_again_and_each_submit_has_a_button_of_its_own(
    api: ApiServer, redis: Redis, open_page: OpenPage
) -> None:
    app = open_page(api.url, "run")
    app.selectbox(key="task").select("long_task").run()
    before = redis.zcard(keys.INDEX)
    buttons = [app.button[0].id]
    for _ in range(2):
        app.button[0].click().run()
        buttons.append(app.button[0].id)
    assert redis.zcard(keys.INDEX) == before + 2
    assert len(set(buttons)) == 3


def test_what_is_wrong_is_said_at_its_field(api: ApiServer, redis: Redis, open_page: OpenPage) -> None:
    schema = {
        "properties": {"name": {"type": "string", "minLength": 5}, "note": {"type": "string"}},
        "required": ["name"],
    }
    serve(redis, TaskInfo(name="greet", params_schema={"type": "object", **schema}, fields=fields(schema)))
    app = open_page(api.url, "run")
    app.selectbox(key="task").select("greet").run()
    app.text_input[0].set_value("Ada")
    app.button[0].click().run()
    assert [error.value for error in app.error] == [plain("'Ada' is too short."), REFUSED]
    assert not app.get("bidi_component")


def test_a_required_field_that_is_empty_is_said_before_anything_is_sent(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    schema = {"properties": {"name": {"type": "string"}}, "required": ["name"]}
    task = TaskInfo(name="greet", params_schema=schema, fields=fields(schema), workers=1)
    scripted_api.answer("GET", "/tasks", 200, [task.model_dump(mode="json")])
    app = open_page(scripted_api.url, "run")
    app.button[0].click().run()
    assert [error.value for error in app.error] == [plain("This field is required."), REFUSED]
    assert not [seen for seen in scripted_api.seen if seen.method == "POST"]


def test_every_kind_of_field_has_a_widget(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    kinds = get_args(Kind)
    form = [FormField(name=kind, kind=kind, required=False, choices=["a", "b"]) for kind in kinds]
    form[kinds.index("array")] = FormField(
        name="array", kind="array", required=False, item=FormField(name="", kind="integer")
    )
    scripted_api.answer("GET", "/tasks", 200, [TaskInfo(name="all", fields=form).model_dump(mode="json")])
    scripted_api.answer("POST", "/jobs", 201, {"job_id": "all-1", "status": "queued"})
    app = open_page(scripted_api.url, "run")
    app.button[0].click().run()
    assert not app.exception
    assert [error.value for error in app.error] == []
    (submit,) = [seen for seen in scripted_api.seen if seen.method == "POST"]
    assert json.loads(submit.body)["params"] == {}


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "integer", "default": 0, "minimum": 1},
        {"kind": "integer", "default": 2**60},
        {"kind": "number", "default": "many"},
        {"kind": "date", "default": "soon"},
        {"kind": "array", "default": [9], "item": {"name": "", "kind": "choice", "choices": [1, 2]}},
    ],
)
def test_a_default_that_no_widget_takes_does_not_take_the_page_away(
    scripted_api: ScriptedApi, open_page: OpenPage, members: dict[str, Any]
) -> None:
    form = [FormField.model_validate({"name": "odd", "required": False, **members})]
    scripted_api.answer("GET", "/tasks", 200, [TaskInfo(name="all", fields=form).model_dump(mode="json")])
    assert open_page(scripted_api.url, "run").button[0].label == "Run"


def answered_uploads(scripted_api: ScriptedApi, *file_ids: str) -> None:
    for file_id in file_ids:
        answer = {"file_id": file_id, "bytes": 4, "name": "t.csv"}
        scripted_api.answer("POST", "/files", 201, answer)


def sent_params(scripted_api: ScriptedApi) -> list[dict[str, Any]]:
    return [json.loads(seen.body)["params"] for seen in scripted_api.seen if seen.path == "/jobs"]


TABLE = {"name": "table", "kind": "file", "nullable": True, "default": None}


@pytest.mark.parametrize(("default", "required"), [(None, True), (None, False), ("own.csv", False)])
def test_an_uploaded_file_reaches_the_job_by_its_id(
    scripted_api: ScriptedApi, open_page: OpenPage, default: str | None, required: bool
) -> None:
    one_task(scripted_api, **TABLE | {"default": default, "required": required})
    answered_uploads(scripted_api, "1" * 32)
    app = open_page(scripted_api.url, "run")
    app.file_uploader[0].upload("t.csv", b"a\n1\n")
    app.button[0].click().run()
    assert not app.exception
    (upload,) = [seen for seen in scripted_api.seen if seen.path == "/files"]
    assert b'filename="t.csv"' in upload.body
    assert b"a\n1\n" in upload.body
    assert sent_params(scripted_api) == [{"table": "1" * 32}]


def test_a_path_is_sent_as_it_is_and_uploads_nothing(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    one_task(scripted_api, **TABLE)
    app = open_page(scripted_api.url, "run")
    app.text_input[0].set_value(" t.csv ")
    app.button[0].click().run()
    assert sent_params(scripted_api) == [{"table": "t.csv"}]
    assert not [seen for seen in scripted_api.seen if seen.path == "/files"]


def test_paths_and_uploads_together_are_a_list_of_files(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    item = {"name": "", "kind": "file"}
    one_task(scripted_api, name="tables", kind="array", item=item, default=None, required=False)
    answered_uploads(scripted_api, "1" * 32, "2" * 32)
    app = open_page(scripted_api.url, "run")
    app.button[0].click().run()
    app.text_area[0].set_value("t.csv\n")
    app.file_uploader[0].upload("u.csv", b"a\n").upload("v.csv", b"b\n")
    app.button[0].click().run()
    assert sent_params(scripted_api) == [{}, {"tables": ["t.csv", "1" * 32, "2" * 32]}]


def test_a_path_and_an_upload_for_one_file_are_refused_at_the_field(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    one_task(scripted_api, **TABLE)
    app = open_page(scripted_api.url, "run")
    app.text_input[0].set_value("t.csv")
    app.file_uploader[0].upload("t.csv", b"a\n")
    app.button[0].click().run()
    assert [error.value for error in app.error] == [plain("Takes a path or an uploaded file, not both."), REFUSED]
    assert not [seen for seen in scripted_api.seen if seen.method == "POST"]


@pytest.mark.parametrize(
    ("http_status", "problem"),
    [
        (413, {"type": "urn:headway:too-large", "detail": "the file is larger than 3 bytes"}),
        (507, {"type": "urn:headway:storage-full", "detail": "there is no room left for uploads"}),
        (503, {"type": "urn:headway:unavailable", "detail": "uploads cannot be kept"}),
    ],
)
def test_an_upload_that_fails_is_said_at_its_field_and_nothing_is_submitted(
    scripted_api: ScriptedApi, open_page: OpenPage, http_status: int, problem: dict[str, str]
) -> None:
    one_task(scripted_api, **TABLE)
    scripted_api.answer("POST", "/files", http_status, problem)
    app = open_page(scripted_api.url, "run")
    app.file_uploader[0].upload("t.csv", b"a\n1\n")
    app.button[0].click().run()
    said, refused = [error.value for error in app.error]
    assert said.startswith(plain("Could not be uploaded: "))
    assert plain(problem["detail"]) in said
    assert refused == REFUSED
    assert sent_params(scripted_api) == []


def test_an_upload_that_fails_is_named_among_several(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    item = {"name": "", "kind": "file"}
    one_task(scripted_api, name="tables", kind="array", item=item, default=None)
    answered_uploads(scripted_api, "1" * 32)
    scripted_api.answer("POST", "/files", 413, {"type": "urn:headway:too-large", "detail": "larger than 3 bytes"})
    app = open_page(scripted_api.url, "run")
    app.file_uploader[0].upload("u.csv", b"a\n").upload("v.csv", b"a\n1\n")
    app.button[0].click().run()
    assert app.error[0].value == plain("Entry 2 (v.csv) could not be uploaded: larger than 3 bytes.")


def test_nothing_is_uploaded_for_a_form_with_another_fault(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    form = [FormField.model_validate(TABLE), FormField(name="rows", kind="integer", minimum=1)]
    scripted_api.answer("GET", "/tasks", 200, [TaskInfo(name="count", fields=form, workers=1).model_dump(mode="json")])
    app = open_page(scripted_api.url, "run")
    app.file_uploader[0].upload("t.csv", b"a\n1\n")
    app.text_input[1].set_value("0")
    app.button[0].click().run()
    assert [error.value for error in app.error] == [plain("Must be at least 1."), REFUSED]
    assert not [seen for seen in scripted_api.seen if seen.method == "POST"]


def test_a_refresh_is_one_request_for_the_job_and_one_for_its_log(
    scripted_api: ScriptedApi, open_page: OpenPage
) -> None:
    scripted_api.frame("p-once", b'{"job_id": "p-once", "status": "running", "seq": 3}', seq=3)
    app = open_page(scripted_api.url, "job", job="p-once")
    before = len(scripted_api.seen)
    app.run()
    assert [seen.path for seen in scripted_api.seen[before:]] == ["/status/p-once", "/jobs/p-once/logs"]


def test_an_older_snapshot_does_not_replace_a_newer_one(scripted_api: ScriptedApi, open_page: OpenPage) -> None:
    scripted_api.frame("p-older", b'{"job_id": "p-older", "status": "running", "percent": 40, "seq": 4}', seq=4)
    app = open_page(scripted_api.url, "job", job="p-older")
    scripted_api.frame("p-older", b'{"job_id": "p-older", "status": "running", "percent": 20, "seq": 3}', seq=3)
    assert shown(app.run())["percent"] == 40


def test_the_job_page_opens_while_the_api_is_away(open_page: OpenPage) -> None:
    card = shown(open_page(f"http://127.0.0.1:{free_port()}", "job", job="p-early"))
    assert card["notices"][0].startswith("The API gives no answer now; this page goes on asking. no API answers at")


def serve(redis: Redis, task: TaskInfo) -> None:
    """Announce a task as a worker does."""
    worker = WorkerInfo(name="p-worker", tasks=[task.name], queues=[task.queue])
    for command in announce(worker, [task], float(redis.time()[0])).commands:
        redis.execute_command(*command)
