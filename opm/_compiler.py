"""How Numba compiles the parts of an entry: no further than the entry needs them.

By default Numba optimises a block by itself, makes machine code of it, then links it into its caller and begins again
there, up to the entry; of all that machine code only the entry's runs. Here a part ends as LLVM code in one common
module, to be optimised in what it goes into: 20 s instead of 40 for the same entry. Numba's documented ways in are
used, a compiler of one's own with a choice of its passes; the two libraries and ``no_compile`` are its insides (0.68).
"""

import functools
import gc
from typing import Any

from numba._dynfunc import make_function
from numba.core import typed_passes, untyped_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, CompilerBase
from numba.core.compiler_machinery import PassManager, register_pass

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
OBJECTS = 100_000
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
    """A part with all that it calls, optimised before its caller is: twice is what makes it fast."""

    def _finalize_final_module(self) -> None:
        self._finalized = True


@functools.cache
def _inlined(codegen: Any) -> _Inlined:
    return _Inlined(codegen, "blocks")


class _Lowering(typed_passes.NativeLowering):
    """Lower a part into a library of ours. Numba finds it by a function object; nobody calls that."""

    def library(self, state: Any) -> Any:
        raise NotImplementedError

    def run_pass(self, state: Any) -> bool:
        # no_compile ends Numba's own lowering at LLVM code, with no machine code to look up.
        state.library, state.flags.no_compile = self.library(state), True
        super().run_pass(state)
        state.library._ensure_finalized()
        lowered = state.cr
        name, module = lowered.fndesc.qualname, lowered.fndesc.lookup_module()
        handle = make_function(module, name, "", 0, lowered.env, (state.library,))
        state.targetctx.insert_user_function(handle, lowered.fndesc, [state.library])
        state.cr = lowered._replace(cfunc=handle)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _InlinedLowering(_Lowering):
    def library(self, state: Any) -> Any:
        return _inlined(state.targetctx.codegen())


@register_pass(mutates_CFG=True, analysis_only=False)
class _OptimisedLowering(_Lowering):
    def library(self, state: Any) -> Any:
        return _Optimised(state.targetctx.codegen(), state.func_id.func_qualname)


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
    """For entries: Numba's own compiler, given room."""

    def compile_extra(self, func: Any) -> Any:
        # Put back behind it: the process is the user's, and so are its thresholds.
        thresholds = gc.get_threshold()
        gc.set_threshold(OBJECTS, *thresholds[1:])
        try:
            return super().compile_extra(func)
        finally:
            gc.set_threshold(*thresholds)


# CPython gives its frame stack back by 16 KiB whenever a call returns over the edge, and takes it again with the next
# call: up to 4 s of page faults. This frame takes enough for all calls below it.
EntryCompiler.compile_extra.__code__ = EntryCompiler.compile_extra.__code__.replace(co_stacksize=FRAME_STACK)
