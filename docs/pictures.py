"""The pictures and sounds of the site and the README: ``python docs/pictures.py`` makes all anew, a name only that one.

Everything is played and traced with ``opm``; nothing is drawn from formulas.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import soundfile
import soxr
from PIL import Image

import opm
import opm.plot
from opm.events import REFERENCE_RATE as RATE
from opm.registers import encode

ROOT = Path(__file__).parent.parent
PICTURES, SOUNDS = ROOT / "docs" / "pictures", ROOT / "docs" / "sounds"
SONG = ROOT / "player" / "songs" / "mountain_king.vgm"
BOARD = ROOT / "player" / "songs" / "canon.zsm"
OPERATORS = ("M1", "M2", "C1", "C2")
SILENT = opm.Operator(tl=127)
SINE = opm.Voice("sine", con=7, ops=(SILENT, SILENT, SILENT, opm.Operator(tl=10, rr=8)))
MAKERS: dict[str, Callable[[], Any]] = {}


def made(function: Callable[[], Any]) -> Callable[[], Any]:
    """Keep what makes a picture or a sound under its name."""
    MAKERS[function.__name__] = function
    return function


def figure(rows: int = 1, height: float = 3, **more: Any) -> Any:
    """Return the axes of a new figure."""
    return plt.subplots(rows, 1, figsize=(7, height), layout="constrained", **more)[1]


def chip_with(voice: opm.Voice, pitch: float | str = "A4", channel: int = 1) -> opm.YM2151:
    """Return a chip that has taken a voice and a note, and whose key is about to go down."""
    chip = opm.YM2151()
    for address, data in (*voice.registers(channel), *opm.note(pitch).registers(channel)):
        chip.write_register(address, data)
    chip.generate(256)
    return chip


def key(chip: opm.YM2151, voice: opm.Voice | None = None, channel: int = 1) -> None:
    """Press the keys of a voice, or release them."""
    chip.write_register(0x08, (voice.slots << 3 if voice else 0) | channel - 1)


def kept(name: str, samples: npt.NDArray[np.int16]) -> None:
    """Write a sound, as loud as it may be."""
    sound = soxr.resample(samples.astype(np.float32), RATE, 48_000)
    sound *= 0.7 / max(np.abs(sound).max(), 1)
    soundfile.write(SOUNDS / f"{name}.ogg", sound, 48_000, subtype="OPUS", compression_level=0.9)


# The README's


@made
def first_note() -> None:
    """What the README's block of code draws."""
    exec(re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1], {})


@made
def piano_roll() -> None:
    song = opm.load(SONG)
    opm.plot.piano_roll(song.events(), song.clock)


# The chip, block by block


@made
def pipeline() -> None:
    """Timer A's overflow keys all 32 slots on (CSM), so that each stage shows in each slot."""
    chip = opm.YM2151()
    for slot in range(32):
        for base, data in ((0x80, 31), (0x40, 1), (0xC0, 0), (0x60, 0)):
            chip.write_register(base + slot, data)
    for channel in range(8):
        chip.write_register(0x28 + channel, 0x4A)
    chip.write_register(0x10, 0xC0)
    chip.write_register(0x14, encode(0x14, csm=1, load_a=1))
    chip.generate(200)
    fields = {
        "kon": "key reaches the envelope: slot - 2",
        "pg_reset": "key-on seen by the envelope: slot + 2",
        "eg_level": "envelope level: slot + 3",
        "pg_reset_latch": "key-on latched for the phase: slot + 5",
        "pg_phase": "phase restarts: slot + 8",
    }
    rows = opm.trace(chip, [*fields, "kon_csm"], "cycle", stop=10_000)
    struck = int(np.flatnonzero(np.diff(rows["kon_csm"]) == 1)[0])
    first = struck + 1 - int(rows["cycle"][struck + 1]) % 32
    ax = figure(height=4.5)
    for name, label in fields.items():
        before, after = rows[name][first - 1 : first + 44], rows[name][first : first + 45]
        changes = (after == 0) & (before != 0) if name == "pg_phase" else after > before
        changes = before == 1023 if name == "eg_level" else changes
        changes &= after != before
        clocks, slots = np.nonzero(changes)
        ax.plot(clocks, slots, ".", ms=5, label=label)
    ax.set(xlabel="clock", ylabel="slot", xticks=range(0, 45, 4), title="The stages of a key-on, slot by slot")
    ax.figure.legend(loc="outside lower center", fontsize="small", ncols=2)


