"""Play YM2151 register logs, or write them to files."""

from . import signals

TYPE_CHECKING = False  # As in ``player``.
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import NoReturn

TOKEN = "NUMBA_OPM_TOKEN"
"""The environment variable that holds the token."""


def main(argv: list[str] | None = None) -> int:
    """Run the player; return its exit code: 0, 1 if some of several songs failed, 2 for bad input."""
    # Imported here, not at the top: signals have to be handled before anything slow is imported.
    from . import cli
    from .streams import complain, tell

    args = cli.parse(argv)
    if args.print_completion:
        tell(cli.completion(args.print_completion))
        return 0
    if args.version:
        from opm import __version__

        tell(f"numba-opm {__version__}")
        return 0
    # Parsing has ended by now, so that --help and a mistyped option take 0.1 s.
    from opm import SongError

    from .devices import NoSound

    try:
        if args.list_devices:
            from .devices import device_list
            from .keyboard import input_list

            tell("\n".join(filter(None, (device_list(), input_list()))))
        elif args.midi_in is not None:
            from .perform import perform

            return perform(args)
        elif args.serve:
            return _serve(args)
        else:
            return _do(args)
    except (SongError, NoSound) as error:
        complain(str(error))
        return signals.BAD_INPUT
    return 0


def _do(args: "Namespace") -> int:
    """Show, write or play the songs; return the exit code."""
    from .jobs import make_jobs
    from .streams import complain, keys_from_terminal, say

    jobs = make_jobs(args)
    if args.info:
        from .info import tell_all

        failed = tell_all(jobs, args.json)
    elif args.output or args.stems:
        from .files import write

        # Only behind the imports of each branch: an import may lose the exception that a signal raises.
        signals.raise_on_signals()
        failed = write(jobs, args.jobs or 1)
    else:
        from .play import play

        if "-" in args.songs:
            keys_from_terminal()
        signals.raise_on_signals()
        failed = play(jobs, args.device, args.latency, args.plain, args.scope)
    for line in failed:
        complain(line)
    if failed and len(jobs) > 1:
        say(f"{len(failed)} of {len(jobs)} songs failed")
        return signals.SOME_FAILED
    return signals.BAD_INPUT if failed else 0


def _serve(args: "Namespace") -> int:
    """Run the live server until it is shut down."""
    from opm import REFERENCE_CLOCK, YM2151
    from opm.song import SongError, reason

    from .devices import Speaker, quiet, sound_first
    from .live import LATENCY, Live
    from .perform import read_voices
    from .serve import Server
    from .streams import complain, say

    signals.raise_on_signals()
    token, bank = _token(args), read_voices(args.voices)
    # Before the card is opened: compiling can stop other threads for 0.19 s (measured), and the card holds 0.1 s.
    signals.run_in_thread(YM2151)
    with quiet(), sound_first():
        speaker = Speaker(args.device, LATENCY[args.latency].seconds)
        live = Live(
            args.clock or REFERENCE_CLOCK, "ym2151", speaker, complain, args.record, bank, args.click_free, args.latency
        )
        try:
            with Server(live, args.serve, token) as server:
                # Anybody who connects can make noise, and the protocol is clear text.
                if not server.loopback:
                    advice = "" if token else "; --token-file FILE keeps strangers out"
                    say(f"warning: other machines can reach this server{advice}")
                live.start()
                say(f"serving on {args.serve[0]}:{server.server_address[1]}")
                server.serve_forever(0.1)
        except OSError as error:
            raise SongError("cannot serve on {}:{}: {}".format(*args.serve, reason(error))) from None
        finally:
            live.stop()
            if speaker.underruns:
                say(f"underruns: {speaker.underruns}")
            if live.recording and live.recording.summary:
                say(live.recording.summary)
    return signals.BAD_INPUT if live.failure or (live.recording and live.recording.failure) else 0


def _token(args: "Namespace") -> str | None:
    """Return the token that clients have to show: from the command line, a file, or the environment."""
    import os

    from opm.song import SongError, formats, reason

    if not args.token_file:
        return args.token or os.environ.get(TOKEN)
    try:
        # Editors and ``echo`` end a file with a newline, which no client would send.
        return os.fsdecode(formats.contents(args.token_file).rstrip(b"\r\n"))
    except (OSError, SongError) as error:
        raise SongError(f"{args.token_file}: {reason(error) if isinstance(error, OSError) else error}") from None


def run() -> "NoReturn":
    """Run the player as a program that signals can end."""
    signals.exit_on_signals()
    try:
        from .streams import complete

        complete()
        code = main()
    except signals.Ended as ended:
        code = ended.code
    # Not sys.exit: that would wait for threads that are still reading or compiling the next song.
    signals.exit_now(code)


if __name__ == "__main__":
    run()
