#!/usr/bin/env python3
"""Runs `make demo` and draws what it prints as docs/pictures/demo.svg: a terminal that plays itself.

  hack/record-demo.py                  run it and draw it
  hack/record-demo.py --keep FILE      keep what was printed, and when, too
  hack/record-demo.py --from FILE      draw that again, or what is in a log of CI, without running anything

The picture needs no script: one CSS animation moves the lines up, as often as there were new ones. Long
waits are cut, so it is shorter than the demo.
"""

import argparse
import html
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/pictures/demo.svg"
COLUMNS, ROWS = 126, 30
WIDE, HIGH, EDGE, BAR = 7.25, 18, 16, 30
# The longest wait that is shown, the shortest time that a line stands, and the pause at the end.
LONGEST, SHORTEST, PAUSE = 1.6, 0.06, 7.0


def record():
    """What the demo prints, and when: seconds and lines."""
    process = subprocess.Popen(
        ["make", "--no-print-directory", "demo"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    begun = time.monotonic()
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append((time.monotonic() - begun, line.rstrip("\n")))
    if process.wait() != 0:
        sys.exit("the demo did not reach its end: nothing is drawn")
    return lines


def kept(text):
    """What was kept; a log that has no times is given some: it waits where kubectl waits."""
    now, lines = 0.0, []
    for row in text.splitlines():
        if timed := re.match(r"(\d+\.\d{3})\t(.*)", row):
            now, row = float(timed[1]), timed[2]
        else:
            waited = row.endswith("condition met") or re.match(r"\d+\. ", row)
            now += 0.9 if waited else 0.4 if row.strip().startswith(("$", "(")) else SHORTEST
        lines.append((now, row))
    return lines


def shown(lines):
    """The lines with shorter waits, and without what is of this machine."""
    now, before, out = 0.0, lines[0][0], [(0.0, "$ make demo")]
    for at, line in lines:
        now += min(max(at - before, SHORTEST), LONGEST)
        before = at
        line = line.replace(str(ROOT), ".").expandtabs(8)
        line = re.sub(r"/(?:tmp|var/folders)/\S*?/?(?=[\w.-]+(?:\s|$))", "/tmp/", line)
        out.append((now, line if len(line) <= COLUMNS else line[: COLUMNS - 1] + "…"))
    return out


def style_of(line):
    text = line.strip()
    if text.startswith("$ "):
        return "c"
    if re.match(r"\d+\. ", text):
        return "t"
    return "n" if text.startswith("(") else "o"


def draw(lines):
    last = lines[-1][0] + PAUSE
    width = round(COLUMNS * WIDE + 2 * EDGE)
    height = BAR + ROWS * HIGH + EDGE
    steps, texts = [], []
    for number, (at, line) in enumerate(lines, 1):
        up = (ROWS - number) * HIGH
        steps.append(f"{100 * at / last:.2f}%{{transform:translateY({up}px)}}")
        if line.strip():
            texts.append(
                f'<text class="{style_of(line)}" x="{EDGE}" y="{BAR + number * HIGH}" xml:space="preserve">'
                f"{html.escape(line, quote=False)}</text>"
            )
    texts = "\n".join(texts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-labelledby="title">
<title id="title">make demo, recorded: an event from its preparation to its videos</title>
<!-- Drawn by hack/record-demo.py from what `make demo` printed; long waits are cut. -->
<style>
text{{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:12px;fill:#d0d7de}}
.c{{fill:#7ee787}}.t{{fill:#ffffff;font-weight:700}}.n{{fill:#9198a1;font-style:italic}}
.lines{{animation:play {last:.1f}s step-end infinite}}
@media (prefers-reduced-motion:reduce){{.lines{{animation:none}}}}
@keyframes play{{{''.join(steps)}}}
</style>
<defs><clipPath id="screen"><rect x="0" y="{BAR}" width="{width}" height="{ROWS * HIGH + EDGE // 2}"/></clipPath></defs>
<rect width="{width}" height="{height}" rx="8" fill="#0d1117" stroke="#3d444d"/>
<circle cx="20" cy="16" r="5" fill="#ff5f56"/><circle cx="38" cy="16" r="5" fill="#ffbd2e"/><circle cx="56" cy="16" r="5" fill="#27c93f"/>
<g clip-path="url(#screen)"><g class="lines">
{texts}
</g></g>
</svg>
"""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--keep", type=Path)
    arguments.add_argument("--from", type=Path, dest="source")
    arguments = arguments.parse_args()
    if arguments.source:
        lines = kept(arguments.source.read_text())
    else:
        lines = record()
    if arguments.keep:
        arguments.keep.write_text("".join(f"{at:.3f}\t{line}\n" for at, line in lines))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(shown(lines)))
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB, {len(lines)} lines")


if __name__ == "__main__":
    main()
