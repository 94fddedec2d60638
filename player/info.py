"""``--info``: what songs hold, for people and for machines."""

import json
from typing import Any

from opm.song import Song, printable

from .jobs import Job
from .streams import tell


def tell_all(jobs: list[Job], as_json: bool) -> list[str]:
    """Print what the songs hold; return what went wrong, a line each."""
    facts, failed = [], []
    for job in jobs:
        try:
            facts.append({"song": str(job.path)} | _facts(job.load()))
        # One bad file costs its own lines only; with --json the others are still one array.
        except Exception as error:
            failed.append(job.failure(error))
    if as_json and len(jobs) > 1:
        tell(json.dumps(facts, indent=2))
    elif facts:
        tell(json.dumps(facts[0], indent=2) if as_json else "\n\n".join(map(_in_words, facts)))
    return failed


def _facts(song: Song) -> dict[str, Any]:
    """Return what a listener may want to know, ready for JSON."""
    # The keys are an interface (--json), where remarks have always been "notes".
    return {
        "format": song.format,
        "clock": song.clock,
        "clocks": list(song.clocks),
        "chips": list(song.chips),
        "parts": [part._asdict() | {"channels": list(part.channels)} for part in song.parts],
        "length": round(song.length, 3),
        "loop": None
        if song.loop is None
        else {"start": round(song.loop, 3), "length": round(song.seconds(song.loop_ticks), 3)},
        "tags": song.tags,
        "writes": len(song.rows_once),
        "compat": "cat2151" if song.double_speed else "none",
        "midi": song.arrangement and dict(song.arrangement.facts),
        "not_played": list(song.not_played),
        "notes": song.remarks,
    }


def _part_in_words(part: dict[str, Any]) -> str:
    """Return a line such as "vera_psg: VERA PSG at 25000000 Hz, 144 sounds on 4 channels"."""
    channels = f" on {len(part['channels'])} channels" if len(part["channels"]) > 1 else ""
    sounds = "1 sound" if part["sounds"] == 1 else f"{part['sounds']} sounds"
    return f"{part['name']}: {part['title']} at {part['clock']} Hz, {sounds}{channels}"


def _in_words(facts: dict[str, Any]) -> str:
    """Return the facts as lines, in columns."""
    loop = facts["loop"]
    lines = [
        ("song", facts["song"]),
        ("format", facts["format"]),
        ("clock", ", ".join(f"{clock} Hz" for clock in dict.fromkeys(facts["clocks"]))),
        ("chips", ", ".join(name.upper() for name in facts["chips"])),
        *(("part", _part_in_words(part)) for part in facts["parts"] if len(facts["parts"]) > 1),
        ("length", f"{facts['length']:.3f} s"),
        ("loop", f"{loop['length']:.3f} s from {loop['start']:.3f} s" if loop else "none"),
        ("writes", facts["writes"]),
        ("compat", facts["compat"]),
        ("not played", ", ".join(facts["not_played"]) or "nothing"),
        *(("remark", remark) for remark in facts["notes"]),
        *((printable(name, 40), value) for name, value in facts["tags"].items()),
    ]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:{width}}  {printable(str(value))}" for name, value in lines)
