"""Voices: ``Voice`` and ``Operator``, their files, and the voices a song uses."""

from .extract import Found, extract_voices
from .files import read_voices, write_opm
from .voice import Operator, Voice

__all__ = ["Found", "Operator", "Voice", "extract_voices", "read_voices", "write_opm"]
