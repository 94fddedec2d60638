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
    A compiled function Python calls. ``nogil`` lets a sound thread run beside it; the machine code is kept on disk
    between processes, where that can be. No state of the disk is an error: what cannot be read is compiled again, what
    cannot be written is said in one line; so is compiling that takes more than 2 s.
``sources``
    Numba stamps a cached function with its own file only and would serve it stale after an edit of an
    imported block (numba issues 1833, 9483). So the key holds a checksum of all files that the function's own reaches
    by imports, and of NUMBA_BOUNDSCHECK, which Numba forgets as well (issue 10821); what it does not reach - a picture,
    a file format - recompiles nothing. (As an argument with a default it was in the key, too, but cost up to 23 us
    per call.)
"""

import ctypes
import functools
import os
import re
import zlib
from pathlib import Path
from typing import Any

import numba.extending
import numpy as np
import numpy.typing as npt
from numba import njit
from numba.core import types
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher
from numba.core.types import unliteral
from numba.np.numpy_support import carray

from ._cache import DiskCache, say_once

_UNWRAPPED: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _compilers() -> tuple[Any, Any, Any]:
    """Return what compiles blocks, large parts and entries; another version of Numba does it in its own way."""
    if numba.version_info.short != (0, 68):
        return Compiler, Compiler, Compiler
    from ._compiler import EntryCompiler, InlinedCompiler, OptimisedCompiler

    return InlinedCompiler, OptimisedCompiler, EntryCompiler


_INLINED, _OPTIMISED, _ENTRY = _compilers()


class _Part(CPUDispatcher):
    """What only compiled code calls. It has no wrapper for Python, whose call would end the process."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        name = self.py_func.__name__
        raise TypeError(f"{name} goes into compiled code: to call it from Python, set NUMBA_DISABLE_JIT=1")


def _part(function: Any, **options: Any) -> Any:
    compiled: Any = njit(**options, **_UNWRAPPED)(function)
    # With NUMBA_DISABLE_JIT njit returns the function itself.
    if compiled is not function:
        compiled.__class__ = _Part
    return compiled


stage = functools.partial(_part, forceinline=True, pipeline_class=_OPTIMISED)
outline = functools.partial(_part, pipeline_class=_OPTIMISED)


def block(function: Any) -> Any:
    """Compile a function into its callers, with the options above."""
    compiled = _part(function, forceinline=True, pipeline_class=_INLINED)
    if compiled is not function:
        template = compiled.get_call_template
        compiled.get_call_template = lambda args, kws: template([unliteral(a) for a in args], kws)  # type: ignore[no-untyped-call]
    return compiled


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
    crc = zlib.crc32(os.environ.get("NUMBA_BOUNDSCHECK", "").encode())
    # In one order, from whichever file the search began.
    for file in sorted(reached(source)):
        crc = zlib.crc32(file.read_bytes(), crc)
    return crc


def entry(function: Any, fastmath: Any = False) -> Any:
    """Compile a function that Python calls, with the options above; ``fastmath``: what sums of floats may suffer."""
    compiled: Any = njit(nogil=True, fastmath=fastmath, pipeline_class=_ENTRY)(function)
    if compiled is not function:
        try:
            source = Path(function.__code__.co_filename)
            compiled._cache = DiskCache(function, sources(source), frozenset(map(str, reached(source))))
        # Numba's RuntimeError: none of its places for a cache can be written.
        except (OSError, RuntimeError):
            say_once("no folder can hold the compiled chip, each start compiles it again: set NUMBA_CACHE_DIR to one")
    return compiled


def plain(function: Any) -> Any:
    """Return the Python function behind a block: for single calls that are not worth compiling."""
    return getattr(function, "py_func", function)


def words_at(address: int, count: int) -> npt.NDArray[np.int32]:
    """Return so many words of an array that the caller keeps, by its address: what an entry pays least for.

    An array as an argument costs 50 ns a call, and Numba counts references to it in locked instructions; of this one it
    counts none.
    """
    return np.ctypeslib.as_array((ctypes.c_int32 * count).from_address(address))


_extending: Any = numba.extending


@_extending.intrinsic  # type: ignore[untyped-decorator]
def _pointer(_: Any, address: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    pointer: Any = types.CPointer
    return pointer(types.int32)(types.int64), code


# Numba wants the same names in both, without annotations.
@_extending.overload(words_at)
def _words_at(address, count):  # type: ignore[no-untyped-def]
    return lambda address, count: carray(_pointer(address), (count,), np.int32)


def direct(compiled: Any) -> Any:
    """Return an entry, compiled before, as the function that takes what its first call took: nobody looks at the types.

    Numba's look at each argument takes 0.15 us a call.
    """
    return compiled if plain(compiled) is compiled else next(iter(compiled.overloads.values())).entry_point