def waves(rows: Any, names: dict[str, str], title: str) -> None:
    """Draw fields as a logic analyser does, one above the other."""
    ax = figure(height=0.5 * len(names) + 1)
    time = np.arange(len(rows))
    for place, name in enumerate(names):
        values = np.asarray(rows[name]).astype(float)
        ax.step(time, values / max(values.max(), 1) * 0.7 - place, where="post", lw=1.2)
    ax.set(xlabel="clock", title=title, xlim=(0, len(rows) - 1))
    ax.set_yticks([0.3 - place for place in range(len(names))], list(names.values()))


@made
def bus() -> None:
    chip = opm.YM2151()
    chip.generate(100)
    chip.write(0, 0x72)
    fields = ["bus_address_write", "bus_data_write", "busy", "reg_data_ready", ("sl_tl", 18)]
    early = opm.trace(chip, fields, "cycle", stop=4)
    chip.write(1, 0x7F)
    late = opm.trace(chip, fields, "cycle", stop=60)
    waves(
        np.concatenate([early, late]),
        {
            "bus_address_write": "address taken",
            "bus_data_write": "data taken",
            "busy": "BUSY",
            "reg_data_ready": "data latched",
            "sl_tl[18]": "TL of slot 18",
        },
        "A write of TL: address at clock 0, data at clock 4",
    )


@made
def key_on() -> None:
    chip = chip_with(SINE)
    chip.step(-chip.state.cycles % 32)
    chip.write(0, 0x08)
    chip.step(2)
    chip.write(1, 0x78)
    fields = ["kon_match", *((name, slot) for name in ("kon_latch", "kon") for slot in (0, 8, 16, 24))]
    rows = opm.trace(chip, fields, "cycle", stop=62)
    names = {"kon_match": "channel recognised", "kon_latch[0]": "latches, all four"}
    names |= {f"kon[{slot}]": f"key of {op}" for op, slot in zip(OPERATORS, (0, 8, 16, 24), strict=True)}
    waves(rows, names, "Register 08 = 78, data at clock 2: clocks after it")


@made
def lfo() -> None:
    axes = figure(2, 4, sharex=True)
    for wave, name in enumerate(("saw", "square", "triangle", "noise")):
        chip = opm.YM2151()
        for address, data in ((0x18, 0xC0), (0x19, 0x7F), (0x19, 0xFF), (0x1B, wave)):
            chip.write_register(address, data)
        chip.generate(20_000)
        rows = opm.trace(chip, ["lfo_am", "lfo_pm"], stop=20_000)
        am, pm = np.asarray(rows["lfo_am"]), np.asarray(rows["lfo_pm"])
        time = np.arange(len(rows)) / RATE
        axes[0].plot(time, am / 255 * 0.8 - wave, lw=1)
        axes[1].plot(time, np.where(pm & 0x80, -(pm & 0x7F), pm) / 255 * 0.8 - wave, lw=1, label=name)
    for ax, title in zip(axes, ("AM, 0 to 253", "PM, -127 to 127"), strict=True):
        ax.set_yticks(
            [0.35 - wave if ax is axes[0] else -wave for wave in range(4)], ["saw", "square", "triangle", "noise"]
        )
        ax.set_title(title)
    axes[1].set_xlabel("seconds")
    sounds = []
    for depth in ((0x19, 0x80 | 60), (0x19, 100)):
        voice = opm.Voice(con=7, pms=6, ams=3, ops=(SILENT, SILENT, SILENT, opm.Operator(tl=10, ams_en=1)))
        chip = chip_with(voice)
        for address, data in ((0x18, 0xC8), (0x1B, 2), depth):
            chip.write_register(address, data)
        key(chip, voice)
        sounds.append(chip.generate(round(1.5 * RATE)))
    kept("lfo", np.concatenate(sounds))


@made
def noise() -> None:
    chip = opm.YM2151()
    hiss = opm.Voice(con=7, ops=(SILENT, SILENT, SILENT, opm.Operator(tl=0)))
    for address, data in (*hiss.registers(8), (0x08, 0x47)):
        chip.write_register(address, data)
    ax = figure(height=3.5)
    sounds = []
    for nfrq in (31, 16, 0):
        chip.write_register(0x0F, encode(0x0F, ne=1, nfrq=nfrq))
        chip.generate(256)
        samples = chip.generate(1 << 15)
        sounds.append(samples)
        size = np.abs(np.fft.rfft(samples[:, 0].reshape(-1, 1024) * np.hanning(1024), axis=1))
        level = 10 * np.log10(np.square(size).mean(axis=0) + 1)
        ax.plot(np.fft.rfftfreq(1024, 1 / RATE) / 1000, level - level.max(), label=f"NFRQ {nfrq}", lw=1.2)
    ax.set(xlabel="kHz", ylabel="dB", title="Spectrum of the noise", ylim=(-40, 3), xlim=(0, RATE / 2000))
    ax.figure.legend(loc="outside lower center", ncols=3)
    kept("noise", np.concatenate(sounds))


