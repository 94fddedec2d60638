"""What must hold for each kind of input: read or refused in one line, nothing else; what is read can be used."""

import atexit
import functools
import json
import math
import resource
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any, BinaryIO

import numpy as np

import opm
from opm import song as songs_of_opm
from opm.chip import new_chip
from opm.handover import STATES_AT
from opm.midi.bank import Bank, Instrument
from opm.midi.extras import Extras
from opm.song import SongError, writers
from opm.song.writers.vgm_chips import VGM_CHIPS
from player.live import Live
from player.serve import Server

from . import arrangements, banks, board, boards, chips, cores, lines, midis, samples, scores, songs, voices
from .mutate import (
    VGM_FIELDS,
    Shape,
    attacked,
    bomb,
    claim,
    clock,
    dense,
    flood,
    header,
    nest,
    packed_again,
    queue,
    repacked,
    separators,
    sizes,
    state,
    table,
    word,
)
from .rules import Fault, check_line, must
from .songs import Chunks

TIME_UNITS = (None, None, "samples", "seconds")
"""What a listener may say of a log's times, tried by its length where it is read only."""


@dataclass(frozen=True)
class Target:
    """A kind of input: how it is made, what there is to damage, and what must hold."""

    make: Callable[[Random], Chunks]
    check: Callable[[bytes, bool], bool]
    """Take an input, and use it well if told to; return whether it was accepted, raise whatever is wrong."""
    shape: Shape

    def attack(self, r: Random) -> bytes:
        """Draw an input with some faults."""
        return attacked(r, self.make(r), self.shape)

    def valid(self, r: Random) -> bytes:
        """Draw one without."""
        return b"".join(self.make(r))


def fuzz_one(name: str, data: bytes) -> None:
    """Take an input and use it if it is accepted; raise whatever is wrong with that."""
    for deep in (False, True):
        TARGETS[name].check(data, deep)


def song(data: bytes, deep: bool) -> bool:
    """A song is read or refused; what is read plays, and is the same when saved and read back."""
    try:
        read = songs_of_opm.load(data, None if deep else TIME_UNITS[len(data) % 4])
    except SongError as error:
        check_line(str(error))
        return False
    must(read.length >= 0, "the song has a negative length")
    if deep:
        _use(read)
    return True


def _use(read: opm.Song) -> None:
    """Play a little of a song, look at it, and save it: a short one in every format, a long one in one of them."""
    repr(read), read.remarks, read._repr_html_()
    must(read.render(stop=0.02).shape[1] == 2, "no stereo")
    must(len(read.writes) == len(read.rows_once), "writes are missing")
    if read.companions:
        board.play(read)
    once = read.unrolled()
    count = len(once.rows) + sum(len(companion.rows) for companion in once.companions)
    if count > 20_000:
        return
    endings = (*writers.WRITERS, ".mid")
    for ending in endings if count < 300 else (endings[count % len(endings)],):
        path = _folder() / f"song{ending}"
        try:
            lost = read.save(path)
        except SongError as error:
            check_line(str(error))
            continue
        if ending != ".mid":
            _compare(read, songs_of_opm.load(path), lost, ending)
    full_disk(read, _folder() / f"song{endings[count % len(endings)]}")


@functools.cache
def _folder() -> Path:
    """Return a folder in memory, where there is one, that goes with the process."""
    shared = Path("/dev/shm")
    kept = tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None)
    atexit.register(kept.cleanup)
    return Path(kept.name)


OTHER_TIMES = ("times between samples", "the cat2151 family's timing")
MOST_OPMS = 2
"""Of a VGM."""
OTHER_LENGTH = ("the length of", "the loop", "loop modifier")


def _compare(read: opm.Song, again: opm.Song, lost: list[str], ending: str) -> None:
    """See that a song read back has the same events, or that what it lost was named."""
    count = MOST_OPMS if any(line.startswith("the YM2151s beyond two") for line in lost) else len(read.chips)
    rows = read.unrolled().rows
    must(len(again.writes) == np.count_nonzero(rows["chip"] < count), f"{ending}: other writes read back")
    must(len(again.chips) == len(read.chips[:count]), f"{ending}: another number of chips read back")
    timed = not any(line.startswith(OTHER_TIMES) for line in lost)
    for loops in (1,) if any(line.startswith(OTHER_LENGTH) for line in lost) else (1, 2):
        for chip in range(count):
            want, got = read.events(chip, loops), again.events(chip, loops)
            if any(line.startswith(("the length of", "loop modifier")) for line in lost):
                want, got = want[: len(got)], got[: len(want)]
            must(len(got) == len(want), f"{ending}: other events of {loops} passes read back")
            for name in ("kind", "data", "cycle")[: 2 + timed]:
                must((got[name] == want[name]).all(), f"{ending}: another {name} of {loops} passes read back")
    if ending in (".vgm", ".vgz"):
        looped = not any(line.startswith(OTHER_LENGTH) for line in lost)
        board.compare(read.unrolled(), again, lost, timed, looped)


