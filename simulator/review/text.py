"""The review in lines: for the terminal, ssh and screen readers."""

from __future__ import annotations

from simulator.review.model import Review, Suggestion

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: list[int]) -> str:
    """Values 0-100 as block characters."""
    return "".join(_BARS[min(7, max(0, value) * 8 // 101)] for value in values)


def review_lines(review: Review) -> list[str]:
    """The whole review but the transcript."""
    lines = [
        "",
        f"After-action review: {review.title} ({review.subject_type}, difficulty {review.difficulty} of 5)",
        f"Outcome: {review.band_name} ({review.points} of 100). {review.outcome}",
        *(f"  - {reason}" for reason in review.reasons),
        f"Agitation  {sparkline([p.agitation for p in review.curve])}  "
        f"{review.curve[0].agitation} to {review.curve[-1].agitation}",
        f"Trust      {sparkline([p.trust for p in review.curve])}  "
        f"{review.curve[0].trust} to {review.curve[-1].trust}",
        f"You spoke {review.talk.officer_share:.0%} of the words (rule of thumb: 20%), asked "
        f"{review.talk.open_questions} open questions and {review.talk.other_questions} others.",
    ]
    if review.turning_points:
        lines.append("Turning points:")
        for point in review.turning_points:
            why = ", ".join(cause.about for cause in point.causes)
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
    return lines


def _suggestions(title: str, suggestions: list[Suggestion]) -> list[str]:
    lines = [f"{title}:"] if suggestions else []
    for number, each in enumerate(suggestions, start=1):
        where = f" (turn {each.turn}: “{each.quote}”)" if each.turn is not None else ""
        say = f" Say: “{each.say}”" if each.say else ""
        lines.append(f"  {number}. {each.about}{where}{say}")
    return lines
