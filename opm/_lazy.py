"""Names of a package that are imported when they are first asked for (PEP 562).

The package's ``__init__.pyi`` says where each is from: one table for Python, type checkers and editors, as SPEC 1 of
scientific-python has it. Its ``lazy_loader`` would do, but takes no names from above a package, makes ``import *``
need matplotlib, and has an AttributeError of its own.
"""

import ast
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def submodules(package: str) -> Callable[[str], Any]:
    """Return a package's ``__getattr__`` that imports its modules.

    Two threads may ask at once: Python's own locks make the second wait for the module. A lock of ours could deadlock
    with those.
    """

    def __getattr__(name: str) -> Any:
        # Looked for first: a misspelt name is an AttributeError, as hasattr and Tab expect, not an ImportError.
        if name.isidentifier() and not name.startswith("__") and find_spec(f"{package}.{name}"):
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return __getattr__


def lazy(package: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return the ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Parameters
    ----------
    package, file : str
        Its ``__name__`` and ``__file__``. Beside the file stands a stub with imports, ``__all__`` and what else
        ``dir`` shows.
    """
    origins: dict[str, ast.ImportFrom] = {}
    shown, public, submodule = ["__doc__"], [], submodules(package)
    for line in ast.parse(Path(file).with_suffix(".pyi").read_bytes()).body:
        match line:
            case ast.ImportFrom():
                shown += [name.name for name in line.names]
                if line.module:
                    origins |= {name.name: line for name in line.names}
            case ast.AnnAssign(ast.Name(name)):
                shown.append(name)
            case ast.Assign():
                public = ast.literal_eval(line.value)

    def __getattr__(name: str) -> Any:
        if name not in origins:
            return submodule(name)
        # Python asks here only for what the module does not have: kept in it, a name is found without us from then on.
        names, origin = vars(sys.modules[package]), origins[name]
        module = __import__(origin.module or "", names, None, [name], origin.level)
        names[name] = getattr(module, name)
        return names[name]

    return __getattr__, lambda: sorted(shown), public
