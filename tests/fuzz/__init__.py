"""An attack that can be repeated: files, snapshots and requests, valid ones and damaged ones, against their readers.

The short form is ``test_fuzz.py``, part of all tests. The long form, from the repository's root::

    python -m tests.fuzz --inputs 100000 [--format vgm ...] [--seed 1] [--workers 2] [--keep .cache/fuzz]

It prints a table and exits with 1 if anything is wrong; inputs that fail are kept as files, the smallest of each
fault. ``python -m tests.fuzz --format vgm --replay FILE`` runs one of them again, with ``--shrink`` made smaller first.
Memory is measured and limited as POSIX systems do it.

For a fuzzer guided by coverage, ``targets.fuzz_one(name, data)`` raises whatever is wrong with some bytes. With
atheris, where that is installed (nothing here needs it)::

    import atheris, sys
    with atheris.instrument_imports():
        from tests.fuzz.targets import fuzz_one
    atheris.Setup(sys.argv, lambda data: fuzz_one("vgm", data))
    atheris.Fuzz()

``songs``, ``voices``, ``banks``, ``chips`` and ``lines`` make valid inputs, ``mutate`` damages them, ``targets`` says
what must hold, ``work`` and ``drive`` are the long form, ``shrink`` makes what it finds smaller. The makers draw from
anything with the methods of ``random.Random``: hypothesis' own in the short form, a seeded one in the long form.
"""
