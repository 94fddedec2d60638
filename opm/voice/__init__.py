"""Voices: ``Voice`` and ``Operator``, their files, and the voices a song uses."""

from .extract import Found, extract_voices
from .files import read_voices, write_opm
from .play import NoteEvents
from .table import COLUMNS
from .voice import Operator, Voice, parameters, voice_of

__all__ = [
    "COLUMNS",
    "Found",
    "NoteEvents",
    "Operator",
    "Voice",
    "extract_voices",
    "parameters",
    "read_voices",
    "voice_of",
    "write_opm",
]
