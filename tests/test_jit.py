"""The compiler's set-up: no stale cache, same results without JIT, bounds respected, import rules."""

import ast
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest
from conftest import ROOT
from programs import loud_program, random_program

import opm
from opm import _jit, engine
from opm.cycle import dac

PUBLIC = {
    "opm",
    "opm.board.oki",
    "opm.chip",
    "opm.events",
    "opm.many",
    "opm.midi",
    "opm.pitch",
    "opm.song",
    "opm.song.formats",
    "opm.song.writers",
}
"""Modules of opm that the player may use."""


def run_python(code, cwd, **environment):
    """Run Python code in a fresh process that sees the package in cwd."""
    full = {**os.environ, "PYTHONPATH": f"{cwd}{os.pathsep}{ROOT / 'tests'}", **environment}
    done = subprocess.run([sys.executable, "-c", code], cwd=cwd, env=full, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


STATUS = """
import numpy as np
from ._jit import entry
from .cycle import bus
from .state import STATE

@entry
def status(chips):
    return bus.read_status(chips[0])

chips = np.zeros(1, STATE)
chips["busy"] = 1
print(status(chips), "compiled" if status.compiled else "loaded")
"""


def test_an_edited_block_is_not_served_stale(tmp_path):
    """Numba itself sees only the entry's own file (issue 1833): our key must see the edit of a block."""
    shutil.copytree(ROOT / "opm", tmp_path / "opm", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "opm" / "status.py").write_text(STATUS)
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    assert run_python("import opm.status", tmp_path, **environment) == "128 compiled"
    assert run_python("import opm.status", tmp_path, **environment) == "128 loaded"

    drawing = tmp_path / "opm" / "inspect" / "plot.py"
    drawing.write_text(f"{drawing.read_text()}# seen by no entry\n")
    assert run_python("import opm.status", tmp_path, **environment) == "128 loaded"
    source = tmp_path / "opm" / "cycle" / "bus.py"
    edited = source.read_text().replace("(state.busy << 7)", "(state.busy << 6)")
    assert edited != source.read_text()
    source.write_text(edited)
    assert run_python("import opm.status", tmp_path, **environment) == "64 compiled"


def test_the_engine_reaches_what_it_is_made_of():
    """The key of the disk cache reads imports as text: no block is missed, and nothing above the engine is in it."""
    reached = {path.relative_to(ROOT / "opm").as_posix() for path in _jit.reached(Path(engine.__file__))}
    blocks = {
        path.relative_to(ROOT / "opm").as_posix()
        for room in ("cycle", "frame", "span")
        for path in (ROOT / "opm" / room).glob("*.py")
    }
    below = {"engine.py", "handover.py", "events.py", "pitch.py", "registers.py", "state.py", "tables.py", "bits.py"}
    helpers = {"_cache.py", "_check.py", "_compiler.py", "_jit.py", "_lowering.py", "_native.py"}
    assert reached == blocks | below | helpers


@pytest.mark.parametrize("part", [dac.rounded, engine.one_frame, engine.leave])
def test_a_part_called_from_python_says_so(part):
    """It has no wrapper: the call would end the process. The compiler still takes it."""
    with pytest.raises(TypeError, match=f"^{part.py_func.__name__} goes into compiled code"):
        part(513)
    assert numba.njit(lambda value: dac.rounded(value))(513) == 512


@pytest.mark.parametrize("chip", ["ym2151", "ym2164"])
def test_same_samples_without_jit(chip, tmp_path):
    """1 000 cycles in plain Python, one sample a cycle: same samples, same state."""
    program = random_program(3, 1000, chip)
    np.save(tmp_path / "program.npy", program)
    want, played = opm.run(program, 1000, chip, cycles_per_frame=1, return_chip=True)
    code = (
        "import numpy as np, opm, numba; assert numba.config.DISABLE_JIT\n"
        f"out, chip = opm.run(np.load('program.npy'), 1000, {chip!r}, cycles_per_frame=1, return_chip=True)\n"
        "np.save('out.npy', out); np.save('state.npy', np.array(chip.state))"
    )
    shutil.copytree(ROOT / "opm", tmp_path / "opm", ignore=shutil.ignore_patterns("__pycache__"))
    run_python(code, tmp_path, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="error")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), want)
    assert np.load(tmp_path / "state.npy")[()] == played.state


def test_the_frame_engine_without_jit(tmp_path):
    """40 frames, 3 as clocks, with LFO noise, noise and feedback on every channel: same samples, same snapshot."""
    chip = opm.YM2151()
    chip.run(loud_program(3, 0), 300)
    for address, data in ((0x18, 0xF0), (0x19, 0x7F), (0x19, 0xFF), (0x0F, 0x9C), (0x39, 0x73), (0x1B, 0x03)):
        chip.write_register(address, data)
    chip.generate(40)
    (tmp_path / "before").write_bytes(chip.save())
    code = (
        "import numpy as np, opm, numba, pathlib; assert numba.config.DISABLE_JIT\n"
        "chip = opm.YM2151(); chip.load(pathlib.Path('before').read_bytes())\n"
        "np.save('out.npy', chip.run((), 40, engine='frame')); assert chip.frame_cycles == 1184\n"
        "pathlib.Path('after').write_bytes(chip.save())"
    )
    shutil.copytree(ROOT / "opm", tmp_path / "opm", ignore=shutil.ignore_patterns("__pycache__"))
    run_python(code, tmp_path, NUMBA_DISABLE_JIT="1", PYTHONWARNINGS="error")
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), chip.run((), 40))
    assert (tmp_path / "after").read_bytes() == chip.save()


