"""How Numba compiles an entry, and its parts no further than the entry needs them.

By default Numba optimises a block by itself, makes machine code of it, then links it into its caller and begins again
there, up to the entry; of all that machine code only the entry's runs. Here a part ends as LLVM code in one common
module, to be optimised in what it goes into: 20 s instead of 40 for the same entry. An entry ends as object code, which
``_native`` loads, with or without Numba. Numba's documented ways in are used, a compiler of one's own with a choice of
its passes; the libraries and ``no_compile`` are its insides (0.68).

This module alone imports Numba: what finds its object code on the disk does without.
"""

import ctypes
import functools
import gc
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from llvmlite import binding as llvm
from llvmlite import ir
from numba import njit, types
from numba._dynfunc import make_function
from numba.core import cgutils, typed_passes, untyped_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, CompilerBase, DefaultPassBuilder
from numba.core.compiler_lock import global_compiler_lock
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.registry import cpu_target
from numba.core.runtime.nrt import rtsys
from numba.extending import intrinsic
from numba.np.arrayobj import get_itemsize, populate_array
from numba.np.numpy_support import from_dtype

from ._native import FACE, OBJECTS, Code

PASSES = (
    untyped_passes.TranslateByteCode,
    untyped_passes.FixupArgs,
    untyped_passes.IRProcessing,
    untyped_passes.GenericRewrites,
    untyped_passes.ReconstructSSA,
    typed_passes.NopythonTypeInference,
    typed_passes.PreLowerStripPhis,
    typed_passes.IRLegalization,
)
"""What a part needs before it is lowered: it has no closures, literal loops, array expressions or ``with``."""
FRAME_STACK = 70_000
"""Words of the interpreter's stack to take at once: more than the deepest compilation uses."""
LOCK = global_compiler_lock
"""Numba's: it compiles for one thread at a time."""
HEAD, POINTER = object.__basicsize__, ctypes.sizeof(ctypes.c_void_p)
"""Bytes of what each Python object begins with, its type as the last of it, and of a pointer."""
FLAGS = {"C": 0x001, "A": 0x100, "W": 0x400}
"""NumPy's flags of an array: contiguous, aligned, writeable."""
DESTRUCTOR = "NRT_MemInfo_call_dtor"
"""What Numba's runtime calls for memory that nobody needs any more: there is none where an entry takes none."""
NEW_OBJECTS = 100_000
"""New objects before the garbage collector looks: what is compiled stays, and a look at all of it is a waste."""


class _Inlined(JITCodeLibrary):
    """All blocks in one module, neither optimised nor made machine code; an entry takes from it what it calls."""

    def add_llvm_module(self, ll_module: Any) -> None:
        self._optimize_functions(ll_module)
        defined = [function.name for function in ll_module.functions if not function.is_declaration]
        self._final_module.link_in(ll_module)
        # LLVM may drop such a function once it is in line everywhere, and several modules may bring the same.
        for name in defined:
            self._final_module.get_function(name).linkage = "linkonce_odr"

    def add_linking_library(self, library: Any) -> None:
        # A block that calls blocks finds them in the module it is in.
        if library is not self:
            super().add_linking_library(library)

    def _ensure_finalized(self) -> None:
        """Stay open: the next entry may add to it."""

    def _get_module_for_linking(self) -> Any:
        # Copied (preserve): linking empties the module that it takes from, and others need it, too.
        for library in self._linking_libraries:
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._linking_libraries.clear()
        return self._final_module


class _Optimised(JITCodeLibrary):
    """A part or an entry with all that it calls, optimised, but not loaded into Numba's engine.

    A part is optimised again in its caller: twice is what makes it fast.
    """

    def _finalize_final_module(self) -> None:
        self._finalized = True


@functools.cache
def _inlined(codegen: Any) -> _Inlined:
    return _Inlined(codegen, "blocks")


class _Lowering(typed_passes.NativeLowering):
    """Lower a function into a library of ours. Numba finds it by a function object; nobody calls that."""

    def library(self, state: Any) -> Any:
        raise NotImplementedError

    def run_pass(self, state: Any) -> bool:
        # no_compile ends Numba's own lowering at LLVM code, with no machine code to look up.
        state.library, state.flags.no_compile = self.library(state), True
        super().run_pass(state)
        lowered = state.cr
        self.finish(state, lowered.fndesc)
        state.library._ensure_finalized()
        name, module = lowered.fndesc.qualname, lowered.fndesc.lookup_module()
        handle = make_function(module, name, "", 0, lowered.env, (state.library,))
        state.targetctx.insert_user_function(handle, lowered.fndesc, [state.library])
        state.cr = lowered._replace(cfunc=handle)
        return True

    def finish(self, state: Any, lowered: Any) -> None:
        """Add what the library needs beside the function."""


@register_pass(mutates_CFG=True, analysis_only=False)
class _InlinedLowering(_Lowering):
    def library(self, state: Any) -> Any:
        return _inlined(state.targetctx.codegen())


