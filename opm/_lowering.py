"""How our compilers write LLVM code for fields of records and elements of arrays: in five instructions, not in sixty.

Numba makes an array of seven words in memory of each array within a record, takes it apart again to find one element,
and counts references to memory that no array within a record owns. LLVM's optimiser removes nearly all of it, but
writing, reading and removing it was a third of all compiling. What is left is the same, the wrap of negative indices
and checks of bounds included. Numba's documented way in is a lowering of one's own; the rest is its insides (0.68).
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core import ir as numba_ir
from numba.core.lowering import Lower
from numba.np.arrayobj import fix_integer_index, load_item, store_item

_PLAIN = types.Number, types.Boolean, types.Record, types.NestedArray
"""Types whose values own no memory."""


class ShortLower(Lower):
    """Numba's own, but for what is said above."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._roms: dict[int, Any] = {}
        self._rom_names: set[str] = set()

    def lower_assign(self, ty: Any, inst: Any) -> Any:
        """Take a table of ours as the constant it is; it owns no memory.

        Of one beyond 1 MB, or turned around, Numba writes down the address, which is another in the next process.
        """
        table = isinstance(inst.value, numba_ir.Global | numba_ir.FreeVar) and isinstance(ty, types.Array)
        if not table:
            return super().lower_assign(ty, inst)
        value = inst.value.value
        self._rom_names.add(inst.target.name)
        if id(value) not in self._roms:
            whole = np.ascontiguousarray(value) if ty.layout == "A" else value
            data = ir.Constant(ir.ArrayType(ir.IntType(8), whole.nbytes), bytearray(whole.tobytes("A")))
            data = cgutils.global_constant(self.builder, ".const.array.data", data)
            data.align = self.context.get_abi_alignment(self.context.get_data_type(ty.dtype))
            self._roms[id(value)] = self._array(ty, data, whole, whole.size, whole.itemsize)
        return self._roms[id(value)]

    def storevar(self, value: Any, name: str, argidx: Any = None) -> None:
        """Store without a look at what was there, if that owns no memory."""
        # What Numba does for an argument; without debug information it makes no other difference.
        plain = isinstance(self.typeof(name), _PLAIN)
        super().storevar(value, name, argidx=0 if plain and argidx is None else argidx)

    def alloca_lltype(self, name: str, lltype: Any, datamodel: Any = None) -> Any:
        """Make room for a variable; no debugger asks for its size, which LLVM would have to be asked for."""
        return cgutils.alloca_once(self.builder, lltype, name=name, zfill=False)

    def delvar(self, name: str) -> None:
        """Let go of a variable; one that owns no memory may stand as it is."""
        if name not in self._rom_names and not isinstance(self.typeof(name), _PLAIN):
            super().delvar(name)
        elif name not in self._blk_local_varmap:
            self._singly_assigned_vars.discard(name)
            self._alloca_var(name, self.typeof(name))

    def lower_expr(self, resty: Any, expr: Any) -> Any:
        """Take a field of a record by itself."""
        if expr.op != "getattr" or not isinstance(record := self.typeof(expr.value.name), types.Record):
            return super().lower_expr(resty, expr)
        kind: Any = record.typeof(expr.attr)
        within = isinstance(kind, types.NestedArray)
        value = self.context.get_data_type(kind.dtype if within else kind)
        place = cgutils.get_record_member(self.builder, self.loadvar(expr.value.name), record.offset(expr.attr), value)
        if within:
            return self._array(kind, place, kind, kind.nitems, kind.size)
        value = self.context.unpack_value(self.builder, kind, place, None if record.aligned else 1)
        return self.context.cast(self.builder, value, kind, resty)

    def lower_getitem(self, resty: Any, expr: Any, value: Any, index: Any, signature: Any) -> Any:
        """Load one element by itself."""
        kind = self.typeof(value.name)
        if not self._takes(kind, signature.args[1]):
            return super().lower_getitem(resty, expr, value, index, signature)
        element = load_item(self.context, self.builder, kind, self._place(kind, value, index, signature.args[1]))
        return self.context.cast(self.builder, element, signature.return_type, resty)

    def lower_setitem(self, target_var: Any, index_var: Any, value_var: Any, signature: Any) -> Any:
        """Store one element by itself."""
        kind = self.typeof(target_var.name)
        if not self._takes(kind, signature.args[1]) or isinstance(kind.dtype, types.Record):
            return super().lower_setitem(target_var, index_var, value_var, signature)
        value, given = self.loadvar(value_var.name), self.typeof(value_var.name)
        place = self._place(kind, target_var, index_var, signature.args[1])
        value = self.context.cast(self.builder, value, given, signature.args[2])
        value = self.context.cast(self.builder, value, signature.args[2], kind.dtype)
        return store_item(self.context, self.builder, kind, value, place)

    def incref(self, typ: Any, val: Any) -> None:
        """Count references, but not to an array within a record, which owns no memory."""
        if not isinstance(typ, _PLAIN):
            super().incref(typ, val)

    def decref(self, typ: Any, val: Any) -> None:
        """As above."""
        if not isinstance(typ, _PLAIN):
            super().decref(typ, val)

    def _array(self, kind: Any, place: Any, shaped: Any, items: int, size: int) -> Any:
        """Return an array of a shape, a constant if its place is one."""
        model = self.context.data_model_manager[kind]
        words = {"nitems": items, "itemsize": size, "shape": shaped.shape, "strides": shaped.strides}
        at, elements = model.get_field_position("data"), model.get_value_type().elements
        if isinstance(place, ir.GlobalVariable):
            words["data"] = place.bitcast(elements[at])
        constants = [_constant(field, words.get(name)) for name, field in zip(model._fields, elements, strict=True)]
        constant = ir.Constant(model.get_value_type(), constants)
        return constant if "data" in words else self.builder.insert_value(constant, place, at)

    def _takes(self, kind: Any, index: Any) -> bool:
        """Say whether an index denotes one element that we know how to find."""
        if not isinstance(kind, types.Array) or kind.layout != "C":
            return False
        indices: Any = index if isinstance(index, types.BaseTuple) else [index]
        whole = len(indices) == kind.ndim and all(isinstance(each, types.Integer) for each in indices)
        return whole and isinstance(kind.dtype, types.Integer | types.Record)

    def _place(self, kind: Any, array: Any, index: Any, taken: Any) -> Any:
        """Return where an element is."""
        builder, context, model = self.builder, self.context, self.context.data_model_manager[kind]
        value = self.loadvar(array.name)
        if isinstance(kind, types.NestedArray):
            shape = [context.get_constant(types.intp, size) for size in kind.shape]
        else:
            shape = cgutils.unpack_tuple(builder, builder.extract_value(value, model.get_field_position("shape")))
        indices = context.cast(builder, self.loadvar(index.name), self.typeof(index.name), taken)
        single = not isinstance(taken, types.BaseTuple)
        indices = [indices] if single else cgutils.unpack_tuple(builder, indices)
        at: Any = None
        for axis, (each, typed, size) in enumerate(zip(indices, [taken] if single else taken, shape, strict=True)):
            now = context.cast(builder, each, typed, types.intp)
            if typed.signed and not (isinstance(now, ir.Constant) and now.constant >= 0):
                now = fix_integer_index(context, builder, typed, each, size)
            if context.enable_boundscheck:
                cgutils.do_boundscheck(context, builder, now, size, axis)
            at = now if at is None else builder.add(builder.mul(at, size), now)
        return builder.gep(builder.extract_value(value, model.get_field_position("data")), [at])


def _constant(field: Any, value: Any) -> Any:
    """Return a word of an array, or some."""
    if value is None:
        return ir.Constant(field, None)
    if isinstance(value, ir.Value):
        return value
    return ir.Constant(field, list(value) if isinstance(value, tuple) else value)
