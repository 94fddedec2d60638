"""Machine code, loaded and called without Numba: to import that takes longer than all else of a start.

An entry's object code has two functions: the native one, as Numba calls it, and a *face*, which CPython calls as it
calls its own built-in functions. ``_compiler.face`` writes it, and says what it checks.
"""

import ctypes
import functools
import os
import pickle
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np

FACE, OBJECTS = "opm_face", "opm_objects"
"""What is looked up in object code: the face, and the table of Python objects that it knows by their addresses."""
_FASTCALL = 0x80
"""CPython's METH_FASTCALL: arguments come as an array in C."""


class Code(NamedTuple):
    """An entry for arguments of certain kinds, as it is kept on disk."""

    object_code: bytes
    native: str
    """Name of the native function."""
    externals: tuple[str, ...]
    """Names of what it calls elsewhere: in Python, or in Numba's runtime."""


class _Method(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


_new_function = ctypes.pythonapi.PyCFunction_NewEx
_new_function.argtypes = [ctypes.POINTER(_Method), ctypes.c_void_p, ctypes.c_void_p]
_new_function.restype = ctypes.py_object
_first_engine = functools.cache(lambda: _engine())
"""LLVM looks up what Python has to offer, such as PyLong_FromLongLong, once an engine was made."""
_kept: list[Any] = []
"""Machine code, and what it has the address of: nobody knows when the last call of it has ended."""


@functools.cache
def processor() -> str:
    """Return the processor and what it can do, as LLVM names both; Numba's settings may say less."""
    name, features = os.environ.get("NUMBA_CPU_NAME"), os.environ.get("NUMBA_CPU_FEATURES")
    # An empty list is one, too: a processor that can do nothing but what its name says.
    if features is None:
        features = llvm.get_host_cpu_features().flatten()
    return f"{name or llvm.get_host_cpu_name()} {features}"


def _engine() -> Any:
    """Return one of LLVM's engines that load object code."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(jit=True)
    return llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)


def missing(code: Code) -> list[str]:
    """Return what object code calls that is not there: loading it would end the process."""
    _first_engine()
    return [name for name in code.externals if llvm.address_of_symbol(name) is None]


def load(code: Code, types: Sequence[Any], other: Callable[..., Any]) -> tuple[Callable[..., Any], int]:
    """Return the built-in function that calls object code, and the address of the native one.

    Parameters
    ----------
    code : Code
    types : sequence
        Of each argument: an array's dtype, or the type of a number.
    other : function
        What is called with the arguments if they are not of these kinds.
    """
    engine = _engine()
    engine.add_object_file(llvm.ObjectFileRef.from_data(code.object_code))
    engine.finalize_object()
    known = [np.ndarray, other, fail, *types]
    table = (ctypes.c_void_p * len(known)).from_address(engine.get_global_value_address(OBJECTS))
    table[:] = [id(each) for each in known]
    method = _Method(b"entry", engine.get_function_address(FACE), _FASTCALL, None)
    _kept.append((engine, known, method))
    return _new_function(method, None, None), engine.get_function_address(code.native)


def fail(error: bytes) -> None:
    """Raise what compiled code says: an exception's class and arguments as Numba pickles them."""
    kind, arguments = pickle.loads(error)[:2]
    raise kind(*arguments or ())
