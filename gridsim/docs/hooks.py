"""The site's hook: marks become what the code makes of them, and a page that asks for it shows what its commands print.

A page asks with ``outputs: true`` above its text. A page that would ask anything of the network ends the build.
"""

import contextlib
import re
import tempfile
from typing import Any

from made import fill
from mkdocs.exceptions import PluginError
from snippets import with_output

OUTSIDE = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)=["']?(?:https?:)?//[^>]*>|url\(.?https?:""")
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


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """Called by MkDocs with every finished page."""
    if found := OUTSIDE.search(output):
        raise PluginError(f"{page.file.src_path}: asks the network for {found[0]}")
    return output
