"""deescal play | demo | doctor."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from scenarios.loader import Loaded
    from simulator.cast import Choice
    from simulator.events import Event
    from simulator.records import Records

_SUBJECTS = click.Choice(["cooperative", "upset", "aggressive", "surprise"])


def _choice(
    scenario: str | None, subject: str, seed: int | None, officer: str, voice: bool
) -> Choice | None:
    from scenarios.loader import load
    from simulator.cast import Choice

    if scenario is None:
        return None
    subject_type = None if subject == "surprise" else subject
    return Choice(load(scenario), subject_type, seed, officer, voice)  # type: ignore[arg-type]


@click.command()
@click.argument("scenario", required=False)
@click.option("--plain", is_flag=True, help="Lines instead of screens: for ssh and screen readers.")
@click.option(
    "--text", "text_only", is_flag=True, help="No microphone, no loudspeaker: type and read."
)
@click.option(
    "--subject", type=_SUBJECTS, default="surprise", show_default=True, help="Subject type."
)
@click.option("--seed", type=int, help="The same seed plays the same civilian.")
@click.option("--officer", default="", help="Your name or number, for your own record.")
@click.option("--model", default="civilian", show_default=True, help="A model id or a .gguf file.")
@click.option(
    "--resume", "resume_id", help="Go on with this session (its first characters, or 'last')."
)
@click.option("--input", "input_device", help="Microphone, by number or part of its name.")
@click.option("--output", "output_device", help="Loudspeaker, by number or part of its name.")
@click.option("--hands-free", is_flag=True, help="Talk without a key (F4 in the session).")
@click.option(
    "--headset/--no-headset",
    default=True,
    show_default=True,
    help="Without one the microphone is closed while the civilian speaks.",
)
@click.option("--echo-cancel", is_flag=True, help="Take the loudspeaker out of what is heard.")
def play(
    scenario: str | None,
    plain: bool,
    text_only: bool,
    subject: str,
    seed: int | None,
    officer: str,
    model: str,
    resume_id: str | None,
    input_device: str | None,
    output_device: str | None,
    hands_free: bool,
    headset: bool,
    echo_cancel: bool,
) -> None:
    """Talk with a civilian: pick, briefing, session, review.

    A microphone or a loudspeaker that is named is remembered for the next time; `deescal doctor --sound` lists and
    tries them.

    \b
    Examples:
      deescal play
      deescal play traffic-stop-late-shift --subject upset
      deescal play --hands-free --input jabra
      deescal play --plain --text shoplifting-detention
    """
    if hands_free and (plain or text_only):
        raise click.UsageError(
            "--hands-free needs the screens and sound: leave --plain and --text out"
        )
    from simulator.records import Records

    choice = _choice(scenario, subject, seed, officer, voice=not text_only)
    records = Records()
    if plain:
        _play_plain(choice, records, model, resume_id, officer)
        return
    if not sys.stdout.isatty():
        raise click.UsageError("the screens need a terminal; use --plain here")
    from simulator.screens.app import LaunchConfig, run
    from simulator.screens.hands_free import HandsFreeSettings
    from simulator.voice.sound_choice import remembered

    if echo_cancel:
        from simulator.voice.echo import EchoCanceller

        EchoCanceller()  # said before the screens come, where it is not installed
    last = remembered()
    run(
        records,
        LaunchConfig(
            choice=choice,
            model=model,
            officer=officer,
            voice=not text_only,
            input_device=input_device,
            output_device=output_device,
            resume_id=records.find(resume_id).id if resume_id else None,
            free=hands_free,
            hands_free=HandsFreeSettings(headset, echo_cancel, last.usual_level_db),
        ),
    )


def _play_plain(
    choice: Choice | None, records: Records, model: str, resume_id: str | None, officer: str
) -> None:
    from simulator import plain
    from simulator.cast import Cast, Choice
    from simulator.review.assess import assess
    from simulator.review.text import review_lines

    waiting = records.unfinished()
    if resume_id:
        resume_id = records.find(resume_id).id
    elif choice is None and waiting and sys.stdin.isatty():
        newest = waiting[0]
        click.echo(
            f"A session was not finished: {newest.scenario_id}, {newest.turns} turns, {newest.began_at}."
        )
        if click.confirm("Go on with it?", default=True):
            resume_id = newest.id
    if resume_id is None and choice is None:
        choice = Choice(plain.pick(), officer=officer)
    cast = Cast(model)
    try:
        if resume_id:
            session_id = plain.resume(cast, records, resume_id)
        else:
            assert choice is not None
            session_id = plain.play(cast, records, choice)
    finally:
        cast.close()
    for line in review_lines(assess(records.events(session_id))):
        click.echo(line)
    click.echo(f"\nThe whole review: deescal review {session_id[:8]}")


@click.command()
@click.option(
    "--scenario",
    help="A scenario id; without it a traffic stop.",
    default="traffic-stop-late-shift",
)
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default="demo", show_default=True
)
@click.option(
    "--officer-audio",
    type=click.Path(path_type=Path),
    help="WAV files, in the order of their names; NAME.txt beside each says what was said.",
)
@click.option(
    "--officer-text", type=click.Path(path_type=Path), help="One line of the officer a line."
)
@click.option("--subject", type=_SUBJECTS, default="upset", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--model", default="civilian", show_default=True)
@click.option("--no-sound", is_flag=True, help="Text only: no voice, no recogniser.")
def demo(
    scenario: str,
    out: Path,
    officer_audio: Path | None,
    officer_text: Path | None,
    subject: str,
    seed: int,
    model: str,
    no_sound: bool,
) -> None:
    """A session with no hands, into a folder: transcript.json, turns/*.wav, session.wav,
    events.jsonl, review.html.

    \b
    Examples:
      deescal demo --out demo
      deescal demo --scenario shoplifting-detention --officer-audio my-lines/
      deescal demo --officer-text lines.txt --no-sound
    """
    if officer_audio and officer_text:
        raise click.UsageError("--officer-audio and --officer-text are two ways; give one")
    if officer_audio and no_sound:
        raise click.UsageError("--officer-audio needs sound; leave --no-sound out")
    from simulator import demo as demos
    from simulator.cast import Cast
    from simulator.records import Records
    from simulator.review.assess import assess
    from simulator.review.report import write_report
    from simulator.review.text import review_lines

    choice = _choice(scenario, subject, seed, "", voice=not no_sound)
    assert choice is not None
    if officer_audio:
        lines = demos.lines_from_audio(officer_audio)
    elif officer_text:
        lines = demos.lines_from_text(officer_text)
    else:
        lines = demos.sample_lines(choice, sound=not no_sound)
    cast = Cast(model)
    try:
        shown = _demo_lines(choice.loaded)
        result = demos.Demo(cast, Records(), out, sound=not no_sound).run(choice, lines, shown)
    finally:
        cast.close()
    review = assess(result.events)
    write_report(review, out / "review.html")
    for line in review_lines(review):
        click.echo(line)
    if result.spoken:
        import jiwer

        said, heard = zip(*result.spoken, strict=True)
        rate = jiwer.wer(list(map(_bare, said)), list(map(_bare, heard)))
        click.echo(f"\nWord error rate of the recogniser over {len(said)} lines: {rate:.1%}")
    click.echo(
        f"Written to {out}/ ({result.session_s:.0f} s of sound)"
        if result.session_s
        else f"Written to {out}/"
    )


def _bare(text: str) -> str:
    """Words only, lower case: what a word error rate compares."""
    kept = "".join(c if c.isalnum() or c in "' " else " " for c in text.lower().replace("’", "'"))
    return " ".join(kept.split()) or "-"


def _demo_lines(loaded: Loaded) -> Callable[[Event], None]:
    from simulator.events import AffectMoved, OfficerSpoke
    from simulator.plain import show

    showing = show(loaded.scenario.civilian.name.split()[0])

    def on_event(event: Event) -> None:
        if isinstance(event, OfficerSpoke):
            click.echo(f"Officer: {event.text or '(says nothing)'}")
        elif isinstance(event, AffectMoved):
            click.echo(f"  [agitation {event.agitation}, trust {event.trust}]")
        showing(event)

    return on_event


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option(
    "--sound",
    is_flag=True,
    help="List the devices and try them: a sentence is played, you say one. Remembered for play.",
)
@click.option("--input", "input_device", help="With --sound: microphone, by number or name.")
@click.option("--output", "output_device", help="With --sound: loudspeaker, by number or name.")
def doctor(as_json: bool, sound: bool, input_device: str | None, output_device: str | None) -> None:
    """What works on this machine, and what to do about what does not. Exit 1 where play would not
    work.

    \b
    Examples:
      deescal doctor
      deescal doctor --sound --input jabra
    """
    if sound:
        _sound_test(input_device, output_device)
        return
    if input_device or output_device:
        raise click.UsageError("--input and --output go with --sound")
    from simulator.doctor import examine

    findings = examine()
    if as_json:
        import json

        click.echo(json.dumps([vars(f) for f in findings], indent=1))
    else:
        for finding in findings:
            mark = {"ok": "ok  ", "warning": "note", "problem": "BAD "}[finding.state]
            click.echo(f"{mark}  {finding.what}: {finding.found}")
            if finding.todo:
                click.echo(f"      -> {finding.todo}")
    if any(f.state == "problem" for f in findings):
        sys.exit(1)


def _sound_test(input_device: str | None, output_device: str | None) -> None:
    from simulator.screens.latency import level_meter
    from simulator.voice.devices import list_devices
    from simulator.voice.sound_choice import remembered
    from simulator.voice.sound_test import sound_test

    for device in list_devices():
        ways = [f"{device.inputs} in"] * bool(device.inputs)
        ways += [f"{device.outputs} out"] * bool(device.outputs)
        default = " (default)" if device.default_input or device.default_output else ""
        rate = f"{device.native_rate / 1000:g} kHz"
        click.echo(f"{device.index:3d}  {device.name}, {', '.join(ways)}, {rate}{default}")
    shown = sys.stderr.isatty()

    def meter(level_db: float) -> None:
        if shown:
            click.echo(f"\r  {level_meter(level_db, 30)} {level_db:4.0f} dB ", nl=False, err=True)

    found = sound_test(input_device, output_device, click.echo, meter)
    if shown:
        click.echo("", err=True)
    click.echo(f"You said: “{found.recognised or 'nothing that was recognised'}”")
    if found.level_db is not None:
        click.echo(f"Your voice is at {found.level_db:.0f} dB; that counts as your usual loudness.")
    for line in found.advice():
        click.echo(f"note  {line}")
    click.echo(f"Remembered: {remembered().input} and {remembered().output}.")
    if found.level_db is None:
        sys.exit(1)
