"""Programs of the package: Ctrl-C while Python imports them, and twice at once."""

import os
import subprocess
import sys

import pytest
from conftest import ROOT

KILL = "os.kill(os.getpid(), signal.SIGINT)"


@pytest.mark.parametrize("program", [["-m", "opm.dataset"], ["-m", "opm.bench"], ["-mopm.dataset"]], ids=str)
def test_ctrl_c_while_it_is_imported(tmp_path, program):
    """A stub stands for NumPy."""
    (tmp_path / "numpy.py").write_text(f"import os, signal, time\n{KILL}\ntime.sleep(100)")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, *program], cwd=ROOT, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_other_programs_hear_of_ctrl_c(tmp_path):
    """What imports the package has handlers of its own."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / "__init__.py").write_text("import opm")
    (folder / "__main__.py").write_text(f"import os, signal\ntry: {KILL}\nexcept KeyboardInterrupt: print('heard')")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    for program in ("theirs", "theirs.__main__"):
        done = subprocess.run([sys.executable, "-m", program], env=environment, capture_output=True, check=True)
        assert done.stdout.split() == [b"heard"]


def test_ctrl_c_twice(tmp_path):
    """The second comes while the first is answered."""
    code = f"""
import os, runpy, signal, sys
sys.argv, sys.orig_argv = ["-m"], ["python", "-m", "opm.dataset"]
import opm.dataset.store as store

def make(*_):
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        os.kill(os.getpid(), signal.SIGINT)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    finally:
        {KILL}

store.make = make
sys.argv = ["dataset", {str(tmp_path / "a.npz")!r}, "--voices", "1"]
runpy.run_module("opm.dataset", run_name="__main__", alter_sys=True)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "stopped; the same command starts over\n")


def test_ctrl_c_while_it_compiles(tmp_path):
    """Nothing is there yet to clean up: it ends at once, by no exception that Numba's destructors could swallow."""
    code = f"""
import os, runpy, signal, sys
sys.argv, sys.orig_argv = ["-m"], ["python", "-m", "opm.dataset"]
import opm.many.entry as entry

entry.warm = lambda: {KILL}
sys.argv = ["dataset", {str(tmp_path / "a.npz")!r}, "--voices", "1"]
runpy.run_module("opm.dataset", run_name="__main__", alter_sys=True)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
