"""The site's one hook: a mark ``<!-- made: NAME … -->`` in a page becomes what ``made`` makes from the code."""

from typing import Any

from made import fill


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by MkDocs with every page, before it is rendered."""
    return fill(markdown)