@made
def phase() -> None:
    chip = opm.YM2151()
    for slot, mul in ((0, 1), (8, 2), (16, 3)):
        chip.write_register(0x40 + slot, mul)
    for address, data in opm.note("A4").registers(1):
        chip.write_register(address, data)
    chip.generate(100)
    rows = opm.trace(chip, [("pg_phase", slot) for slot in (0, 8, 16)], stop=300)
    ax = figure(height=2.8)
    for slot, mul in ((0, 1), (8, 2), (16, 3)):
        cycles = opm.plot.gapped(rows[f"pg_phase[{slot}]"]) / 2**20
        ax.plot(np.arange(len(rows)) / RATE * 1000, cycles, label=f"MUL {mul}")
    ax.set(xlabel="ms", ylabel="phase, cycles", title="Phases of one note, A4")
    ax.figure.legend(loc="outside lower center", ncols=3)
    clean, beating = (opm.Voice(con=7, ops=(SILENT, SILENT, *(opm.Operator(tl=20, dt1=dt1, rr=9) for dt1 in pair)))
                      for pair in ((0, 0), (3, 7)))  # fmt: skip
    kept("detune", np.concatenate([chip_note(clean, "A4", 1.2), chip_note(beating, "A4", 1.2)]))


def chip_note(voice: opm.Voice, pitch: float | str, held: float, after: float = 0.3) -> npt.NDArray[np.int16]:
    """Play a note."""
    chip = chip_with(voice, pitch)
    key(chip, voice)
    sounding = chip.generate(round(held * RATE))
    key(chip)
    return np.concatenate([sounding, chip.generate(round(after * RATE))])


@made
def envelope() -> None:
    voice = opm.Voice(
        "envelope", con=7, ops=(SILENT, SILENT, SILENT, opm.Operator(ar=14, d1r=16, d1l=4, d2r=10, rr=8, tl=8))
    )
    opm.plot.envelope(voice)
    kept("envelope", chip_note(voice, "A4", 0.3, 0.5))


@made
def operators() -> None:
    """Two operators: what a modulator does to a sine as it gets louder."""
    axes = figure(2, 4.5)
    sounds = []
    for tl in (127, 30, 18):
        ops = (SILENT, opm.Operator(tl=tl, mul=1, rr=9), SILENT, opm.Operator(tl=8, mul=1, rr=9))
        voice = opm.Voice(con=4, ops=ops)
        samples = chip_note(voice, "A3", 0.7, 0.2)
        sounds.append(samples)
        steady = samples[8192 : 8192 + 16_384, 0]
        label = "no modulation" if tl == 127 else f"modulator at {-0.75 * tl:g} dB"
        axes[0].plot(np.arange(400) / RATE * 1000, steady[:400], label=label, lw=1.2)
        opm.plot.spectrum(steady, top=4000, ax=axes[1], lw=1.2)
    axes[0].set(xlabel="ms", ylabel="sample")
    axes[0].figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    kept("operators", np.concatenate(sounds))


@made
def algorithms() -> None:
    axes = plt.subplots(4, 2, figsize=(5, 6))[1].ravel()
    for con, ax in enumerate(axes):
        opm.plot.algorithm(opm.Voice(con=con), ax)
        *boxes, feedback = (text for text in ax.texts if text.get_text())
        feedback.remove()
        for text, op in zip(boxes, OPERATORS, strict=True):
            text.set(text=op, fontsize="large")


@made
def mixer() -> None:
    song = opm.load(SONG)
    opm.plot.oscilloscope(song.chip_at(31.32).generate_channels(1500))
    kept("mixer", song.render(start=28, stop=33))


@made
def dac() -> None:
    """What the DAC makes of a channel's sum, less the sum: four operators, so that it gets loud."""
    voice = opm.Voice(con=7, rl=2, ops=(opm.Operator(tl=0),) * 4)
    chip, twin = chip_with(voice, "A2"), chip_with(voice, "A2")
    key(chip, voice)
    key(twin, voice)
    exact, heard = chip.generate_channels(20_000)[:, 0].astype(int), twin.generate(20_000)[:, 1]
    ax = figure()
    ax.plot(exact, heard - exact, ".", ms=2)
    ax.set(
        xlabel="sum of the channel", ylabel="out of the DAC, less the sum", title="What 10 bits and an exponent lose"
    )


