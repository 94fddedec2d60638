"""The chip's whole state: one table, from which the structured dtype ``STATE`` is made.

Every field is int32, because narrow or unsigned integers behave differently with and without the JIT
compiler; the true width stands in the table and is kept by a mask at every store. Array sizes: 32 slots
(operator * 8 + channel, operators M1 M2 C1 C2), 8 channels, or the stages of a pipeline, newest first.

Widths marked ``HISTORY`` are shift registers the reference keeps in 32 bits: int32 holds the same pattern.
Fields of YM2164 only start with ``opp_``.
"""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, SupportsIndex, overload

import numpy as np

HISTORY = 32
M1, M2, C1, C2 = 0, 8, 16, 24
OPERATORS = {"M1": M1, "M2": M2, "C1": C1, "C2": C2}
"""First slot of each operator, in register order."""
ATTACK, DECAY1, DECAY2, RELEASE = 0, 1, 2, 3
"""The values of ``eg_state``."""
LEFT, RIGHT = 0, 1
"""Sides, in fields of two elements and in samples."""


@dataclass(frozen=True)
class Field:
    """One field: name, width in bits, number of elements, meaning, two's complement or not, hardware block."""

    name: str
    bits: int
    count: int
    meaning: str
    signed: bool = False
    block: str = ""


