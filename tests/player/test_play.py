"""Playing without a screen: the line that says where the song is."""

from card import Card, short

from player import play
from player.jobs import Job
from player.session import Session


def test_the_plain_line_names_each_song_in_its_notes(tmp_path, capsys):
    bad, quiet = tmp_path / "bad.txt", tmp_path / "quiet.txt"
    bad.write_text("nonsense")
    quiet.write_text("0.0 20 C7\n0.1 28 4A\n")
    session = Session([Job(bad), Job(quiet, options={"tail": 0.0})], Card(plays=5000), "high")
    session.playback.start()
    assert play._plain(session)
    session.close(play_out=False)
    notes, line = capsys.readouterr().err.splitlines()
    assert notes == f"{quiet}: note: no key is ever pressed: nothing of the FM chip will be heard"
    assert line == "0:00 / 0:00  quiet.txt"


def test_the_plain_line(tmp_path, capsys):
    session = Session([short(tmp_path)], Card(plays=5000), "high")
    session.playback.start()
    assert play._plain(session)
    session.close(play_out=False)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "0:00 / 0:00  short.txt\n", "once, where there is no terminal"
