"""Voices: ``Voice`` and ``Operator``, their files, and the voices a song uses."""

from .extract import Found, extract_voices
from .files import read_voices, write_opm
from .parameters import COLUMNS, parameters, voice_of
from .voice import Operator, Voice

__all__ = [
    "COLUMNS",
    "Found",
    "Operator",
    "Voice",
    "extract_voices",
    "parameters",
    "read_voices",
    "voice_of",
    "write_opm",
]