SIGNED = True
# fmt: off
_TABLE: tuple[Any, ...] = (
    # name              bits count meaning
    "clock and pins",
    ("cycles",             5,  1, "position in the frame, 0-31; releasing IC sets it to 0"),
    ("ic",                 1,  1, "IC pin asserted (reset)"),
    ("ic_old",             1,  1, "IC one clock ago"),
    ("opp",                1,  1, "1 = the chip is a YM2164 (OPP)"),
    "bus",
    ("bus_data",           8,  1, "last byte written to either port"),
    ("bus_address_strobe", 1,  1, "port 0 was written since the last clock"),
    ("bus_address_write",  1,  1, "the same, one clock later: the address is taken"),
    ("bus_data_strobe",    1,  1, "port 1 was written since the last clock"),
    ("bus_data_write",     1,  1, "the same, one clock later: the data byte is taken"),
    ("busy",               1,  1, "BUSY flag, bit 7 of the status"),
    ("busy_count",         5,  1, "clocks BUSY has been set"),
    ("mode_address",       8,  1, "address latch of the registers 00-1F"),
    ("reg_address",        8,  1, "address latch of the registers 20-FF (YM2164: 00-07 too)"),
    ("reg_address_ready",  1,  1, "reg_address holds the newest address"),
    ("reg_data",           8,  1, "data latch of the registers 20-FF"),
    ("reg_data_ready",     1,  1, "reg_data waits for its channel or slot to come by"),
    ("opp_write_rl",       8,  1, "history: a write to 20-27 matched n clocks ago"),
    ("opp_write_kc",       1,  1, "a write to 28-2F matched one clock ago"),
    ("opp_write_kf",       1,  1, "a write to 30-37 matched one clock ago"),
    "registers, chip",
    ("test",               1,  8, "test register, one element per bit"),
    ("kon_operator",       1,  4, "key-on bits of register 08, order M1 C1 M2 C2"),
    ("kon_channel",        3,  1, "channel of register 08"),
    ("ne",                 1,  1, "noise enable: channel 8 C2 plays noise"),
    ("nfrq",               5,  1, "noise frequency"),
    ("clka",              10,  1, "timer A reload value"),
    ("clkb",               8,  1, "timer B reload value"),
    ("csm",                1,  1, "timer A overflow keys all slots on"),
    ("irqen_a",            1,  1, "timer A may set its flag"),
    ("irqen_b",            1,  1, "timer B may set its flag"),
    ("load_a",             1,  1, "timer A runs"),
    ("load_b",             1,  1, "timer B runs"),
    ("reset_a",            1,  1, "clear timer A's flag at the next clock"),
    ("reset_b",            1,  1, "clear timer B's flag at the next clock"),
    ("lfrq",               8,  1, "LFO frequency: counter 2 reload (high nibble), counter 3 steps (low)"),
    ("pmd",                7,  1, "phase modulation depth"),
    ("amd",                7,  1, "amplitude modulation depth"),
    ("w",                  2,  1, "LFO waveform: saw, square, triangle, noise"),
    ("ct1",                1,  1, "register bit of pin CT1"),
    ("ct2",                1,  1, "register bit of pin CT2"),
    "registers, channel",
    ("ch_rl",              2,  8, "output enable: bit 0 left, bit 1 right"),
    ("ch_fb",              3,  8, "self-feedback of M1"),
    ("ch_con",             3,  8, "algorithm"),
    ("ch_kc",              7,  8, "key code: octave and note"),
    ("ch_kf",              6,  8, "key fraction, 1/64 semitone"),
    ("ch_pms",             3,  8, "phase modulation sensitivity"),
    ("ch_ams",             2,  8, "amplitude modulation sensitivity"),
    ("opp_ramp",           8,  8, "TL ramp rate divider (YM2164)"),
    "registers, slot",
    ("sl_dt1",             3, 32, "detune 1"),
    ("sl_mul",             4, 32, "frequency multiple, 0 = 1/2"),
    ("sl_tl",              8, 32, "total level, 0.75 dB steps (YM2164: bit 7 starts a ramp)"),
    ("sl_ks",              2, 32, "key scaling of the envelope rates"),
    ("sl_ar",              5, 32, "attack rate"),
    ("sl_ams_en",          1, 32, "amplitude modulation enable"),
    ("sl_d1r",             5, 32, "first decay rate"),
    ("sl_dt2",             2, 32, "detune 2"),
    ("sl_d2r",             5, 32, "second decay rate"),
    ("sl_d1l",             4, 32, "first decay level, 3 dB steps"),
    ("sl_rr",              4, 32, "release rate"),
    "key-on",
    ("kon_match",          1,  1, "the written key-on channel passes at the next clock"),
    ("kon_latch",          1, 32, "key-on as written"),
    ("kon",                1, 32, "key-on as the envelope sees it (latch or CSM)"),
    ("kon_old",            1, 32, "kon one frame ago"),
    ("kon_csm",            1,  1, "CSM keys on the slot at the envelope"),
    ("kon_csm_lock",       1,  1, "CSM request, taken once per frame"),
    "low frequency oscillator",
    ("lfo_am",             8,  1, "amplitude modulation now in force"),
    ("lfo_pm",             8,  1, "phase modulation now in force: bit 7 sign, bits 6-0 size"),
    ("lfo_counter1",       4,  1, "prescaler, one step each 16 clocks"),
    ("lfo_counter1_of",    8,  1, "history of its carry"),
    ("lfo_counter1_two",   1,  1, "counter 1 was 2 one clock ago"),
    ("lfo_counter2",      15,  1, "main divider, reloaded from LFRQ's high nibble"),
    ("lfo_counter2_load",  1,  1, "reload at the next clock"),
    ("lfo_counter2_of",    1,  1, "its carry"),
    ("lfo_counter2_of_lock", 1, 1, "its carry, taken at clock 14 of 16"),
    ("lfo_counter2_of_lock2", 1, 1, "the same, taken at clock 5 of 16"),
    ("lfo_counter3",      16,  1, "fractional divider"),
    ("lfo_counter3_clock", 1,  1, "counter 3 steps at the next clock"),
    ("lfo_counter3_step",  1,  1, "extra LFO step from LFRQ's low nibble"),
    ("lfo_frq_update",     1,  1, "LFRQ was written: reload counter 2"),
    ("lfo_clock",          1,  1, "the waveform steps"),
    ("lfo_clock_lock",     1,  1, "the same, held for a window of 16 clocks"),
    ("lfo_clock_test",     1,  1, "the same, one clock later: test output on CT"),
    ("lfo_test",           1,  1, "test bit 2 one clock ago"),
    ("lfo_val",      HISTORY,  1, "waveform position, a serial 16-bit word going round"),
    ("lfo_val_carry",      1,  1, "carry of its serial adder"),
    ("lfo_out1",     HISTORY,  1, "wave value, serial, before the depth"),
    ("lfo_out2",          16,  1, "depth multiplier, serial"),
    ("lfo_out2_old",      16,  1, "lfo_out2 one clock ago"),
    ("lfo_mult_carry",     1,  1, "carry of the depth multiplier"),
    ("lfo_trig_sign",      1,  1, "sign of the triangle"),
    ("lfo_saw_sign",       1,  1, "sign of the saw"),
    ("lfo_bit_counter",    8,  1, "bit position of the multiplier; bit 3 selects AM (0) or PM (1)"),
    "noise",
    ("noise_lfsr",        16,  1, "noise shift register"),
    ("noise_bit",          1,  1, "its 17th bit"),
    ("noise_timer",        5,  1, "divider, one step each 16 clocks"),
    ("noise_timer_of",     1,  1, "divider has reached NFRQ"),
    ("noise_update",       1,  1, "the register shifts in new bits"),
    "phase generator",
    ("pg_fnum",           12, 32, "F-number"),
    ("pg_kcode",           5, 32, "key code after modulation: octave and two note bits"),
    ("pg_inc",            20, 32, "phase increment per frame"),
    ("pg_phase",          20, 32, "phase; the top 10 bits address the sine"),
    ("pg_reset",           1, 32, "key-on edge"),
    ("pg_reset_latch",     1, 32, "the same, later: the phase restarts"),
    ("pg_serial",         10,  1, "test output of the phase, serial"),
    ("opp_pms",            3,  1, "PMS on its way to the phase generator"),
    ("opp_dt2",            2, 32, "DT2 on its way to the phase generator"),
    "envelope generator",
    ("eg_state",           2, 32, "ATTACK, DECAY1, DECAY2, RELEASE"),
    ("eg_level",          11, 32, "attenuation, 3/32 dB steps; 0 loud, 1023 silent (above it after IC in a decay)"),
    ("eg_rate",            6,  2, "effective rate, two pipeline stages"),
    ("eg_sl",              5,  2, "first decay level, 15 becomes 31"),
    ("eg_tl",              7,  3, "total level (YM2151)"),
    ("opp_eg_tl",         10,  1, "ramped total level (YM2164)"),
    ("eg_zr",              1,  2, "rate register is 0"),
    ("eg_ratemax",         1,  2, "effective rate is 62 or 63"),
    ("eg_shift_lock",      4,  1, "position of the lowest set bit of the timer, for this tick"),
    ("eg_timer_lock",      8,  1, "low bits of the timer, for this tick"),
    ("eg_inchi",           1,  1, "fractional step of rates 48 and up"),
    ("eg_shift",           4,  1, "shift lock plus rate: which counter bit drives the slot"),
    ("eg_clock",           8,  1, "history of the envelope clock, which ticks every third frame"),
    ("eg_clock_count",     2,  1, "divider by three"),
    ("eg_inc",             3,  1, "step size"),
    ("eg_instant",         1,  1, "attack in no time"),
    ("eg_linear",          1,  1, "decay or release step"),
    ("eg_attack",          1,  1, "attack step"),
    ("eg_mute",            1,  1, "envelope has ended: hold silence"),
    ("eg_am",             10,  1, "attenuation from the LFO"),
    ("eg_out_am",         12,  2, "level plus AM"),
    ("eg_out",            12,  2, "level plus AM plus TL"),
    ("eg_timer",          16,  1, "envelope timer, added to serially"),
    ("eg_timer_carry",     1,  1, "carry of its serial adder"),
    ("eg_timer_low",HISTORY,   1, "history: lowest set bit of the timer, one-hot"),
    ("eg_timer_stop",      1,  1, "a set bit was seen already"),
    ("eg_serial",    HISTORY,  1, "inverted output of slot 31, serial"),
    ("eg_serial_bit",      1,  1, "its bit on the wire"),
    ("eg_test",            1,  1, "test bit 5 one clock ago"),
    ("opp_tl",            10, 32, "total level after the ramp, 3/32 dB steps"),
    ("opp_tl_count",       8,  8, "ramp divider"),
    "operators",
    ("op_phase_in",       10,  1, "phase of the slot"),
    ("op_mod_in",         14,  1, "modulation of the slot", SIGNED),
    ("op_phase",          10,  1, "phase plus modulation"),
    ("op_logsin",         12,  3, "log-sine, three stages"),
    ("op_sign",      HISTORY,  1, "history of the sine's sign"),
    ("op_atten",          15,  1, "log-sine plus envelope"),
    ("op_exp",            11,  2, "exponential's mantissa"),
    ("op_pow",             7,  2, "exponential's shift"),
    ("op_out",            15,  6, "operator output: [0] magnitude, [1..5] two's complement of 14 bits", SIGNED),
    ("op_con",             3,  1, "algorithm of the slot at the output"),
    ("op_counter",         8,  1, "which operator is at the output, 0-3; more only if IC restarts frames"),
    ("op_fbupdate",        1,  1, "the output goes to M1's memory"),
    ("op_fbshift",         8,  1, "history: an M1 modulation, to be scaled by the feedback"),
    ("op_c1update",        1,  1, "the output goes to C1's memory"),
    ("op_modtable",        1,  5, "modulation sources: M1, older M1, C1, output, output"),
    ("op_m1",             14,  8, "last output of M1", SIGNED),
    ("op_m1_old",         14,  8, "the one before", SIGNED),
    ("op_c1",             14,  8, "last output of C1", SIGNED),
    ("op_mod",            14,  3, "modulation, three stages", SIGNED),
    ("op_fb",              3,  2, "feedback on its way to the slot"),
    ("op_mix",            16,  1, "operator or noise, to the mixer", SIGNED),
    ("op_mix_l",           1,  1, "add it to the left"),
    ("op_mix_r",           1,  1, "add it to the right"),
    ("op_carrier",         1,  1, "it is a carrier, wherever it is panned"),
    ("opp_rl",             2,  1, "RL on its way to the mixer"),
    ("opp_fb",             3,  3, "feedback on its way to the slot"),
    "noise channel",
    ("nc_active",          1,  1, "slot 31's envelope has let a bit through"),
    ("nc_active_lock",     1,  1, "the same, for the frame"),
    ("nc_sign",            1,  1, "sign on the wire"),
    ("nc_sign_lock",       1,  1, "noise bit of the frame"),
    ("nc_sign_lock2",      1,  1, "the noise sample is negative"),
    ("nc_out",            16,  1, "noise sample, serial"),
    "mixer, serial output and DAC; [0] left, [1] right",
    ("mix",               32,  2, "running sum of a frame", SIGNED),
    ("mix_old",           32,  2, "the same, one clock ago", SIGNED),
    ("mix_serial",        19,  2, "sum in offset binary, serial"),
    ("mix_bits",          21,  1, "bits on their way to the shifter"),
    ("mix_top",            6,  1, "top bits, from which the exponent comes"),
    ("mix_sign",           1,  1, "sign of the sample"),
    ("mix_sign_out",       1,  1, "the same, as it is sent"),
    ("mix_exp",            3,  1, "exponent of the sample, 1-7"),
    ("mix_clamp_low",      1,  2, "the sum is below the range"),
    ("mix_clamp_high",     1,  2, "the sum is above the range"),
    ("mix_out_bit",        8,  1, "history of the serial output"),
    ("so",                 1,  1, "pin SO: serial data to the DAC"),
    ("sh1",                1,  1, "pin SH1: right sample"),
    ("sh2",                1,  1, "pin SH2: left sample"),
    ("dac_sh1",            1,  1, "SH1 one clock ago"),
    ("dac_sh2",            1,  1, "SH2 one clock ago"),
    ("dac_bits",          13,  1, "serial word in the DAC: 10-bit mantissa, 3-bit exponent"),
    ("dac_output",        16,  2, "analogue output, left and right", SIGNED),
    "channels before panning, for a listener; not hardware",
    ("tap_sum",           32,  8, "slots mixed so far in this frame", SIGNED),
    ("tap_last",          32,  8, "the last whole frame", SIGNED),
    ("tap_out",           32,  8, "the one before, in step with the DAC", SIGNED),
    "channels after panning, for a listener; not hardware: eight of the left, eight of the right",
    ("side_sum",          32, 16, "slots mixed so far", SIGNED),
    ("side_taken",        32, 16, "taken over when the mixer's sum was", SIGNED),
    ("side_sent",         32, 16, "the one before", SIGNED),
    ("side_out",          32, 16, "in step with the DAC", SIGNED),
    "timers",
    ("timer_a",           10,  1, "counter A, counts up"),
    ("timer_a_idle",       1,  1, "timer A was stopped one clock ago"),
    ("timer_a_clear",      1,  1, "set the counter to 0"),
    ("timer_a_reload",     1,  1, "set the counter to CLKA"),
    ("timer_a_inc",        1,  1, "count"),
    ("timer_a_of",         1,  1, "overflow"),
    ("timer_a_load",       1,  1, "load_a, taken once per frame"),
    ("timer_a_flag",       1,  1, "status bit 0"),
    ("timer_b",            8,  1, "counter B, counts up"),
    ("timer_b_sub",        5,  1, "prescaler, 16 frames (YM2164: 32)"),
    ("timer_b_sub_of",     1,  1, "its carry"),
    ("timer_b_idle",       1,  1, "timer B was stopped one clock ago"),
    ("timer_b_clear",      1,  1, "set the counter to 0"),
    ("timer_b_reload",     1,  1, "set the counter to CLKB"),
    ("timer_b_inc",        1,  1, "count"),
    ("timer_b_of",         1,  1, "overflow"),
    ("timer_b_flag",       1,  1, "status bit 1"),
    ("timer_irq",          1,  1, "IRQ pin asserted"),
)
# fmt: on


