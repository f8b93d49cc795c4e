"""Text from outside, for the places where Streamlit would read it as markdown."""

import re

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
# Addresses and arrows are turned into links and signs even where their punctuation is escaped.
_WORD_JOINER = "\u2060"
_CHANGED_ANYWAY = re.compile(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)|(?<=[-=])(?=>)|(?<=<)(?=-)")


def plain(text: str) -> str:
    """Markdown that shows `text` as it is, in one paragraph."""
    return _PUNCTUATION.sub(r"\\\1", _CHANGED_ANYWAY.sub(_WORD_JOINER, " ".join(text.split())))
