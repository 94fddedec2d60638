"""Defaults on the reference's pages, from each function's signature.

By itself griffe's reader takes the first of ``{"frame", "cycle"}`` for one, and the first name's for all of ``a, b``.
"""

from typing import Any

from griffe import DocstringSectionKind, Extension, Function


class Defaults(Extension):
    """Corrects what the docstrings were read as."""

    def on_function(self, *, func: Function, **_: Any) -> None:
        """Give each parameter of a function its own."""
        for section in func.docstring.parsed if func.docstring else ():
            if section.kind is DocstringSectionKind.parameters:
                for parameter in section.value:
                    own = parameter.name in func.parameters and not parameter.name.startswith("*")
                    parameter.default = func.parameters[parameter.name].default if own else None
