"""The hot loops of a span are vector code on processors with AVX2 and with AVX-512; compiled for them, not run.

The speed rests on LLVM's vectoriser, which gives up without a word.
"""

import json
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import ROOT
from test_jit import run_python

LOOPS = {
    "envelopes, which slots move": "envelope.sort_out(p.frame, p.write, 255, 0)",
    "envelopes, a row of levels": "envelope.hold(p.write, 3, 77, 0, p.n)",
    "attenuations, AM": "envelope.attenuations(p.frame, p.write, p.read, p.n)",
    "phases, a ramp": "phase.phases(p.frame, p.write, p.changes, p.n)",
    "operator": (
        "operators.operator(p.write, p.read, 8, u(0), 0, u(15), p.frame.m1_to_m2[0], 16, u(15), p.frame.m1_to_m2[1],"
        " p.n)"
    ),
    "operator C2": (
        "operators.last_operator(p.write, p.read, 0, p.frame.m1_to_c2[0], p.frame.m1_to_c2[1], p.frame.m1_to_c2[2],"
        " p.n)"
    ),
    "M1's attenuation": "operators.attenuations_of_m1(p.write, p.read, p.n)",
    "channel sum": "mixer.channel_sum(p.frame, p.write, p.read, 0, p.n)",
    "mixer": "mixer.mixer(p.frame, p.frame, p.write, p.read, p.n, p.n)",
    "store": "dac.store(p.write, 0, 1, p.out)",
    "feedback": "operators.feedback(p.frame, p.write, p.read, p.n)",
}
CODE = """
import json
from numpy import uint64 as u
from opm.bench import passes
from opm.span import dac, envelope, mixer, operators, phase
found = {}
for name, one_pass in {LOOPS}.items():
    loop = passes.repeated(eval("lambda p: " + one_pass))
    loop.compile("void(int32[::1], int32[::1], int32[::1], int64, int64, int16[:, ::1], int64)")
    found[name] = next(iter(loop.inspect_asm().values()))
print(json.dumps(found))
"""
VECTORS = re.compile(r"\t(?:vp(?:add|sub|sll|srl|sra|and|min|max|mull|tern)\w*\t.*%[yz]mm|vmov\w*\t%[yz]mm\d+, .*\()")
"""Arithmetic on vectors, and their stores."""


def innermost_loops(assembly):
    """Return the lines of each loop without a loop in it: from a label to the first jump back to it."""
    lines, starts, loops = assembly.splitlines(), {}, []
    for i, line in enumerate(lines):
        if label := re.match(r"(\.L\w+):", line):
            starts[label[1]] = i
        elif (jump := re.match(r"\tj\w+\t(\.L\w+)", line)) and jump[1] in starts:
            loops.append(lines[starts[jump[1]] : i])
            starts = {}
    return loops


PROCESSORS = ("haswell", "skylake-avx512")


@pytest.fixture(scope="module")
def assembled():
    """Compile for both at the same time, each in a process of its own."""
    code = CODE.replace("{LOOPS}", repr(LOOPS))
    # Bounds are not checked here, whatever is asked of the run: each check is one more way out of a loop.
    unchecked = {"NUMBA_CPU_FEATURES": "", "NUMBA_BOUNDSCHECK": "0"}
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(run_python, code, ROOT, NUMBA_CPU_NAME=name, **unchecked) for name in PROCESSORS}


@pytest.mark.parametrize("processor", PROCESSORS)
def test_hot_loops_are_vector_code(processor, assembled):
    found = json.loads(assembled[processor].result())
    abreast = {
        name: max(len(VECTORS.findall("\n".join(loop))) for loop in innermost_loops(assembly))
        for name, assembly in found.items()
    }
    assert abreast.pop("feedback") == 0, "the one chain that waits for itself: does the search see what it should?"
    assert {name for name, count in abreast.items() if count < 3} == set(), f"scalar loops; vector lines: {abreast}"
    if processor != "haswell":
        for name in ("operator", "operator C2"):
            assert "vpgatherdd" in found[name], f"{name}: no gather by 32-bit indices"