def _fields(table: tuple[Any, ...]) -> Iterator[Field]:
    """Read a table: a heading names the block of the rows behind it."""
    block = ""
    for row in table:
        if isinstance(row, str):
            block = row
        else:
            name, bits, count, meaning, *signed = row
            yield Field(name, bits, count, meaning, bool(signed), block)


class Fields(tuple[Field, ...]):
    """The fields in the record's order: by number or by name, and a table in a notebook."""

    __slots__ = ()

    @classmethod
    def of(cls, *table: Any) -> "Fields":
        """Return the fields of a table: rows of name, bits, elements, meaning, perhaps SIGNED; headings between."""
        fields = cls(_fields(table))
        _KNOWN[tuple(field.name for field in fields)] = fields
        return fields

    @property
    def state(self) -> "np.dtype[Any]":
        """The record: all fields int32, packed."""
        return np.dtype([_format(field) for field in self])

    @overload
    def __getitem__(self, key: SupportsIndex | str) -> Field: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[Field, ...]: ...
    def __getitem__(self, key: Any) -> Any:
        """Return the field of a name or number, or several; ValueError if there is no such name."""
        if not isinstance(key, str):
            return super().__getitem__(key)
        found = next((field for field in self if field.name == key), None)
        if found is None:
            from difflib import get_close_matches  # takes as long to import as this module

            like = get_close_matches(key, [field.name for field in self])
            raise ValueError(f"the state has no field {key!r}{', but ' * bool(like)}{', '.join(like)}")
        return found

    def _repr_html_(self) -> str:
        """Return a table: name, bits, elements, meaning, block by block."""
        left = "style='text-align:left'"
        rows = ""
        for block, fields in groupby(self, lambda field: field.block):
            rows += f"<tr><td colspan=4 {left}><b>{html.escape(block)}</b></td></tr>"
            for field in fields:
                rows += f"<tr><th {left}>{field.name}</th><td>{field.bits}{' signed' * field.signed}</td>"
                rows += f"<td>{field.count}</td><td {left}>{html.escape(field.meaning)}</td></tr>"
        head = f"<tr><th {left}>field</th><th>bits</th><th>elements</th><th {left}>meaning</th></tr>"
        return f"<table>{head}{rows}</table>"