@register_pass(mutates_CFG=True, analysis_only=False)
class _OptimisedLowering(_Lowering):
    def library(self, state: Any) -> Any:
        return _Optimised(state.targetctx.codegen(), state.func_id.func_qualname)


@register_pass(mutates_CFG=True, analysis_only=False)
class _EntryLowering(_OptimisedLowering):
    def finish(self, state: Any, lowered: Any) -> None:
        face(state.targetctx, state.library, lowered)


class _PartCompiler(CompilerBase):
    lowering: Any = None

    def define_pipelines(self) -> list[Any]:
        passes = PassManager("opm")
        for each in (*PASSES, self.lowering, typed_passes.NoPythonBackend):
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


class InlinedCompiler(_PartCompiler):
    """For blocks: optimised in what they go into."""

    lowering = _InlinedLowering


class OptimisedCompiler(_PartCompiler):
    """For large parts of an entry: optimised by themselves, too."""

    lowering = _OptimisedLowering


class EntryCompiler(Compiler):
    """For entries: Numba's own compiler, given room, up to machine code."""

    def define_pipelines(self) -> list[Any]:
        passes = PassManager("opm entry")
        for each, name in DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            passes.add_pass(_EntryLowering if each is typed_passes.NativeLowering else each, name)
        passes.finalize()
        return [passes]

    def compile_extra(self, func: Any) -> Any:
        # Put back behind it: the process is the user's, and so are its thresholds.
        thresholds = gc.get_threshold()
        gc.set_threshold(NEW_OBJECTS, *thresholds[1:])
        try:
            return super().compile_extra(func)
        finally:
            gc.set_threshold(*thresholds)


# CPython gives its frame stack back by 16 KiB whenever a call returns over the edge, and takes it again with the next
# call: up to 4 s of page faults. This frame takes enough for all calls below it.
EntryCompiler.compile_extra.__code__ = EntryCompiler.compile_extra.__code__.replace(co_stacksize=FRAME_STACK)

_COMPILERS: dict[str, Any] = {"inlined": InlinedCompiler, "optimised": OptimisedCompiler}
_UNWRAPPED: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_NUMBERS = {int: types.int64, float: types.float64, np.float32: types.float32}


# ---- What Numba makes of parts and entries


def part(function: Callable[..., Any], compiler: str, forceinline: bool) -> Any:
    """Return Numba's dispatcher of a function that goes into compiled code."""
    known = numba.version_info.short == (0, 68)
    # Another version of Numba compiles parts in its own way.
    way: dict[str, Any] = {"pipeline_class": _COMPILERS[compiler]} if known else {}
    made: Any = njit(forceinline=forceinline, **way, **_UNWRAPPED)(function)
    if compiler == "inlined":
        template = made.get_call_template
        made.get_call_template = lambda args, kws: template([types.unliteral(a) for a in args], kws)
    return made


def by_address(kinds: tuple[Any, ...]) -> Any:
    """Return Numba's type of what calls an entry by its address: of that, and a tuple of arguments of certain kinds."""
    signature = types.int64(*map(_type, kinds))

    def generate(context: Any, builder: Any, typed: Any, values: Any) -> Any:
        given = zip(cgutils.unpack_tuple(builder, values[1]), typed.args[1], signature.args, strict=True)
        arguments = [context.cast(builder, value, kind, taken) for value, kind, taken in given]
        kind = context.call_conv.get_function_type(signature.return_type, signature.args)
        callee = builder.inttoptr(values[0], kind.as_pointer())
        status, result = context.call_conv.call_function(
            builder, callee, signature.return_type, signature.args, arguments
        )
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return result

    @intrinsic
    def call(_context: Any, where: Any, arguments: Any) -> Any:
        return signature.return_type(where, arguments), generate

    context = cpu_target.typing_context
    context.refresh()
    return context.resolve_value_type(call)


def _type(kind: Any) -> Any:
    """Return Numba's type of a kind of arguments, as ``_jit.kind`` gives it."""
    if kind in _NUMBERS:
        return _NUMBERS[kind]
    dtype, dimensions, contiguous, aligned, writeable = kind
    layout: Any = "C" if contiguous else "A"
    return types.Array(from_dtype(dtype), dimensions, layout, readonly=not writeable, aligned=aligned)


def prepare() -> None:
    """Have Numba's runtime, and what it knows of Python and NumPy, which takes up to a second."""
    rtsys.initialize(cpu_target.target_context)
    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


def _externals(module: Any) -> tuple[str, ...]:
    declared = [function.name for function in module.functions if function.is_declaration]
    return tuple(name for name in declared if not name.startswith("llvm."))


def compiled(function: Callable[..., Any], kinds: tuple[Any, ...], fastmath: Any) -> Code:
    """Compile an entry for arguments of certain kinds."""
    made: Any = njit(nogil=True, fastmath=fastmath, pipeline_class=EntryCompiler, **_UNWRAPPED)(function)
    made.compile(tuple(map(_type, kinds)))
    (result,) = made.overloads.values()
    module = result.library._final_module
    externals = _externals(module)
    if [name for name in externals if name.startswith("NRT_")] == [DESTRUCTOR]:
        module.link_in(llvm.parse_assembly(f"define void @{DESTRUCTOR}(ptr) {{ ret void }}"))
    code = result.library.codegen._tm.emit_object(module)
    return Code(code, result.fndesc.llvm_func_name, _externals(module))