def full_disk(read: opm.Song, path: Path) -> None:
    """Save where there is room for a part of the file only: refused, and what stood there stays."""
    path.write_bytes(b"what stood there")
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, limits[1]))
    try:
        read.save(path)
    except OSError:
        pass
    except SongError as error:
        check_line(str(error))
    else:
        raise Fault(f"{path.suffix}: saved on a full disk")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    must(path.read_bytes() == b"what stood there", f"{path.suffix}: lost on a full disk")
    must(len(list(path.parent.glob(".*"))) == 0, "something temporary stays")


def mdx_with_samples(data: bytes, deep: bool) -> bool:
    """A song and its samples, given as bytes, or beside it: read, or refused."""
    own, _, pdx = data.partition(samples.MARK)
    folder = _folder() / "beside"
    folder.mkdir(exist_ok=True)
    (folder / "song.mdx").write_bytes(own)
    (folder / "Drums.pdx").write_bytes(pdx)
    beside: Any = ((own, pdx), (folder / "song.mdx", None), (own, folder), (own, folder / "Drums.pdx"))
    source, given = beside[len(data) % len(beside)]
    try:
        read = songs_of_opm.load(source, pdx=given)
    except SongError as error:
        check_line(str(error))
        return False
    if deep:
        _use(read)
    return True


def score(data: bytes, deep: bool) -> bool:
    """MML is read, by its file's name, or refused with a place; saved as MDX it plays the same."""
    path = _folder() / "song.mml"
    path.write_bytes(data)
    try:
        read = songs_of_opm.load(path)
    except SongError as error:
        check_line(str(error))
        return False
    # What plays for long has cost its second already. All else is MDX, which is used in its own way often enough.
    if deep and len(read.rows) < 20_000 and not any(line.startswith("cut off") for line in read.read_remarks):
        if len(data) % 64 == 0:
            _use(read)
        lost = read.save(path.with_suffix(".mdx"))
        again = songs_of_opm.load(path.with_suffix(".mdx"))
        must(np.array_equal(again.rows, read.rows) and again.end == read.end, "other writes as MDX")
        must(bool(lost) == bool(read.companions), "something is lost in MDX")
        must(again.tags == read.tags, "other tags as MDX")
    return True


def bank(data: bytes, deep: bool) -> bool:
    """Voices are read or refused; what is read fits the registers, and is the same when written and read back."""
    try:
        read = opm.read_voices(data, "name")
    except ValueError as error:
        must(type(error) is ValueError or isinstance(error, SongError), f"{type(error).__name__} is no error of ours")
        check_line(str(error))
        return False
    for voice in read[:20]:
        must(all(0 <= byte <= 0xFF for pair in voice.registers(1) for byte in pair), "no bytes")
        if deep:
            (again,) = opm.read_voices(voice.to_json().encode())
            must(again.ops == voice.ops, "another voice when read back")
    if deep and read:
        same = opm.read_voices(opm.write_opm(read).encode())
        must([v.ops for v in same] == [v.ops for v in read], "other voices when written as .opm")
    return True


def midi_bank(data: bytes, deep: bool) -> bool:
    """A bank is read or refused; what is read has a voice for every program and drum key, and effects that end."""
    try:
        read = opm.read_bank(data)
    except ValueError as error:
        must(type(error) is ValueError, f"{type(error).__name__} is no error of ours")
        check_line(str(error))
        return False
    must(all(0 < len(remark) < 200 for remark in read.remarks), "a remark is no line")
    if not deep:
        return True
    for number in range(0, 128, 7):
        must(read.program(number, number % 9) is not None, "no voice for a program")
        must((read.drum(number) is None) is (not read.drums), "no voice for a drum key")
    for found in [
        each for each in (*read.programs.values(), *read.drums.values()) if each.extras or not each.stands_in
    ]:
        must(all(0 <= byte <= 0xFF for pair in found.voice.registers(1) for byte in pair), "no bytes")
        for pitch in (found.transpose, found.note or 0):
            must(math.isfinite(pitch) and abs(pitch) <= 400, "a pitch out of range")
        if found.extras:
            _use_extras(found.extras)
    return True


