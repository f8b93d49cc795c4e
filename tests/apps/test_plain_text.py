"""Text from outside stays text."""

import pytest
from plain_text import plain


@pytest.mark.parametrize("text", ["**x**", ":red[hi]", "<script>", "[a](b)", "$x$", "# h", ":smile:"])
def test_every_sign_that_markdown_reads_is_escaped(text: str) -> None:
    assert plain(text).replace("\\", "") == text
    assert all(plain(text)[place - 1] == "\\" for place, sign in enumerate(plain(text)) if sign in "*:<[]()$#")


def test_addresses_are_broken_up_so_that_they_become_no_links() -> None:
    assert "://" not in plain("https://example.org").replace("\\", "")
    assert "www." not in plain("www.example.org").replace("\\", "")
