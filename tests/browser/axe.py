"""axe-core on a page: what it finds that is serious."""

from typing import Any

from playwright.sync_api import Page

from tests.react.kit import KIT, need_packages

_SERIOUS = {"serious", "critical"}
_RUN = """async notOurs => {
  const found = await axe.run({exclude: notOurs}, {resultTypes: ["violations"]});
  return found.violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.map(node => node.target.join(" "))}));
}"""


def axe_script() -> str:
    """axe-core as the kit's packages have it."""
    need_packages()
    return (KIT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page, script: str, *not_ours: str) -> list[dict[str, Any]]:
    """The serious violations on a page, without those in what these selectors name."""
    page.evaluate(script)
    found = page.evaluate(_RUN, list(not_ours))
    return [violation for violation in found if violation["impact"] in _SERIOUS]