_KNOWN: dict[tuple[str, ...], Fields] = {}
"""All tables of fields, by the names in them, for records to show themselves."""
FIELDS = Fields.of(*_TABLE)
"""Every field of the state, in the record's order: ``FIELDS["eg_level"]`` says what that is."""


def _format(field: Field) -> tuple[Any, ...]:
    return (field.name, np.int32) if field.count == 1 else (field.name, np.int32, (field.count,))


STATE = FIELDS.state
"""numpy.dtype of the chip's state record: all fields int32, packed, described by ``FIELDS``."""


class Record(np.record):  # type: ignore[misc]
    """A state one can type at: its fields complete, and it shows itself block by block.

    Attribute access in plain Python is what ``np.record`` adds to ``np.void`` (numba issue 878).
    """

    def __dir__(self) -> list[str]:
        """Return the fields, then what every record has."""
        return [*(self.dtype.names or ()), *super().__dir__()]

    def _fields(self) -> dict[str, Field]:
        """Return what is known of the record's fields; a trace has elements of some of the chip's, too."""
        return {field.name: field for field in _KNOWN.get(self.dtype.names or (), FIELDS)}

    def _by_block(self) -> dict[str, dict[str, Any]]:
        """Return the fields that are not zero, by block."""
        shown: dict[str, dict[str, Any]] = {}
        fields = self._fields()
        for name in self.dtype.names or ():
            if np.any(self[name]):
                field = fields.get(name.partition("[")[0])
                shown.setdefault(field.block if field else "time", {})[name] = self[name]
        return shown

    def __repr__(self) -> str:
        lines = ["state, all that is not 0"]
        for block, fields in self._by_block().items():
            lines += [block, *(f"  {name:22}{_elements(value)}" for name, value in fields.items())]
        return "\n".join(lines)

    __str__ = __repr__

    def _repr_html_(self) -> str:
        """Return a table for each block: name, value, meaning."""
        left = "style='text-align:left'"
        tables, known = [], {name: field.meaning for name, field in self._fields().items()}
        for block, fields in self._by_block().items():
            rows = "".join(
                f"<tr><th {left}>{name}</th><td {left}>{_elements(value, '<br>')}</td>"
                f"<td {left}>{html.escape(known.get(name.partition('[')[0], ''))}</td></tr>"
                for name, value in fields.items()
            )
            tables.append(f"<tr><td colspan=3 {left}><b>{html.escape(block)}</b></td></tr>{rows}")
        return f"<table>{''.join(tables)}</table>"


