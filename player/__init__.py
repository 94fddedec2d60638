"""Files in, sound out: a player of YM2151 register logs on top of ``opm``."""
