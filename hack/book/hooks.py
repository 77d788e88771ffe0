"""What MkDocs does not do by itself, so that the pages read well both here and in the book.

- A link to a file outside docs/, such as an example, leads to a copy of that file in the book, and
  the book is not built if there is no such file.
- `folder/*.md` in the table of contents stands for the pages of that folder.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parents[2]
# A picture or a link in Markdown: what stands before its target, the target, what stands behind.
LINK = re.compile(r"(\]\()([^)\s#]+)((?:#[^)\s]*)?\))")
FENCE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
# Where a page of the book is the same as a file outside.
SAME = {"README.md": "index.md"}


def _outside(target, page):
    """The path in the repository of what a link leads to, where that is a file outside docs/."""
    if "://" in target or target.startswith(("/", "mailto:")):
        return None
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), target))
    return None if path.startswith("docs/") else path


def _relink(text, page, files, config):
    def one(match):
        path = _outside(match[2], page)
        if path is None:
            return match[0]
        start = posixpath.dirname(page) or "."
        if path in SAME:
            return match[1] + posixpath.relpath(SAME[path], start) + match[3]
        if path.startswith("..") or not (ROOT / path).is_file():
            raise PluginError(f"docs/{page}: {match[2]} is not a file of this repository")
        # A page would be built from .md; what stands outside is shown as the file that it is.
        copy = f"files/{path}.txt" if path.endswith((".md", ".yaml", ".rs")) else f"files/{path}"
        if files.get_file_from_path(copy) is None:
            content = (ROOT / path).read_bytes()
            files.append(File.generated(config, copy, content=content))
        return match[1] + posixpath.relpath(copy, start) + ")"

    parts = FENCE.split(text)
    parts[::2] = [LINK.sub(one, part) for part in parts[::2]]
    return "".join(parts)


def _expanded(nav, docs):
    """The table of contents with `folder/*.md` as the pages of that folder, in their order."""
    whole = []
    for entry in nav:
        (title, target), = entry.items() if isinstance(entry, dict) else [(None, entry)]
        if isinstance(target, list):
            target = _expanded(target, docs)
        elif "*" in target:
            target = sorted(path.relative_to(docs).as_posix() for path in docs.glob(target))
        whole.append(target if title is None else {title: target})
    return whole


def on_config(config):
    config.nav = _expanded(config.nav, Path(config.docs_dir))
    return config


def on_page_markdown(markdown, page, config, files):
    return _relink(markdown, page.file.src_uri, files, config)
