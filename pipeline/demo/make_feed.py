"""Makes the demo's feed: spoken episodes from the scripts beside this file, a read one from packaged human speech.

Usage: make_feed.py FOLDER. Needs flite and pocketsphinx-testdata (Debian). Standard library only.
A script has a line for each turn, `voice: words`; the voices are flite's.
"""

import email.utils
import pathlib
import subprocess
import sys
import tempfile
import time
import wave

HERE = pathlib.Path(__file__).resolve().parent
HUMAN = pathlib.Path("/usr/share/pocketsphinx/test/data/librivox")
RATE_HZ = 16_000
PAUSE_SECONDS = 0.7


def samples(path):
    with wave.open(str(path), "rb") as clip:
        shape = (clip.getnchannels(), clip.getsampwidth(), clip.getframerate())
        if shape != (1, 2, RATE_HZ):
            sys.exit(f"make_feed: {path} is not mono, 16 bits, 16 kHz but {shape}")
        return clip.readframes(clip.getnframes())


def write(path, clips):
    pause = bytes(2 * int(RATE_HZ * PAUSE_SECONDS))
    aside = path.with_suffix(".new")
    with wave.open(str(aside), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        for clip in clips:
            out.writeframes(clip + pause)
    aside.replace(path)


def spoken(script):
    """The clips of a script, one a turn."""
    with tempfile.TemporaryDirectory() as folder:
        clip = pathlib.Path(folder) / "turn.wav"
        for line in script.read_text().splitlines():
            voice, words = line.split(":", 1)
            subprocess.run(["flite", "-voice", voice, "-t", words.strip(), "-o", str(clip)], check=True)
            yield samples(clip)


def read_aloud():
    """The packaged clips of human speech, in the order of the book."""
    clips = sorted(HUMAN.glob("*.wav"))
    if not clips:
        sys.exit(f"make_feed: no clips in {HUMAN}; install the Debian package pocketsphinx-testdata")
    return (samples(clip) for clip in clips)


def main(folder):
    audio = folder / "audio"
    audio.mkdir(parents=True, exist_ok=True)
    makers = {
        "reading": read_aloud,
        "tide-mill": lambda: spoken(HERE / "tide-mill.txt"),
        "lighthouse": lambda: spoken(HERE / "lighthouse.txt"),
    }
    feed = (HERE / "feed.xml").read_text()
    for name, make in makers.items():
        path, script = audio / f"{name}.wav", HERE / f"{name}.txt"
        stale = script.exists() and path.exists() and script.stat().st_mtime > path.stat().st_mtime
        if stale or not path.exists():
            write(path, make())
        feed = feed.replace(f"@BYTES_{name}@", str(path.stat().st_size))
    today = time.time() // 86_400 * 86_400
    for days in (1, 2, 3):
        feed = feed.replace(f"@DAYS_AGO_{days}@", email.utils.formatdate(today - days * 86_400, usegmt=True))
    (folder / "feed.xml").write_text(feed)
    print(folder / "feed.xml")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
