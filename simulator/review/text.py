"""The review in lines: for the terminal, ssh and screen readers."""

from __future__ import annotations

from simulator.review.model import Instead, MissedChance, Review, Suggestion, Talk

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: list[int]) -> str:
    """Values 0-100 as block characters."""
    return "".join(_BARS[min(7, max(0, value) * 8 // 101)] for value in values)


def review_lines(review: Review) -> list[str]:
    """The whole review but the transcript."""
    hard = f"difficulty {review.difficulty} of 5" if review.difficulty else "difficulty not known"
    lines = ["", f"After-action review: {review.title} ({review.subject_type}, {hard})"]
    lines += [f"Note: {note}" for note in review.notes]
    if not review.turns:
        return [*lines, review.outcome]
    lines += [
        f"Outcome: {review.band_name} ({review.points} of 100). {review.outcome}",
        *(f"  - {reason}" for reason in review.reasons),
        f"Agitation  {sparkline([p.agitation for p in review.curve])}  "
        f"{review.curve[0].agitation} to {review.curve[-1].agitation}",
        f"Trust      {sparkline([p.trust for p in review.curve])}  "
        f"{review.curve[0].trust} to {review.curve[-1].trust}",
        f"Your words moved agitation by {review.hardness.by_officer:+d}, what happened around you by "
        f"{review.hardness.by_scene:+d}.",
        *_talk(review.talk),
    ]
    if review.turning_points:
        lines.append("Turning points:")
    for point in review.turning_points:
        why = ", ".join(cause.about for cause in point.causes)
        if point.speaker == "scene":
            lines.append(
                f"  turn {point.turn}: agitation {point.agitation_change:+d}, by what happened: {point.said}"
            )
        else:
            lines.append(
                f"  turn {point.turn}: agitation {point.agitation_change:+d} ({why}): “{point.said}”"
            )
    for title, seen in (("Skills", review.skills), ("Faults", review.faults)):
        if seen:
            lines.append(f"{title}:")
        for each in seen:
            turn, words = each.quotes[0]
            lines.append(
                f"  {each.name} × {len(each.quotes)} [{each.instrument}], turn {turn}: “{words}”"
            )
    lines += _suggestions("Keep", review.keep) + _suggestions("Try", review.to_try)
    return lines + _missed(review.missed)


def _talk(talk: Talk) -> list[str]:
    lines = [
        f"You spoke {talk.officer_share:.0%} of the words (rule of thumb: 20%), asked "
        f"{talk.open_questions} open questions and {talk.other_questions} closed."
    ]
    if talk.interrupted_turns:
        lines.append(f"You cut in {len(talk.interrupted_turns)} times.")
    if talk.words_per_minute is not None:
        pauses = "left out" if talk.pauses_left_out else "included"
        lines.append(f"Your pace was {talk.words_per_minute} words a minute, pauses {pauses}.")
    if talk.loudest_db is not None:
        at = ", ".join(f"turn {turn}" for turn in talk.loud_turns)
        lines.append(
            f"You raised your voice {len(talk.loud_turns)} times{f' ({at})' if at else ''}; loudest "
            f"{talk.loudest_db:+.0f} dB against your usual level."
        )
    if talk.talked_over_turns:
        lines.append(f"You talked over them {len(talk.talked_over_turns)} times.")
    if talk.waited_median_s is not None:
        lines.append(f"You waited {talk.waited_median_s:.1f} s before you spoke (median).")
    return lines


def _suggestions(title: str, suggestions: list[Suggestion]) -> list[str]:
    lines = [f"{title}:"] if suggestions else []
    for number, each in enumerate(suggestions, start=1):
        where = f" (turn {each.turn}: “{each.quote}”)" if each.turn is not None else ""
        after = f", as to “{each.after}”" if each.after else ""
        say = f" Say{after}: “{each.say}”" if each.say else ""
        lines.append(f"  {number}. {each.about}{where}{say}{_instead(each.instead)}")
    return lines


def _missed(chances: list[MissedChance]) -> list[str]:
    lines = ["Missed chances:"] if chances else []
    for each in chances:
        lines.append(
            f"  turn {each.turn}: the civilian {each.gave} (“{each.civilian_said}”), and you said "
            f"“{each.officer_said}”. {each.try_this} Say: “{each.say}”{_instead(each.instead)}"
        )
    return lines


def _instead(instead: Instead | None) -> str:
    if instead is None:
        return ""
    return f" (agitation {instead.agitation} instead of {instead.agitation_was}, by the rules here)"
