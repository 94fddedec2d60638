"""A dataset's datasheet: what is in it, how it was made, how to read it."""

import numpy as np
import numpy.typing as npt

from .._file import printable
from ..events import REFERENCE_RATE
from ..voice.table import COLUMNS
from .plan import Plan
from .prior import LOUD, PRIOR

CHECKED = """
Each chunk has a CRC-32C: what is damaged is not read. The command that made the folder makes such chunks anew.
"""


def text(plan: Plan, name: str, peak: npt.NDArray[np.int32]) -> str:
    """Return a datasheet in Markdown.

    Parameters
    ----------
    plan : Plan
    name : str
        What the dataset is called.
    peak : (rows,) int32
        The notes' largest magnitudes.
    """
    hours, silent = plan.rows * plan.frames / REFERENCE_RATE / 3600, int((peak == 0).sum())
    # A string's repr is Python, whatever is in the name.
    opened = f"d = np.load({name!r})" if name.endswith(".npz") else f'd = zarr.open_group({name!r}, mode="r")'
    module = "numpy as np" if name.endswith(".npz") else "zarr"
    return f"""# {printable(name)}

{plan.rows} notes of a YM2151 (OPM), {hours:.3g} hours: {plan.voices} voices, each on {len(plan.notes)} notes.

## How it was made

Rendered by numba-opm, which equals Nuked-OPM f209e6e to the bit, each note on a chip just reset. There is no recording
and no noise in it; nothing was left out. A note takes channel 1 (8 if its voice has noise), from reset on: its
registers are written two frames apart, so that the key is struck after 64 frames or a little more. It is held for
{plan.held:g} s; a note has {plan.seconds:g} s.

{_voices(plan)}

## What is in it

| array | shape | |
|---|---|---|
| `audio` | {plan.rows} x {plan.frames} x 2, int16 | left and right, {REFERENCE_RATE:.2f} samples per second |
| `voice_number` | {plan.rows}, int32 | row of `parameters` |
| `midi` | {plan.rows}, float32 | the note: 69 is A4, at a master clock of 3 579 545 Hz |
| `peak` | {plan.rows}, int32 | largest magnitude; 0 is silence: {silent} notes |
| `parameters` | {plan.voices} x {len(COLUMNS)}, uint8 | register fields, not scaled; the columns below |

Columns of `parameters`: {", ".join(f"`{column}`" for column in COLUMNS)}.
{"" if name.endswith(".npz") else CHECKED}
## How to read it

```python
import {module}
from opm.voice import voice_of

{opened}
sound, voice = d["audio"][0], voice_of(d["parameters"][int(d["voice_number"][0])])
```

## What to mind

- Different parameters may sound the same: those of an operator that is not heard, or `rr` where the key is held to the
  end. Compare sounds, not rows.
- {silent} of {plan.rows} notes are silent to the last bit.
- Split by voice, not by note: the notes of one voice are not independent samples.
"""


def _voices(plan: Plan) -> str:
    """Say where the voices come from."""
    # Names come from files: escaped, since a datasheet is shown in terminals and browsers.
    if plan.bank:
        names = ", ".join(printable(voice.name) or "(no name)" for voice in plan.bank[: plan.voices])
        return f"Voices of a bank, in this order: {names}."
    ranges = "\n".join(f"| `{field}` | {low} | {high} |" for field, (low, high) in PRIOR.items())
    return f"""Voices are random, seed {plan.seed}: each field uniform between two values, both included; what is not
listed is 0. Operators that are heard have `tl` {LOUD[0]} to {LOUD[1]} instead.

| field | least | largest |
|---|---:|---:|
{ranges}"""
