"""What cells say together, beside the bounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from measure import add_row, geometric_mean

# The host's own loop, of which SynJax's assignment is a callback
ON_THE_HOST = {("one-to-one", "scipy"), ("one-to-one", "SynJax")}
WORST_SHOWN = 40


class Bounds(NamedTuple):
    over_plain: float  # geometric means
    over_peers: float
    draws: float  # 128 over one
    # Of families and queries, which are left out of what is compared with peers: how many times slower than the
    # straightforward form they may be
    slower_than_plain: Mapping[tuple[str, str], float] = {}


def summarize(cells: list[dict], bounds: Bounds) -> None:
    plain, peers = ratios(cells, "plain"), best_peers(cells)
    apart = {family for family, _ in bounds.slower_than_plain}
    print()
    for title, found, bound in (
        ("the straightforward form", plain, bounds.over_plain),
        ("the best right peer", peers, bounds.over_peers),
    ):
        for family in dict.fromkeys(cell["family"] for _, _, cell in found):
            values = [ratio for ratio, _, cell in found if cell["family"] == family]
            print(
                f"       {family}, over {title}: {geometric_mean(values):.2f}, the geometric mean of {len(values)}"
            )
        for query in dict.fromkeys(cell["query"] for _, _, cell in found):
            values = [ratio for ratio, _, cell in found if cell["query"] == query]
            print(
                f"       {query}, over {title}: {geometric_mean(values):.2f}, the geometric mean of {len(values)}"
            )
        counted = [ratio for ratio, _, cell in found if cell["family"] not in apart]
        if counted:
            without = f", without {', '.join(sorted(apart))}" if apart else ""
            mean = geometric_mean(counted)
            add_row(f"over {title}, geometric mean{without}", mean, ">=", bound, f"of {len(counted)}")
    print(
        f"\n       The cells furthest below the bound over the straightforward form, {WORST_SHOWN} at most:"
    )
    for ratio, _, cell in sorted(plain, key=lambda each: each[0])[:WORST_SHOWN]:
        if ratio < bounds.over_plain:
            print(f"       {ratio:6.2f}  {name(cell)}")
    print()
    for ratio, who, cell in sorted(peers, key=lambda each: each[0]):
        if ratio < 0.8 and (cell["family"], cell["query"]) not in bounds.slower_than_plain:
            add_row(f"{name(cell)}: over {who}", ratio, ">=", 0.8)
    for ratio, _, cell in plain:
        most = bounds.slower_than_plain.get((cell["family"], cell["query"]))
        if most is not None:
            add_row(f"{name(cell)}: over the straightforward form's time", 1 / ratio, "<=", most)
    for ratio, who, cell in ratios(cells, "scipy"):
        add_row(f"{name(cell)}: over {who}'s host loop", ratio, ">=", 0.2)
    draws(cells, bounds.draws)
    compile_seconds(cells)


def name(cell) -> str:
    return f"{cell['family']} {cell['size']}, {cell['query']}"


def ratios(cells, who) -> list[tuple[float, str, dict]]:
    """Times of another over ours, who it is, and the cells."""
    return [(_over(cell, who, "ms"), who, cell) for cell in cells if who in cell["sides"]]


def best_peers(cells) -> list[tuple[float, str, dict]]:
    """The fastest right peer of each cell, over ours; what runs on the host excepted."""
    found = []
    for cell in cells:
        apart = {who for family, who in ON_THE_HOST if family == cell["family"]} | {"ours", "plain"}
        peers = {who: side["ms"] for who, side in cell["sides"].items() if who not in apart}
        if peers:
            who = min(peers, key=peers.get)
            found.append((_over(cell, who, "ms"), who, cell))
    return found


def draws(cells, bound):
    """128 draws over one."""
    ours = {(cell["family"], cell["size"], cell["query"]): cell["sides"]["ours"]["ms"] for cell in cells}
    for (family, size, query), ms in ours.items():
        one = ours.get((family, size, "sample"))
        if query == "128 samples" and one:
            add_row(f"{family} {size}: 128 samples over one", ms / one, "<=", bound)


def compile_seconds(cells):
    for who, bound in (("SynJax", 1.0), ("plain", None)):
        found = [
            1 / _over(cell, who, "compile")
            for cell in cells
            if who in cell["sides"] and (cell["family"], who) not in ON_THE_HOST
        ]
        if not found:
            continue
        mean = geometric_mean(found)
        if bound:
            add_row(f"compile seconds over {who}'s, geometric mean", mean, "<=", bound, f"of {len(found)}")
        else:
            print(f"       compile seconds over the straightforward form's, geometric mean: {mean:.2f}")


def _over(cell, who, what) -> float:
    return cell["sides"][who][what] / cell["sides"]["ours"][what]