def _use_extras(extras: Extras) -> None:
    """See that effects move what they move by no more than they may."""
    for address, wave in (*extras.waves, *((0x28, wave) for wave in [extras.vibrato] if wave)):
        must(0x20 <= address <= 0xF8 and address & 7 == 0, "no register of channel 1")
        for seconds in (0, 0.01, 0.3, 7, 1e5):
            must(abs(wave.at(seconds)) <= abs(wave.depth), "a wave is deeper than its depth")
    must(all(0 <= byte <= 0xFF for pair in extras.ahead for byte in pair), "no bytes")
    must(all(0 <= seconds <= 3600 for seconds in (extras.early, extras.turn, extras.portamento)), "no time")


def chip(name: str) -> Callable[[bytes, bool], bool]:
    """Return the check of a chip's snapshots: refused, or a chip that runs and gives the same snapshot again."""

    def check(data: bytes, deep: bool) -> bool:
        loaded = new_chip(name)
        before = loaded.save()
        try:
            loaded.load(data)
        except ValueError as error:
            must(type(error) is ValueError, f"{type(error).__name__} is no error of ours")
            check_line(str(error))
            must(loaded.save() == before, "a refused snapshot changed the chip")
            return False
        must(math.isfinite(loaded.clock) and loaded.clock > 0, "the clock is no clock")
        must(0 <= loaded.cycle <= opm.events.LAST_CYCLE, "the cycle is out of range")
        words = loaded._memory[STATES_AT : STATES_AT + len(chips.LOW)]
        must(not chips.outside(words).any(), "a field is outside its width")
        must(loaded.save() == data, "another snapshot than was loaded")
        repr(loaded)
        if loaded.cycle < opm.events.LAST_CYCLE - 1000:
            loaded.step(100)
            loaded.generate(4)
            must(not chips.outside(words).any(), "a field has left its width")
        return True

    return check


_VOICE = opm.Voice(con=7, ops=(opm.Operator(tl=20),) * 4)
BANK = Bank("one", {(0, 0, 0): Instrument("organ", _VOICE)}, {(0, 36): Instrument("drum", _VOICE, note=40.0)})


class _Output:
    """Stands for the sound card: takes one block, then the session is to stop."""

    rate = opm.REFERENCE_CLOCK / 64

    def __init__(self) -> None:
        self.live = Live(output=self, bank=BANK)

    def run(self) -> None:
        """Let the session sound for a block."""
        self.live._stopped.clear()
        self.live._run()
        must(getattr(self.live, "failure", None) is None, "the sound has ended")

    def start(self) -> None:
        """Begin."""

    def write(self, samples: Any) -> None:
        """Take a block."""
        self.live._stopped.set()

    def close(self) -> None:
        """End."""


