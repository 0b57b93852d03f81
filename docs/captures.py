#!/usr/bin/env python3
"""Draws docs/images/*.svg: the screen of `ferret watch`, as a terminal shows it.

    cargo build --release --bins -p ferret-cli -p ferret-examples && docs/captures.py

Needs tmux. Each picture is what a real program's log looks like at that moment, so no two runs
draw the same.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata
from html import escape

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BIN = os.path.join(ROOT, "target", "release")
IMAGES = os.path.join(ROOT, "docs", "images")
TMUX = ["tmux", "-L", f"ferret-captures-{os.getpid()}"]

# A cell's size, and the colours 0 to 15 of a dark terminal.
CELL_X, CELL_Y, MARGIN = 8.4, 18, 12
PALETTE = (
    "#45475a #f38ba8 #a6e3a1 #f9e2af #89b4fa #f5c2e7 #94e2d5 #bac2de "
    "#6c7086 #f38ba8 #a6e3a1 #f9e2af #89b4fa #f5c2e7 #94e2d5 #ffffff"
).split()
FOREGROUND, BACKGROUND = "#cdd6f4", "#1e1e2e"

# Name, columns, rows, program and its arguments, seconds before the screen opens, and keys: each of
# tmux, or a number of seconds to wait.
SCREENS = [
    ("live", 110, 30, ["load", "40", "3000"], 8, []),
    ("functions", 110, 20, ["load", "40", "3000"], 8, ["2"]),
    ("timeline", 110, 24, ["load", "40", "300"], 8, ["4", "+", "+", "+", 1]),
    ("stages", 100, 16, ["stages"], 3, ["3", 1]),
    ("processes", 110, 16, ["workers"], 6, ["5", 2]),
    ("warnings", 100, 16, ["stuck"], 14, ["!", 1]),
    ("filter", 100, 18, ["load", "40", "3000"], 6, ["2", "/", *"calls > 9 & (", 1]),
    ("details", 110, 34, ["load", "40", "3000"], 8, ["2", "Down", "Down", "Enter", 3]),
    ("travel", 110, 24, ["stages"], 3, ["[", 1, "[", 1, "Left", 1]),
]


class Style:
    """How a piece of text looks."""

    def __init__(self):
        self.fg = self.bg = None
        self.bold = self.dim = self.reverse = False

    def take(self, codes):
        """Takes the numbers of one SGR sequence (ECMA-48, 8.3.117)."""
        codes = [int(code or 0) for code in codes.split(";")]
        while codes:
            code = codes.pop(0)
            if code == 0:
                self.__init__()
            elif code in (1, 2, 7):
                setattr(self, {1: "bold", 2: "dim", 7: "reverse"}[code], True)
            elif code == 22:
                self.bold = self.dim = False
            elif code == 27:
                self.reverse = False
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.fg = PALETTE[code - 30 if code < 90 else code - 82]
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.bg = PALETTE[code - 40 if code < 100 else code - 92]
            elif code in (38, 48):
                # Of a palette (5;N), as crossterm names the sixteen, or true colour (2;R;G;B).
                kind = codes.pop(0)
                taken, codes = codes[: {5: 1, 2: 3}[kind]], codes[{5: 1, 2: 3}[kind] :]
                colour = "#" + "".join(f"{part:02x}" for part in taken)
                colour = PALETTE[taken[0]] if kind == 5 else colour
                setattr(self, "fg" if code == 38 else "bg", colour)
            elif code == 39:
                self.fg = None
            elif code == 49:
                self.bg = None

    def colours(self):
        """Ink and ground; no ground where it is the picture's own."""
        ink, ground = self.fg or FOREGROUND, self.bg
        return (ground or BACKGROUND, ink) if self.reverse else (ink, ground)


def columns(text):
    """Columns that a text takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) != 0 for letter in text)


def svg(lines, width):
    """The lines of a terminal of so many columns, with their SGR sequences, as a picture."""
    size = (width * CELL_X + 2 * MARGIN, len(lines) * CELL_Y + 2 * MARGIN)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size[0]:.0f}" height="{size[1]:.0f}" '
        f'viewBox="0 0 {size[0]:.0f} {size[1]:.0f}">',
        f'<rect width="100%" height="100%" rx="6" fill="{BACKGROUND}"/>',
        '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" '
        'xml:space="preserve">',
    ]
    style = Style()
    for row, line in enumerate(lines):
        at = 0
        for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
            if piece.startswith("\x1b"):
                style.take(piece[2:-1])
                continue
            count = columns(piece)
            if count == 0:
                continue
            x, y = MARGIN + at * CELL_X, MARGIN + row * CELL_Y
            ink, ground = style.colours()
            wide = count * CELL_X
            if ground:
                out.append(
                    f'<rect x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{CELL_Y}" fill="{ground}"/>'
                )
            if piece.strip():
                more = ' font-weight="bold"' if style.bold else ""
                more += ' opacity="0.6"' if style.dim else ""
                out.append(
                    f'<text x="{x:.1f}" y="{y + 14}" textLength="{wide:.1f}" '
                    f'lengthAdjust="spacingAndGlyphs" fill="{ink}"{more}>{escape(piece)}</text>'
                )
            at += count
    return "\n".join([*out, "</g>", "</svg>", ""])


def tmux(*args):
    return subprocess.run([*TMUX, *args], check=True, capture_output=True, text=True).stdout


def capture(name, width, height, program, seconds, keys):
    """Runs a program, opens the screen beside it, presses keys, and draws what is then seen."""
    folder = tempfile.mkdtemp()
    log = os.path.join(folder, "run.redb")
    env = {**os.environ, "FERRET_LOG": log}
    env.pop("NO_COLOR", None)
    host = subprocess.Popen(
        [os.path.join(BIN, program[0]), *program[1:]],
        env=env, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
    )
    try:
        # `stuck` waits for a line.
        host.stdin.write(b"now\n")
        host.stdin.flush()
        time.sleep(seconds)
        watch = f"exec {os.path.join(BIN, 'ferret')} watch {log}"
        tmux("new-session", "-d", "-e", "NO_COLOR=", "-x", str(width), "-y", str(height), watch)
        time.sleep(2)
        for key in keys:
            if isinstance(key, int):
                time.sleep(key)
            else:
                tmux("send-keys", *(["-l"] if len(key) == 1 else []), key)
                time.sleep(0.2)
        time.sleep(1)
        lines = tmux("capture-pane", "-e", "-p").split("\n")[:height]
    finally:
        subprocess.run([*TMUX, "kill-server"], check=False, capture_output=True)
        host.kill()
        host.wait()
        shutil.rmtree(folder)
    path = os.path.join(IMAGES, f"{name}.svg")
    with open(path, "w", encoding="utf-8") as file:
        file.write(svg(lines, width))
    print(path)


def main():
    os.makedirs(IMAGES, exist_ok=True)
    wanted = sys.argv[1:]
    for screen in SCREENS:
        if not wanted or screen[0] in wanted:
            capture(*screen)


if __name__ == "__main__":
    main()
