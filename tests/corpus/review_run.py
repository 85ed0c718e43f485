"""A small run through the real pipeline, on invented talk, for the tests of the review."""

from dataclasses import replace
from pathlib import Path

from scenarios.corpus.pipeline import build
from scenarios.corpus.run import Run
from scenarios.corpus.transcript import Outcome

_STOP = """start_time,speaker_label,transcript
00:01,Officer Hale,"Good evening, ma'am. Officer Hale, city police. License and registration, please."
00:06,[Driver],"Why did you stop me? What did I do?"
00:09,Officer Hale,"The reason I stopped you is the light back there. You went through on red."
00:14,[Driver],"I was late, I just did not see it. I'm sorry."
00:18,Officer Hale,"I understand. It's okay, take your time. Do you need a minute?"
00:22,[Driver],"Thank you. I'm shaking, my mother is in the hospital."
00:26,Officer Hale,"I'm sorry to hear that. Can I get you anything? Is there anyone I can call?"
00:31,[Driver],"No, sir. Am I going to get a ticket?"
00:35,Officer Hale,"Just a warning tonight, because you were honest with me. Please slow down."
00:40,[Driver],"Yes, sir. Thank you so much."
00:43,Officer Hale,"Drive safe, ma'am."
"""
_SHOP = """start_time,speaker_label,transcript
00:01,[Clerk],"He took two bottles and he would not pay."
00:04,Deputy Orr,"Sir, stop right there. Sheriff's office. Put your hands up."
00:07,[Man],"I'm not doing that. Leave me alone, you pig."
00:10,Deputy Orr,"Put your hands up or you are going to get tased."
00:13,[Man],"Don't touch me. You can't arrest me, you stupid idiot."
00:17,Deputy Orr,"Stop resisting. Hands behind your back. You're under arrest."
00:21,[Man],"You're hurting my arm. Let me go."
00:24,Deputy Orr,"Stop moving. Step out here. Stop kicking."
00:27,[Man],"I was going to pay. Why are you doing this?"
00:30,Deputy Orr,"You're going to jail. Dispatch, one in custody. Copy."
00:33,[Clerk],"Thank you, officer."
"""
_PLAIN = """start_time,speaker_label,transcript
00:01,Officer Reyes,"Hello there. Is this your dog?"
00:03,[Woman],"Yes, she is mine."
00:05,Officer Reyes,"She was out on the road."
00:07,[Woman],"Oh no. The gate must have opened."
00:09,Officer Reyes,"You live at the corner?"
00:11,[Woman],"Right there, the green one."
00:13,Officer Reyes,"What's your name?"
00:15,[Woman],"Dana. Where did you find her?"
00:18,Officer Reyes,"By the school."
00:20,[Woman],"I was looking everywhere. What do I owe you?"
00:24,Officer Reyes,"Nothing. Have a good night."
"""


def made_run(folder: Path) -> Run:
    source = folder / "source"
    source.mkdir()
    for name, text in {"stop": _STOP, "shop": _SHOP, "plain": _PLAIN}.items():
        (source / f"{name}.csv").write_text(text, encoding="utf-8")
    run = Run.open(folder / "run", create=True)
    build(source, run.folder, lambda _: None, workers=1)
    return run


def say_otherwise(run: Run, source: str, old: str, new: str) -> None:
    """The filter's transcript of a source with other words, as a later run of the pipeline may leave it."""
    kept, transcript = run.kept("filter", source), run.transcript("filter", source)
    assert kept is not None
    assert transcript is not None
    turns = [replace(turn, text=turn.text.replace(old, new)) for turn in transcript.turns]
    outcome = Outcome(transcript.with_turns(turns), kept.findings, kept.skip, kept.facts)
    run.keep("filter", source, kept.key, outcome)
