from .bank import Bank, Instrument
from .banks import default_bank, read_bank
from .parts import Note
from .performer import Performer

__all__ = ["Bank", "Instrument", "Note", "Performer", "default_bank", "read_bank"]
