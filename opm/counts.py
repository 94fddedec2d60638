"""How many channels and which parts there are. Imports nothing, so that the command line has it at once."""

CHANNELS = 8
CORES = (
    "vera_psg", "vera_pcm", "msm6258", "pcm8", "sega_pcm", "msm6295", "ay8910", "upd7759", "k007232", "k053260",
    "k054539", "c140", "ga20", "sn76489", "msm5205",
)  # fmt: skip
"""The chips beside the YM2151 by the names of their modules in ``opm.board``."""
