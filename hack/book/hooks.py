"""What MkDocs does not do by itself, so that the pages read well both here and in the book.

- A link to a file outside docs/, such as an example, leads to a copy of that file in the book, and
  the book is not built if there is no such file.
- `folder/*.md` in the table of contents stands for the pages of that folder.
- A page that `extra.to_come` names may be missing: it is left out of the table of contents, and
  links to it are plain text. Once it is there, to name it in that list is an error.
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


def _without(nav, missing):
    """The table of contents without these pages, and without headings under which nothing is left."""
    kept = []
    for entry in nav:
        (title, target), = entry.items() if isinstance(entry, dict) else [(None, entry)]
        if isinstance(target, list):
            target = _without(target, missing)
        if target and target not in missing:
            kept.append(target if title is None else {title: target})
    return kept


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
    to_come = config.extra.get("to_come") or []
    here = [name for name in to_come if (Path(config.docs_dir) / name).exists()]
    if here:
        raise PluginError(f"mkdocs.yml: extra.to_come names {', '.join(here)}, which is there now")
    config.nav = _without(_expanded(config.nav, Path(config.docs_dir)), to_come)
    return config


def _unlink(text, page, to_come):
    """Links to pages that are still to come, as plain text."""

    def one(match):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), match[2]))
        return match[1] if path in to_come else match[0]

    return re.sub(r"\[([^\]]*)\]\(([^)\s#]+)(?:#[^)\s]*)?\)", one, text)


def on_page_markdown(markdown, page, config, files):
    name = page.file.src_uri
    text = _relink(markdown, name, files, config)
    return _unlink(text, name, config.extra.get("to_come") or [])
