"""Hearing and speaking: devices, voice activity, recognition, synthesis, WAV files."""
