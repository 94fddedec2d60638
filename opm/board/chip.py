"""A chip of a board as a Python object: writes in, samples out, its state open to the eye."""

import struct
import zlib
from collections.abc import Mapping
from fractions import Fraction
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from .._check import integer
from ..counts import CORES
from ..state import Record, check_widths
from .record import WRITE

_MAGIC = b"opm-part"
_HEADER = struct.Struct("<8sI")


def core(name: str) -> Any:
    """Return a chip's module; ValueError if there is no such chip."""
    # The name may be a file's or a user's and goes into an import: nothing but what is listed.
    if name not in CORES:
        raise ValueError(f"chip must be one of {', '.join(CORES)}, got {name!r}")
    return import_module(f"{__package__}.{name}")


class Chip:
    """One chip of a board beside the YM2151.

    Parameters
    ----------
    name : str
        One of ``opm.board.CORES``.
    clock : int
        Master clock in Hz.
    memory : bytes-like
        What its ROM holds, or the samples it plays.
    **options : int
        What the board wires, such as a clock divider: see the chip's own page.

    Raises
    ------
    TypeError, ValueError
        No such chip, clock, memory or option.

    Examples
    --------
    >>> psg = Chip("vera_psg", 25_000_000)
    >>> for address, data in [(0, 0x9A), (1, 0x04), (2, 0xFF), (3, 0x3F)]:
    ...     psg.write(address, data)
    >>> psg.generate(100).shape
    (100, 2)
    """

    def __init__(self, name: str, clock: int, memory: Any = b"", **options: int) -> None:
        self._core = core(name)
        self.name, self.clock = name, integer("clock", clock, 1, 10**9)
        self.options: Mapping[str, int] = options
        # bytes() first: what is given may change later, or have items wider than a byte.
        self.memory: npt.NDArray[np.uint8] = np.frombuffer(bytes(memory), np.uint8)
        self.rate: Fraction = self._core.rate(self.clock, options)
        """Samples per second."""
        # Records of class Record: np.void has no attributes, which the cores use, where the compiler is off (numba
        # issue 878).
        self._state = np.zeros(1, np.dtype((Record, self._core.FIELDS.state)))
        self._queue: list[tuple[int, int, int]] = []
        self.reset()

    def __repr__(self) -> str:
        return f"{self._core.TITLE} at {self.clock} Hz, {float(self.rate):.2f} samples per second"

    @property
    def state(self) -> np.record:
        """The live state, a record whose fields ``opm.board.core(name).FIELDS`` describes."""
        return self._state[0]  # type: ignore[no-any-return]

    def reset(self) -> None:
        """Power up."""
        self._state[:] = 0
        self._queue.clear()
        self._core.power_up(self._state[0], self.clock, self.options)

    def write(self, address: int, data: int) -> None:
        """Write to a register, before the next sample."""
        # Not only registers and bytes: PCM8 takes offsets and lengths, and a core ignores an address that it does not
        # know.
        limits = -(2**31), 2**31 - 1
        self._queue.append((0, integer("address", address, *limits), integer("data", data, *limits)))

    def generate(self, samples: int) -> npt.NDArray[np.int32]:
        """Return the next samples, (n, 2) int32, left and right."""
        writes = np.array(self._queue, WRITE)
        self._queue.clear()
        return self.run(writes, samples)

    def run(self, writes: npt.NDArray[Any], samples: int) -> npt.NDArray[np.int32]:
        """Return the next samples with writes, (n,) ``WRITE``, each before its own sample counted from here."""
        out = np.zeros((samples, 2), np.int32)
        self._core.run(self._state, self.memory, writes, out)
        return out

    def save(self) -> bytes:
        """Return a snapshot of the state; memory is not in it."""
        return _HEADER.pack(_MAGIC, self._layout) + self._state.tobytes()

    def load(self, saved: bytes) -> None:
        """Go back to a snapshot; ValueError if it is not one of such a chip, or damaged."""
        if len(saved) != _HEADER.size + self._state.nbytes or _HEADER.unpack_from(saved) != (_MAGIC, self._layout):
            raise ValueError(f"not a snapshot of a {self._core.TITLE}")
        state = np.frombuffer(saved, self._state.dtype, 1, _HEADER.size)
        # A snapshot may come from anyone, and the cores index their tables by these fields.
        try:
            check_widths(state, self._core.FIELDS)
        except ValueError as error:
            raise ValueError(f"snapshot is damaged: {error}") from None
        # In place: ``state`` is a view that people hold on to.
        self._state[:] = state

    @property
    def _layout(self) -> int:
        """A checksum of what a snapshot depends on."""
        rows = [(field.name, field.bits, field.count) for field in self._core.FIELDS]
        return zlib.crc32(repr((self.name, rows)).encode())