class _Dripping(BytesIO):
    """What a client sends, all at once or a few bytes at a time."""

    def read1(self, size: int | None = -1) -> bytes:
        """Return what has come."""
        length = len(self.getbuffer())
        most = length if length % 2 else max(1, length // 1000)
        return super().read1(most if size is None or size < 0 else min(size, most))


class _Connection:
    """Stands for a socket."""

    def __init__(self, data: bytes) -> None:
        self.data, self.sent = data, b""

    def makefile(self, mode: str, size: int) -> BinaryIO:
        """Return what the client sends."""
        return _Dripping(self.data)

    def sendall(self, data: bytes) -> None:
        """Take an answer."""
        self.sent += data

    def settimeout(self, seconds: float | None) -> None:
        """Do nothing."""

    def shutdown(self, how: int) -> None:
        """Do nothing."""


@functools.cache
def _session() -> tuple[_Output, Server]:
    """Return a sound card and the server of its session, which nobody else can reach."""
    output = _Output()
    server = Server(output.live, ("127.0.0.1", 0))
    server.socket.close()
    server.shutdown = lambda: None  # type: ignore[method-assign]
    return output, server


def request(data: bytes, deep: bool) -> bool:
    """Lines get answers that are JSON, one each until the connection is closed; what they ask for does not end it."""
    output, server = _session()
    connection = _Connection(data)
    server.RequestHandlerClass(connection, ("127.0.0.1", 1), server)  # type: ignore[arg-type]
    answers = [json.loads(line, parse_constant=_no_constant) for line in connection.sent.splitlines()]
    must(len(answers) <= data.count(b"\n") + 1 and bool(answers) == bool(data), "not an answer for each line")
    for answer in answers:
        must(answer.get("status") in ("ok", "error"), "no status")
        if answer["status"] == "error":
            check_line(answer["message"])
    if deep:
        output.run()
    output.live.clear()
    return any(answer["status"] == "ok" for answer in answers)


def _no_constant(name: str) -> None:
    """Refuse NaN and Infinity, which are no JSON."""
    raise Fault(f"{name} in an answer")


S98_FIELDS = ((0x03, 1), *((at, 4) for at in (0x04, 0x08, 0x0C, 0x10, 0x10, 0x14, 0x14, 0x18, 0x18, 0x1C, 0x20, 0x24)))
ZSM_FIELDS = ((2, 1), (3, 3), (6, 3), (9, 1), (10, 2), (12, 2), (14, 2))
CHIP_FIELDS = ((0, 8), (8, 4), (20, 8), (28, 8), (36, 4))
SNAPSHOT = Shape(CHIP_FIELDS, own=(state, state, state, clock, queue, queue, header), packed=False, fixed=True)
MDX = Shape(order="big", own=(*[table] * 15, nest))
TEXT = Shape(own=(word, word, word, separators, dense))

MIDI = Shape(((4, 4), (8, 2), (8, 2), (10, 2), (12, 2), (12, 1)), "big", own=(header, flood, sizes), packed=False)

BOARD_FIELDS = (
    *VGM_FIELDS, *((chip.clock_at, 4) for chip in VGM_CHIPS.values()),
    *((bits.at, 1) for chip in VGM_CHIPS.values() for bits in chip.options.values()),
)  # fmt: skip
DEVICES = tuple((at, 4) for at in range(0x20, 0x60, 4))

TARGETS = {
    "vgm": Target(songs.vgm, song, Shape(VGM_FIELDS, own=(header,))),
    "vgz": Target(songs.vgz, song, Shape(own=(repacked, repacked, packed_again, bomb))),
    "s98": Target(songs.s98, song, Shape(S98_FIELDS, own=(header,))),
    "zsm": Target(songs.zsm, song, Shape(ZSM_FIELDS, own=(header,))),
    "mdx": Target(songs.mdx, song, MDX),
    "vgm-board": Target(boards.vgm, song, Shape(BOARD_FIELDS, own=(header, claim, flood, flood))),
    "s98-board": Target(boards.s98, song, Shape((*S98_FIELDS, *DEVICES), own=(header, flood))),
    "zsm-board": Target(boards.zsm, song, Shape(ZSM_FIELDS, own=(header, flood))),
    "pdx": Target(samples.mdx, mdx_with_samples, Shape(order="big", own=(*[table] * 14, nest, flood), packed=False)),
    "board-core": Target(
        cores.program, cores.check, Shape(((0, 1), (1, 4), (5, 2), (7, 4)), own=(header, flood), packed=False)
    ),
    "mml": Target(scores.mml, score, Shape(own=(word, word, separators, dense, flood), packed=False)),
    "json": Target(songs.json_log, song, TEXT),
    "text": Target(songs.text_log, song, TEXT),
    "tone": Target(voices.tone, song, TEXT),
    "voice-opm": Target(voices.opm, bank, TEXT),
    "voice-dmp": Target(voices.dmp, bank, Shape(((0, 1), (1, 1), (2, 1)), own=(header,))),
    "voice-fui": Target(voices.fui, bank, Shape(((4, 2), (6, 2)), own=(header,))),
    "voice-mdx": Target(songs.mdx, bank, MDX),
    "voice-pairs": Target(voices.pairs, bank, TEXT),
    "voice-json": Target(voices.tone, bank, TEXT),
    "midi": Target(midis.midi, arrangements.check, MIDI),
    "bank-toml": Target(banks.toml, midi_bank, TEXT),
    "bank-opm": Target(voices.opm, midi_bank, TEXT),
    "bank-wopn": Target(banks.wopn, midi_bank, Shape(((11, 2), (13, 2), (15, 2), (17, 1)), "big", own=(header,))),
    "bank-json": Target(banks.attachment, midi_bank, TEXT),
    "ym2151": Target(chips.ym2151, chip("ym2151"), SNAPSHOT),
    "ym2164": Target(chips.ym2164, chip("ym2164"), SNAPSHOT),
    "server": Target(lines.request, request, Shape(own=(word, word, dense), packed=False)),
}
"""Every kind of input by its name."""