CHECKED = (
    "import numpy as np, opm, programs, test_damage\n"
    "from opm.chip import NO_CHANNELS, NO_SAMPLES\n"
    "try:\n"
    "    traced, rows = np.full(1, 10**6, np.int32), np.zeros((1, 1), np.int32)\n"
    "    opm.YM2151()._advance(1, 32, NO_SAMPLES, NO_CHANNELS, engine=1, traced=traced, trace=rows)\n"
    "except IndexError: print('checked,', end=' ')\n"
    "for seed in range(6):\n"
    "    for chip in ('ym2151', 'ym2164'):\n"
    "        opm.run(programs.random_program(seed, 60_000, chip), 60_000, chip, cycles_per_frame=1)\n"
    "test_damage.play_random_states(20_000)\n"
    "print('clean')"
)


def begin():
    """Begin this first, for it compiles everything once more."""
    begin.checked = ThreadPoolExecutor(1).submit(run_python, CHECKED, ROOT, NUMBA_BOUNDSCHECK="1")


def test_no_index_leaves_its_array():
    """Compiled with bounds checks, which Numba's own cache key does not see: random programs and random states."""
    assert begin.checked.result() == "checked, clean"


@pytest.mark.parametrize(("package", "forbidden"), [("opm", "player")])
def test_opm_never_imports_the_player(package, forbidden):
    for source in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(name.split(".")[0] == forbidden for name in names), source


def test_the_player_uses_public_names_only():
    for source in (ROOT / "player").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("opm"):
                assert node.module in PUBLIC, f"{source}: imports from {node.module}"
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "opm":
                assert not node.attr.startswith("_"), f"{source}: uses opm.{node.attr}"


def test_importing_opm_needs_numpy_and_numba_only():
    code = (
        "import sys, opm; print(sorted({'sounddevice', 'rich', 'soxr', 'soundfile', 'matplotlib'} & set(sys.modules)))"
    )
    assert run_python(code, Path(ROOT)) == "[]"


WITHOUT = """
import sys, opm
from opm import _jit, engine, many
{body}
loaded = [name for name in {modules} if name in sys.modules]
print(loaded, engine.run_frames.compiled)
"""


def without(body, *modules):
    """Run code in a process whose cache is warm; return which modules it has imported, and how much it compiled."""
    return run_python(WITHOUT.format(body=body, modules=modules), Path(ROOT))


def test_a_warm_start_does_without_numba():
    """A first sample, a song and many jobs: code from the disk is called as it is."""
    organ = 'opm.Voice("organ", con=7, ops=(opm.Operator(),) * 4)'
    for body in (
        "opm.YM2151().generate(1)",
        "opm.load('player/songs/mountain_king.log').render()[:9]",
        f"opm.render_many([({organ}, 60, 0.1)], 100)",
    ):
        exec(f"import opm; {body}")  # in this process: compiled, if it was not
        assert without(body, "numba", "soundfile", "soxr", "rich", "textual") == "[] 0", body


@_jit.entry
def kernel(samples, level, count):
    """Take arrays and numbers, return two numbers, raise."""
    total = level
    for i in range(count):
        total += samples[i, 0]
    return total, 1 // (count - 3)


SAMPLES = np.arange(8, dtype=np.int16).reshape(4, 2)
FLOATS = np.arange(8.0).reshape(4, 2)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((SAMPLES, 1, 2), (3, -1)),
        ((SAMPLES, np.int32(1), True), (1, -1)),
        ((SAMPLES.copy("F"), 1, 2), (3, -1)),
        ((SAMPLES[::2], 1.5, 2), (5.5, -1)),
        ((FLOATS, np.float32(0.5), 2), (2.5, -1)),
        ((SAMPLES.view(np.recarray), 1, 2), (3, -1)),
        ((SAMPLES.astype(np.dtype("i2", metadata={"another": "object"})), 1, 2), (3, -1)),
        ((np.frombuffer(SAMPLES.tobytes(), np.int16).reshape(4, 2), 1, 2), (3, -1)),
    ],
)
def test_an_entry_takes_arrays_and_numbers_of_any_kind(arguments, expected):
    """Each kind is compiled for itself, whatever came before; what looks alike to Python is not mistaken."""
    for _ in range(2):
        assert kernel(SAMPLES, 1, 2) == (3, -1)
        assert kernel(*arguments) == expected


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((SAMPLES, 1, 3), ZeroDivisionError),
        ((SAMPLES, 2**63, 2), OverflowError),
        ((SAMPLES, "1", 2), TypeError),
        ((None, 1, 2), TypeError),
        ((SAMPLES, 1), TypeError),
        ((), TypeError),
    ],
)
def test_an_entry_raises(arguments, error):
    kernel(SAMPLES, 1, 2)
    with pytest.raises(error):
        kernel(*arguments)
    assert kernel(SAMPLES, 1, 2) == (3, -1)


def test_what_takes_memory_imports_numba(tmp_path):
    """Its runtime gives it. No entry of ours does that."""
    (tmp_path / "takes.py").write_text(
        "import numpy as np, sys\nfrom opm import _jit\n"
        "@_jit.entry\ndef takes(n):\n    return np.zeros(n)[:].sum()\n"
        "print(takes(3), takes.compiled, 'numba' in sys.modules)"
    )
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    code = "import takes"
    assert run_python(code, tmp_path, **environment) == "0.0 1 True"
    assert run_python(code, tmp_path, **environment) == "0.0 0 True"
