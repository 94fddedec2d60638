"""Every Numba option of the project, and the key of its disk cache, in one place.

``block``
    A piece of hardware: compiled into its caller, never called or cached alone. Without the wrappers for
    calls from Python and C, compiling all of them takes 20 s instead of 27. Literal arguments count as numbers: one
    compilation for all of them, since the optimiser sees the literals once they are in line.
``stage``
    A large block of the innermost loop: optimised by itself before it goes into its caller (its frames take 5 % less).
``outline``
    A large block that runs seldom, or a loop over time: it stays a function of its own, so that it does not cost the
    loop around it registers and room (leaving the frame engine in line made every frame 4 % slower).
``entry``
    A compiled function Python calls, or another entry, by its address. A sound thread can run beside it. Its machine
    code is kept on disk between processes, where that can be, and is run from there without Numba, whose import takes
    longer than all else of a start. No state of the disk is an error: what cannot be read is compiled again, what
    cannot be written is said in one line; so is compiling that takes more than 2 s. An entry takes numbers and arrays,
    and no memory: arrays that it needs go in, since NumPy's own come from Numba's runtime.
``sources``
    The key of the machine code holds a checksum of all files that the function's own reaches by imports, and
    Numba's settings. (Numba's own cache would serve it stale after an edit of an imported block, issues 1833 and 9483,
    or with NUMBA_BOUNDSCHECK, issue 10821.) What it does not reach - a picture, a file format - recompiles nothing.
"""

import functools
import operator
import os
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ._cache import notice, read, write
from ._native import Code, load, missing

DISABLED = os.environ.get("NUMBA_DISABLE_JIT", "0").strip() not in ("", "0")
"""Whether Python itself runs what is compiled elsewhere."""


class Part:
    """What only compiled code calls: Numba is imported, and asked to compile it, once an entry needs it."""

    def __init__(self, function: Callable[..., Any], compiler: str, forceinline: bool) -> None:
        functools.update_wrapper(self, function)
        self.py_func, self._way = function, (compiler, forceinline)

    @functools.cached_property
    def _dispatcher(self) -> Any:
        from ._compiler import part

        return part(self.py_func, *self._way)

    @property
    def _numba_type_(self) -> Any:
        # By this name Numba asks for the type of an object that it does not know.
        return self._dispatcher._numba_type_

    def __call__(self, *_: Any, **__: Any) -> Any:
        name = self.py_func.__name__
        raise TypeError(f"{name} goes into compiled code: to call it from Python, set NUMBA_DISABLE_JIT=1")


def _part(function: Any, compiler: str = "optimised", forceinline: bool = True) -> Any:
    return function if DISABLED else Part(function, compiler, forceinline)


block = functools.partial(_part, compiler="inlined")
stage = _part
outline = functools.partial(_part, forceinline=False)


