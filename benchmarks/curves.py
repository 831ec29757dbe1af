"""A picture of times against length, as SVG."""

from __future__ import annotations

import math

COLOURS = ["#1F4E9E", "#00805F", "#F0A202", "#C44E52", "#7B5EA7"]


def draw_curves(found, title, along="length n"):
    width, height, left, top, right, bottom = 760, 460, 80, 60, 190, 60
    sizes = next(iter(found.values()))[0]
    every = [t for _, times, _ in found.values() for t in times]
    low, high = math.floor(math.log10(min(every))), math.ceil(math.log10(max(every)))
    x = lambda n: left + (width - left - right) * math.log2(n / sizes[0]) / math.log2(sizes[-1] / sizes[0])
    y = lambda s: height - bottom - (height - top - bottom) * (math.log10(s) - low) / (high - low)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f'<rect width="{width}" height="{height}" fill="#fdfdfb"/>',
        f'<text x="{left}" y="30" font-size="18" font-weight="700">{title}</text>',
    ]
    for n in sizes:
        out.append(
            f'<line x1="{x(n):.1f}" y1="{top}" x2="{x(n):.1f}" y2="{height - bottom}" stroke="#e4e6e8"/>'
        )
        out.append(f'<text x="{x(n):.1f}" y="{height - bottom + 20}" text-anchor="middle">{n}</text>')
    for exponent in range(low, high + 1):
        at = y(10.0**exponent)
        label = {-6: "1 µs", -5: "10 µs", -4: "0.1 ms", -3: "1 ms", -2: "10 ms", -1: "0.1 s", 0: "1 s"}.get(
            exponent, f"1e{exponent} s"
        )
        out.append(f'<line x1="{left}" y1="{at:.1f}" x2="{width - right}" y2="{at:.1f}" stroke="#e4e6e8"/>')
        out.append(f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{label}</text>')
    out.append(
        f'<text x="{(left + width - right) / 2}" y="{height - 15}" text-anchor="middle">{along}</text>'
    )
    ends = sorted(((y(times[-1]), name) for name, (_, times, _) in found.items()))
    labels, previous = {}, -math.inf
    for at, name in ends:  # labels that would overlap move down
        previous = labels[name] = max(at, previous + 17)
    for colour, (name, (_, times, slope)) in zip(COLOURS, found.items(), strict=False):
        points = " ".join(f"{x(n):.1f},{y(s):.1f}" for n, s in zip(sizes, times, strict=True))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        out.append(
            f'<text x="{width - right + 10}" y="{labels[name] + 4:.1f}" fill="{colour}">{name}: n^{slope:.2f}</text>'
        )
    return "\n".join([*out, "</svg>\n"])
