"""Running the player's command line in tests."""

from player.__main__ import main


def bad(arguments, capsys):
    """Run the player on bad input; return its one line."""
    try:
        code = main([str(a) for a in arguments])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert err.count("\n") == 1, err
    return err
