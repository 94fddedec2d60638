"""Play songs through the sound card: on a full screen, or with one line of status."""

import os
import shutil
import sys
import time
from importlib import import_module

from opm import YM2151
from opm.song import Renderer, SongError, printable

from . import draw, signals
from .devices import NoSound, Speaker, quiet, sound_first
from .jobs import Job, about
from .session import LOOKS_PER_SECOND, Session
from .streams import PROG, say, without_echo


def has_screen() -> bool:
    """Return whether there is a terminal to draw a screen on and to read keys from."""
    # Textual draws on the original standard error; standard output may be a pipe.
    terminals = all(stream is not None and stream.isatty() for stream in (sys.__stdin__, sys.__stderr__))
    return terminals and os.environ.get("TERM", "dumb" if os.name == "posix" else "") != "dumb"


def _full_screen(session: Session, scope: bool) -> bool:
    """Play until the last song ends or somebody quits; return whether it was the end."""
    from .app import PlayerApp

    return PlayerApp(session, scope).play()


def _plain(session: Session) -> bool:
    """Play to the end, with one line of status."""
    playing, line = None, ""
    while session.tick():
        if session.playing is not playing:
            # The line of the song before stays, and the next one's remarks come below it.
            show(line, last=True)
            playing, line = session.playing, ""
            session.job.announce(about(playing) if playing else [])
        if playing:
            end = "∞" if session.endless else draw.minutes(session.length)
            place = f"{draw.minutes(session.seconds)} / {end}"
            title = playing.song.tags.get("title", session.job.path.name)
            late = session.playback.speaker.underruns
            line = printable(f"{place}  {title}{f'  underruns {late}' if late else ''}")
            show(line)
        time.sleep(1 / LOOKS_PER_SECOND)
    show(line, last=True)
    return True


def show(line: str, last: bool = False) -> None:
    """Overwrite the line on a terminal; elsewhere, as in a log file, print only the last of each song."""
    if line and sys.stderr.isatty():
        # One column less, as a full line makes some terminals wrap, and "\r" then returns to the wrong one.
        width = shutil.get_terminal_size().columns - 1
        print(f"\r{draw.fitted(line, width)}", end="\n" if last else "", file=sys.stderr, flush=True)
    elif line and last:
        print(line, file=sys.stderr, flush=True)


def play(jobs: list[Job], device: str | None, latency: str, plain: bool, scope: bool) -> list[str]:
    """Play songs one after the other, on a full screen if there is one; return what went wrong, a line each."""
    try:
        # Before the card is opened, so that a bad file is one line at once; of several, the others still play.
        first = jobs[0].playing() if len(jobs) == 1 else None
    except Exception as error:
        return [jobs[0].failure(error)]
    screen = not plain and has_screen()
    try:
        speaker = Speaker(device)
        with without_echo():
            # Now, since compiling while there is sound stops the playback's thread: measured, for up to 0.19 s.
            signals.run_in_thread(*([Renderer.compile_for, first] if first else [YM2151]))
            # Imported there because an import in the main thread may lose the exception that a signal raises.
            if screen:
                signals.run_in_thread(import_module, "player.app")
        return _play_session(Session(jobs, speaker, latency, first), screen, scope)
    except NoSound as error:
        raise SongError(f"{error}; write a file instead: {PROG} SONG -o song.wav") from None


def _play_session(session: Session, screen: bool, scope: bool) -> list[str]:
    """Play a session to its end, or until somebody ends it; return what went wrong, a line each."""
    speaker = session.playback.speaker
    ended = False
    with quiet(), sound_first():
        try:
            session.playback.start()
            ended = _full_screen(session, scope) if screen else _plain(session)
        finally:
            session.close(play_out=ended)
            if speaker.underruns:
                say(f"underruns: {speaker.underruns}")
    return list(session.failed.values())
