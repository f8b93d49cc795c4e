"""The manual says what the code does."""

import re
from pathlib import Path

from api import closing, problems
from api.guard import ORIGIN_REFUSED
from api.main import create_app
from api.problems import Kind
from headway.settings import Settings
from headway.snapshot import Snapshot

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def first_column(page: str, heading: str = "") -> set[str]:
    """The words in backticks of the first column of a page's tables, after `heading`."""
    text = (DOCS / page).read_text()
    rows = [line.split("|")[1] for line in text[text.index(heading) :].splitlines() if line.startswith("| ")]
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


def test_every_setting_is_in_the_manual_with_its_default_and_meaning():
    rows = (DOCS / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        variable = "REDIS_URL" if name == "redis_url" else f"HEADWAY_{name.upper()}"
        (row,) = [line for line in rows.splitlines() if line.startswith(f"| `{variable}` |")]
        assert field.description is not None
        assert row.endswith(f"| {field.description} |")
    assert first_column("settings.md") == {
        "REDIS_URL" if name == "redis_url" else f"HEADWAY_{name.upper()}" for name in Settings.model_fields
    }


def test_every_field_of_a_snapshot_is_in_the_manual():
    assert first_column("snapshot.md") == set(Snapshot.model_fields)


def test_every_endpoint_is_in_the_manual():
    paths = set(create_app(Settings()).openapi()["paths"])
    table = (DOCS / "http.md").read_text()
    documented = set(re.findall(r"`(?:GET|POST) (/[a-z/<>]*)", table))
    assert {re.sub(r"\{\w+\}", "<>", path) for path in paths} == {re.sub(r"<\w+>", "<>", path) for path in documented}


def test_every_kind_of_error_is_in_the_manual():
    kinds = {kind.name for kind in vars(problems).values() if isinstance(kind, Kind)} - {"internal"}
    table = (DOCS / "http.md").read_text().split("type ends in")[1]
    assert kinds <= set(re.findall(r"`([a-z-]+)`", table))


def test_every_close_code_is_in_the_manual():
    codes = {code for code in vars(closing).values() if isinstance(code, int)} | {ORIGIN_REFUSED}
    table = (DOCS / "delivery.md").read_text().split("## How a socket ends")[1]
    # The server itself closes with 1007 and 1009.
    assert {int(code) for code in re.findall(r"^\| (\d{4}) \|", table, re.MULTILINE)} == codes | {1007, 1009}


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