@made
def timers() -> None:
    chip = opm.YM2151()
    for address, data in ((0x10, 0xF0), (0x11, 0), (0x14, encode(0x14, load_a=1, irqen_a=1))):
        chip.write_register(address, data)
    chip.generate(10)
    counts, flags = [], []
    for frame in range(260):
        chip.generate(1)
        counts.append(int(chip.state.timer_a))
        flags.append(int(chip.irq))
        if frame == 150:
            chip.write_register(0x14, encode(0x14, load_a=1, irqen_a=1, reset_a=1))
    axes = figure(2, 3.5, sharex=True)
    axes[0].plot(counts)
    axes[0].set(ylabel="counter A", title="CLKA 960: 64 frames from overflow to overflow; flag A cleared at frame 150")
    axes[1].step(range(260), flags, where="post")
    axes[1].set(ylabel="IRQ", xlabel="frame", yticks=(0, 1))
    kept("csm", csm_voice())


def csm_voice() -> npt.NDArray[np.int16]:
    """Timer A keys all operators on 110 times per second: a pitch of its own, under formants that glide."""
    chip = opm.YM2151()
    ops = tuple(opm.Operator(tl=tl, ar=31, d1r=16, d2r=14, d1l=15, rr=12) for tl in (14, 18, 22, 28))
    for channel, tone in ((1, "A4"), (2, "E6")):
        for address, data in (*opm.Voice(con=7, ops=ops).registers(channel), *opm.note(tone).registers(channel)):
            chip.write_register(address, data)
    count = 1024 - round(RATE / 110)
    chip.write_register(0x10, count >> 2)
    chip.write_register(0x11, count & 3)
    chip.write_register(0x14, encode(0x14, csm=1, load_a=1, irqen_a=1))
    parts = []
    for step in range(60):
        for channel, tone in ((1, 69 + step / 4), (2, 90 - step / 6)):
            for address, data in opm.note(tone).registers(channel):
                chip.write_register(address, data)
        parts.append(chip.generate(round(RATE / 30)))
    return np.concatenate(parts)


@made
def board() -> None:
    """Parts of a song as they are mixed, and two of them alone."""
    song = opm.load(BOARD)
    first, last = 10.6, 14.9
    stems = song.stems(start=first, stop=last)
    parts = [stems[:, :8].sum(axis=1), *stems[:, 8:].swapaxes(0, 1)]
    seconds = first + np.arange(len(stems)) / song.sample_rate
    axes = figure(len(parts), 4.2, sharex=True, sharey=True)
    for ax, part, samples in zip(axes, song.parts, parts, strict=True):
        ax.plot(seconds, samples.mean(axis=1), lw=0.3)
        ax.set(ylabel=part.title, xlim=(first, last), yticks=[])
    axes[-1].set(xlabel="seconds")
    kept("board", song.render(start=first, stop=last))
    for part, samples in zip(("psg", "pcm"), parts[1:], strict=True):
        kept(f"board_{part}", samples)


# How-to


@made
def stems() -> None:
    song = opm.load(SONG)
    channels = song.stems(start=28, stop=32)
    opm.plot.oscilloscope(channels.sum(axis=2))
    for number, name in ((1, "bassoon"), (8, "drums")):
        kept(f"stem_{name}", channels[:, number - 1])


@made
def mid_song() -> None:
    """The envelopes of the bells in the middle of the song: what the how-to's code draws."""
    page = (ROOT / "docs" / "howto" / "envelope.md").read_text()
    song = "mountain_king.vgm"
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1].replace(song, str(SONG)), {})


@made
def voice() -> None:
    """A voice of the song, played by itself."""
    bells = opm.load(SONG).voices()[5]
    opm.plot.algorithm(bells)
    kept("voice", np.concatenate([chip_note(bells, pitch, 0.35, 0.15) for pitch in ("C5", "E5", "G5", "C6")]))


def main(names: list[str]) -> None:
    """Make what is asked for."""
    mpl.use("agg")
    plt.style.use(opm.plot.style)
    for folder in (PICTURES, SOUNDS):
        folder.mkdir(exist_ok=True)
    for name in names or MAKERS:
        MAKERS[name]()
        path = PICTURES / f"{name}.png"
        plt.savefig(path, dpi=120, bbox_inches="tight")
        plt.close("all")
        Image.open(path).convert("RGB").quantize(64).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
