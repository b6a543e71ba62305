"""The README as the pages of package indexes show it, which know nothing of this folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")


class ReadmeHook(MetadataHookInterface):
    """Give the README whose links lead to the project's own address."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the README; ``Source`` under ``[project.urls]`` is the address."""
        text = Path(self.root, "README.md").read_text("utf-8")
        address = (metadata.get("urls") or {}).get("Source")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": without_dead_links(text, address),
        }


def without_dead_links(text: str, address: str | None) -> str:
    """Return a text whose links into this folder lead to an address.

    Parameters
    ----------
    text : str
        In Markdown.
    address : str or None
        Of the repository; where there is none, a link becomes its words, and a picture goes.
    """

    def put(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if address is None:
            return "" if picture else words
        return f"{picture}[{words}]({address}/{'raw' if picture else 'blob'}/main/{target})"

    return _LINK.sub(put, text)
