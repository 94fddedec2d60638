"""What the pages take from elsewhere, so that nothing is written twice: files, sections of the README, tables.

In a page ``<!-- README: The player -->`` stands for the README's section of that title, ``<!-- README: speed -->`` for
what it holds between ``<!-- speed -->`` and ``<!-- /speed -->``, or for the block of code behind ``<!-- speed -->``;
``<!-- fields: envelope generator -->`` for the table of a hardware block's state, ``<!-- registers: all -->`` for that
of all registers, ``<!-- chip: vera_psg -->`` for what the head of another chip's module says, and its state.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import opm
from opm.board import core
from opm.registers import CHANNEL, ONCE, OPM, OPP, REGISTERS, SLOT

ROOT = Path(__file__).parent.parent
PAGES = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "tests/golden/README.md",
    "tests/mxdrv/README.md",
    *(f"notebooks/{path.name}" for path in sorted((ROOT / "notebooks").glob("*.ipynb"))),
)
"""Files from elsewhere in the repository that are pages here, too, at their own path."""
LINK = re.compile(r"(\]\()(?![a-z]+:)([^)#\s]+)")
NOTEBOOK_LINK = re.compile(r'(href=")(?![a-z]+:)([^"#]+)\.(?:ipynb|md)')
DIRECTIVE = re.compile(r"<!-- (README|fields|registers|chip): (.+?) -->")
BORDER = re.compile(r"^=+(?: +=+)+$")


def on_config(config: Any) -> None:
    """List the notebooks in the navigation."""
    for entry in config.nav:
        if "Notebooks" in entry:
            entry["Notebooks"] = [page for page in PAGES if page.endswith(".ipynb")]


@event_priority(100)
def on_files(files: Files, config: Any) -> Files:
    """Add the files from elsewhere, before mkdocs-jupyter looks for its notebooks."""
    for page in PAGES:
        files.append(File(page, str(ROOT), config.site_dir, config.use_directory_urls))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Let links that hold in the repository hold in the site, and put in what directives stand for."""
    here = page.file.src_uri
    markdown = relinked(markdown, here if here in PAGES else f"docs/{here}", here)
    return DIRECTIVE.sub(lambda found: INSERTED[found[1]](found[2], here), markdown)


def on_page_content(html: str, page: Page, **_: Any) -> str:
    """Do the same for a notebook's links, which do not pass through Markdown; its code takes the contents' room."""
    here = page.file.src_uri
    if not here.endswith(".ipynb"):
        return html
    page.meta["hide"] = ["toc"]
    return NOTEBOOK_LINK.sub(lambda found: f"{found[1]}{to_page(found[2], here, here)}.html", html)


def to_page(target: str, source: str, here: str) -> str:
    """Return a link from a page to what a file of the repository, its source, links to."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), target)).removeprefix("docs/")
    return posixpath.relpath(target, posixpath.dirname(here) or ".")


def relinked(markdown: str, source: str, here: str) -> str:
    """Do so for all links of a text."""
    return LINK.sub(lambda found: found[1] + to_page(found[2], source, here), markdown)


def section(name: str, here: str) -> str:
    """Return a part of the README: a marked block of code, between two marks, or from a heading to the next as high."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    mark = re.escape(name)
    marked = re.search(rf"<!-- {mark} -->\n(```.*?```|.*?(?=\n<!-- /{mark} -->))", readme, re.DOTALL)
    headed = re.search(rf"^(#+) {mark}\n(.*?)(?=^(?!\1#)#+ |\Z)", readme, re.DOTALL | re.MULTILINE)
    if not (marked or headed):
        raise PluginError(f"{here}: README.md has no section {name!r}")
    return relinked(marked[1] if marked else headed[2], "README.md", here)


def table(*lines: tuple[str, ...]) -> str:
    """Return a table, its heading first."""
    head, *rows = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *rows))


def fields(block: str, here: str) -> str:
    """Return the table of a block's state; of all blocks, each with its heading."""
    blocks = list(dict.fromkeys(field.block for field in opm.FIELDS))
    if block == "all":
        return "\n\n".join(
            f"## {name[0].upper()}{re.split('[;:]', name)[0][1:]}\n\n{fields(name, here)}" for name in blocks
        )
    if block not in blocks:
        raise PluginError(f"{here}: the state has no block {block!r}")
    own = (field for field in opm.FIELDS if field.block == block)
    rows = ((f"`{field.name}`", str(field.bits), str(field.count), field.meaning) for field in own)
    return table(("field", "bits", "elements", "meaning"), *rows)


def registers(_: str, here: str) -> str:
    """Return the table of all registers."""
    lines = []
    for row in sorted(REGISTERS, key=lambda row: (row.base, -row.high)):
        last = row.base + {ONCE: 1, CHANNEL: 8, SLOT: 32}[row.scope] - 1
        address = f"{row.base:02X}" + (f"-{last:02X}" if last > row.base else "")
        bits = f"{row.high}-{row.low}" if row.high > row.low else str(row.high)
        notes = (
            f", bit 7 = {row.when}" if row.when >= 0 else "",
            {OPM: ", YM2151", OPP: ", YM2164"}.get(row.chips, ""),
        )
        lines.append((address, bits, row.name, f"`{row.field}`", row.meaning + "".join(notes)))
    return table(("address", "bits", "name", "state field", "meaning"), *lines)


def chip(name: str, here: str) -> str:
    """Return what the head of a chip's module says, its tables turned into Markdown's, and the table of its state."""
    about = core(name)
    text = "\n".join(tables_to_markdown((about.__doc__ or "").splitlines())).replace("``", "`")
    rows = ((f"`{each.name}`", str(each.bits), str(each.count), each.meaning) for each in about.FIELDS)
    state = table(("field", "bits", "elements", "meaning"), *rows)
    return f"{text}\n\n<details markdown><summary>State</summary>\n\n{state}\n\n</details>"


def tables_to_markdown(lines: list[str]) -> list[str]:
    """Turn a docstring's simple tables into Markdown's: columns under borders of ``=``, a heading if there are 3."""
    made: list[str] = []
    while lines:
        line, *lines = lines
        if not BORDER.match(line):
            made.append(line)
            continue
        starts = [found.start() for found in re.finditer("=+", line)]
        borders = [number for number, other in enumerate(lines) if other == line]
        has_head = len(borders) > 1 and borders[0] == 1
        last = borders[1] if has_head else borders[0]
        rows = merged([columns(row, starts) for row in lines[has_head * 2 : last]])
        head = tuple(columns(lines[0], starts)) if has_head else ("address", "what it does")
        made += ["", table(head, *rows), ""]
        lines = lines[last + 1 :]
    return made


def columns(line: str, starts: list[int]) -> list[str]:
    """Cut a line of a table."""
    ends = [*starts[1:], len(line)]
    return [line[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def merged(lines: list[list[str]]) -> list[tuple[str, ...]]:
    """Put lines together that are a row: without a first cell they go on with the one before; items get a line each."""
    rows: list[list[str]] = []
    for cells in lines:
        if cells[0] or not rows:
            rows.append(cells)
        else:
            for number, cell in enumerate(cells):
                between = "<br>" if cell.startswith("- ") else " "
                rows[-1][number] += f"{between}{cell.removeprefix('- ')}" if cell else ""
    return [tuple(cell.replace("|", "\\|") for cell in row) for row in rows]


INSERTED = {"README": section, "fields": fields, "registers": registers, "chip": chip}