# ---- An entry's face


def face(context: Any, library: Any, described: Any) -> None:
    """Add to an entry what CPython calls: a built-in function, whose arguments come as an array of objects.

    Numba's own would need its runtime. This one takes arrays and numbers. It compares what nobody may get wrong, each
    array's type, dtype, dimensions and flags and each number's type, with what the code was compiled for, and hands
    over to ``_native.load``'s ``other`` if they differ. Extension modules have read arrays at these places of their
    objects for as long as there has been NumPy: its headers say so (``PyArrayObject_fields``).
    """
    module = library.create_ir_module("face")
    taken, given = described.argtypes, described.restype
    native = ir.Function(module, context.call_conv.get_function_type(given, taken), described.llvm_func_name)
    pointer, word, size = ir.IntType(8).as_pointer(), ir.IntType(32), ir.IntType(64)
    made = ir.Function(module, ir.FunctionType(pointer, [pointer, pointer.as_pointer(), size]), FACE)
    objects = ir.GlobalVariable(module, ir.ArrayType(pointer, 3 + len(taken)), OBJECTS)
    objects.initializer = ir.Constant(objects.value_type, None)
    builder = ir.IRBuilder(made.append_basic_block())
    otherwise = made.append_basic_block("otherwise")
    python = context.get_python_api(builder)

    def known(number: int) -> Any:
        return builder.load(builder.gep(objects, [word(0), word(number)]))

    def require(found: Any, wanted: Any) -> None:
        going_on = made.append_basic_block()
        builder.cbranch(builder.icmp_unsigned("==", found, wanted), going_on, otherwise)
        builder.position_at_end(going_on)

    def field(of: Any, offset: int, typ: Any) -> Any:
        return builder.load(builder.bitcast(builder.gep(of, [word(offset)]), typ.as_pointer()))

    def array(argument: Any, typ: Any, number: int) -> Any:
        data, dimensions, shape, strides, _, dtype, flags = (HEAD + i * POINTER for i in range(7))
        require(field(argument, HEAD - POINTER, pointer), known(0))
        require(field(argument, dtype, pointer), known(number))
        require(field(argument, dimensions, word), word(typ.ndim))
        # Numba takes no record for aligned, whatever its array says.
        checked = FLAGS["C"] | FLAGS["W"] | FLAGS["A"] * typ.aligned
        wanted = FLAGS["C"] * (typ.layout == "C") | FLAGS["W"] * typ.mutable | FLAGS["A"] * typ.aligned
        require(builder.and_(field(argument, flags, word), word(checked)), word(wanted))
        taken_apart = context.make_array(typ)(context, builder)
        sizes = ir.ArrayType(context.get_value_type(types.intp), typ.ndim).as_pointer()
        populate_array(
            taken_apart,
            builder.bitcast(field(argument, data, pointer), context.get_data_type(typ.dtype).as_pointer()),
            builder.load(field(argument, shape, sizes)),
            builder.load(field(argument, strides, sizes)),
            get_itemsize(context, typ),
            None,
        )
        return taken_apart._getvalue()

    def number(argument: Any, typ: Any, place: int) -> Any:
        require(field(argument, HEAD - POINTER, pointer), known(place))
        if isinstance(typ, types.Integer):
            return python.long_as_longlong(argument)
        value = python.float_as_double(argument)
        return value if typ == types.float64 else builder.fptrunc(value, ir.FloatType())

    require(made.args[2], size(len(taken)))
    values = []
    for i, typ in enumerate(taken):
        argument = builder.load(builder.gep(made.args[1], [word(i)]))
        values.append((array if isinstance(typ, types.Array) else number)(argument, typ, 3 + i))
    with builder.if_then(python.c_api_error(), likely=False):  # an integer beyond 64 bits
        builder.ret(ir.Constant(pointer, None))
    thread = python.save_thread()
    status, value = context.call_conv.call_function(builder, native, given, taken, values)
    python.restore_thread(thread)
    with builder.if_then(status.is_error, likely=False):
        # {pickled class and arguments, how many bytes, ...}
        error = builder.load(status.excinfoptr)
        told = python.bytes_from_string_and_size(
            builder.extract_value(error, 0), builder.zext(builder.extract_value(error, 1), size)
        )
        builder.ret(python.call_function_objargs(known(2), [told]))
    builder.ret(python.from_native_return(given, value, None))
    builder.position_at_end(otherwise)
    vectorcall = ir.FunctionType(pointer, [pointer, pointer.as_pointer(), size, pointer])
    passed_on = ir.Function(module, vectorcall, "PyObject_Vectorcall")
    builder.ret(builder.call(passed_on, [known(1), *made.args[1:], ir.Constant(pointer, None)]))
    library.add_ir_module(module)