_IMPORT = re.compile(r"^ *from (\.+)([\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)


@functools.cache
def reached(source: Path) -> list[Path]:
    """Return a file of the package and all files that it imports, directly or not, by relative imports at its top."""
    files, known = [source], {source}
    for file in files:
        # As text: this is asked while the modules are still being imported.
        for dots, module, names in _IMPORT.findall(file.read_text()):
            place = file.parents[len(dots) - 1].joinpath(*module.split("."))
            # ``from .cycle import bus`` may name a module, a package or what is defined in either.
            modules = [place, place / "__init__", *(place / name for name in re.findall(r"\w+", names))]
            new = [path for module in modules if (path := module.with_suffix(".py")) not in known]
            known.update(new)
            files += [path for path in new if path.is_file()]
    return files


@functools.cache
def sources(source: Path) -> int:
    """Return a checksum of what an entry in a file is compiled from."""
    crc = 0
    # In one order, from whichever file the search began.
    for file in sorted(reached(source)):
        crc = zlib.crc32(file.read_bytes(), crc)
    return crc


def kind(argument: Any) -> Any:
    """Return what an entry is compiled for: the type of a number; dtype, dimensions and flags of an array."""
    if isinstance(argument, np.ndarray):
        flags = argument.flags
        return argument.dtype, argument.ndim, flags.c_contiguous, flags.aligned, flags.writeable
    if isinstance(argument, float | np.float32):
        return np.float32 if isinstance(argument, np.float32) else float
    operator.index(argument)
    return int


class Entry:
    """A compiled function: its object code is loaded, or made, when arguments of a kind first come."""

    def __init__(self, function: Callable[..., Any], fastmath: Any = False) -> None:
        functools.update_wrapper(self, function)
        self.py_func, self._fastmath = function, fastmath
        self._codes: dict[Any, Code] = {}
        self.overloads: dict[Any, Callable[..., Any]] = {}
        """Built-in functions by the kinds of their arguments."""
        self._types: dict[Any, list[Any]] = {}
        self.compiled = 0
        """How many of them were not on the disk."""
        self.addresses: dict[Any, int] = {}
        """Where their machine code is, as Numba calls it."""
        self._latest: Callable[..., Any] = self._other

    def __call__(self, *arguments: Any) -> Any:
        return self._latest(*arguments)

    def _other(self, *arguments: Any) -> Any:
        """Take arguments that are not of the kinds of the last call's, or not of their very types."""
        kinds = tuple(map(kind, arguments))
        # Not called by its attribute: another thread may have put its own there.
        function = self._latest = self.overload(kinds)
        return function(*map(_as, arguments, self._types[kinds]))

    def overload(self, kinds: tuple[Any, ...]) -> Callable[..., Any]:
        """Return the built-in function for arguments of certain kinds."""
        if kinds not in self.overloads:
            code = read(self.py_func, self._key(kinds))
            if code and missing(code):
                from ._compiler import prepare

                # What takes memory, say: Numba's runtime gives it.
                prepare()
                code = None if missing(code) else code
            code = code or self._compile(kinds)
            types = self._types.setdefault(kinds, [each[0] if isinstance(each, tuple) else each for each in kinds])
            self.overloads[kinds], self.addresses[kinds] = load(code, types, self._other)
        return self.overloads[kinds]

    def _compile(self, kinds: tuple[Any, ...]) -> Code:
        from ._compiler import LOCK, compiled, prepare

        prepare()
        # One thread at a time; those that waited find it made.
        with LOCK, notice:
            if kinds not in self._codes:
                self._codes[kinds] = compiled(self.py_func, kinds, self._fastmath)
                self.compiled += 1
                write(self.py_func, self._key(kinds), self._codes[kinds])
        return self._codes[kinds]

    def _key(self, kinds: tuple[Any, ...]) -> str:
        source = Path(self.py_func.__code__.co_filename)
        return repr((sources(source), self.py_func.__qualname__, self._fastmath and sorted(self._fastmath), kinds))


def _as(argument: Any, expected: Any) -> Any:
    """Return an argument as the very type, an array as one of the very dtype, that compiled code knows."""
    if isinstance(argument, np.ndarray):
        return np.asarray(argument).view(expected)
    return operator.index(argument) if expected is int else expected(argument)


class _Call:
    """What compiled code calls an entry with: of its address, and a tuple of its arguments."""

    def __init__(self, kinds: tuple[Any, ...]) -> None:
        self._kinds = kinds

    @functools.cached_property
    def _numba_type_(self) -> Any:
        from ._compiler import by_address

        return by_address(self._kinds)


def by_address(kinds: tuple[Any, ...]) -> Any:
    """Return what calls an entry that takes arguments of certain kinds and returns an int: ``call(address, (...))``.

    Called by its name an entry would be compiled a second time, into its caller.
    """
    return (lambda function, arguments: function(*arguments)) if DISABLED else _Call(kinds)


def built_in(function: Any, kinds: tuple[Any, ...]) -> Any:
    """Return what to call an entry by again and again, with arguments of certain kinds: 0.1 us less a call.

    Without the compiler the function itself.
    """
    return function if DISABLED else function.overload(kinds)


def address(function: Any, kinds: tuple[Any, ...]) -> Any:
    """Return where an entry's machine code is; without the compiler the function itself."""
    if DISABLED:
        return function
    function.overload(kinds)
    return function.addresses[kinds]


def array_of(dtype: Any, dimensions: int = 1) -> Any:
    """Return the kind of a contiguous array that can be written to."""
    return np.dtype(dtype), dimensions, True, True, True


def entry(function: Any, fastmath: Any = False) -> Any:
    """Compile a function that Python calls, with the options above; ``fastmath``: what sums of floats may suffer."""
    return function if DISABLED else Entry(function, fastmath)


def plain(function: Any) -> Any:
    """Return the Python function behind a block: for single calls that are not worth compiling."""
    return getattr(function, "py_func", function)
