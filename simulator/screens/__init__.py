"""`deescal play` as a Textual program: resume offer, picker, briefing, session, review."""