def _elements(value: Any, separator: str = " | ") -> str:
    """Return a field's value; of an array whose elements are all the same, one and how many; slots by operator."""
    values = np.atleast_1d(value)
    if len(values) > 1 and (values == values[0]).all():
        return f"{values[0]} ({len(values)} times)"
    step = M2 if len(values) == C2 + M2 else len(values)
    return separator.join(" ".join(map(str, values[i : i + step].tolist())) for i in range(0, len(values), step))


RECORD = np.dtype((Record, STATE))
"""STATE as a ``Record``."""


def _outside(fields: Fields) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
    """Return, for each word of a record, what makes its values non-negative, and the bits then outside its width."""
    bias, mask = np.zeros(1, fields.state), np.zeros(1, fields.state)
    for field in fields:
        if field.bits < HISTORY:
            bias[field.name] = 1 << field.bits - 1 if field.signed else 0
            mask[field.name] = -1 << field.bits
    return bias.view(np.int32), mask.view(np.int32)


BIAS, OUTSIDE = _outside(FIELDS)
"""(n,) int32: a word is within its declared width if ``(word + BIAS) & OUTSIDE`` is 0."""


def check_widths(record: "np.ndarray[Any, Any] | np.record", fields: Fields = FIELDS) -> None:
    """Raise ValueError naming the first field of a record that holds more than its declared width."""
    (bias, outside), state = _outside(fields), fields.state
    words = np.atleast_1d(record).view(np.int32).astype(np.int64)
    for word in np.flatnonzero((words + bias) & outside)[:1]:
        field = next(field for field in reversed(fields) if _place(state, field.name) <= word)
        name = field.name if field.count == 1 else f"{field.name}[{word - _place(state, field.name)}]"
        low = -bias[word]
        raise ValueError(f"state.{name} must be {low} to {low + ~outside[word]}, got {words[word]}")


def offset(name: str, index: int = 0) -> int:
    """Return where a field's element lies in the chip's record, in 32-bit words."""
    return _place(STATE, name) + index


def _place(state: "np.dtype[Any]", name: str) -> int:
    """Return where a field begins in a record, in 32-bit words."""
    return state.fields[name][1] // 4  # type: ignore[index]
