"""The site's hook: marks become what the code makes of them, and a page that asks for it shows what its commands print.

A page asks with ``outputs: true`` above its text. Nothing is asked of the network.
"""

import contextlib
import re
import tempfile
from typing import Any

from made import fill
from snippets import with_output

ROLE = re.compile(r":(?:func|class|meth|mod):(?=<code)")  # of docstrings


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Called by MkDocs with every page, before it is rendered."""
    if page.meta.get("outputs"):
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            markdown = "".join(with_output(markdown))
    return fill(markdown)


def on_page_content(html: str, **_: Any) -> str:
    """Called by MkDocs with every page, after it is rendered."""
    return ROLE.sub("", html)
