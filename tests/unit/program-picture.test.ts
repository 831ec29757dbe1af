/** Pictures of programs: what each node looks like, and that plates enclose what stands in them. */
import { describe, expect, test } from "vitest";
import { layered, type LayeredNode, type Point } from "../../src/display/layered.ts";
import { ModelGraph, type ModelNode } from "../../src/inference/model-graph.ts";

const node = (name: string, kind: ModelNode["kind"], plates: ModelNode["plates"] = []): ModelNode => ({
  name,
  kind,
  plates,
  arguments: [],
});
const schools = { name: "schools", size: 8 };
const pupils = { name: "pupils", size: 90, subsampleSize: 30 };
const graph = new ModelGraph(
  [
    node("mu", "latent"),
    node("rate", "param"),
    node("theta<1>", "deterministic", [schools]),
    { ...node("obs", "observed", [schools, pupils]), distribution: "normal" },
    node('"soft"', "factor", [{ name: "open" }]),
  ],
  [
    { from: "mu", to: "theta<1>" },
    { from: "rate", to: "theta<1>" },
    { from: "theta<1>", to: "obs" },
    { from: "mu", to: '"soft"' },
  ],
);

describe("toSVG", async () => {
  const svg = await graph.toSVG({ title: "A & B" });
  test("has the title, all names and the plates with their sizes, as words", async () => {
    expect(svg).toContain("<title>A &amp; B</title>");
    expect(await graph.toSVG()).toContain("<title>Model</title>");
    const words = [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, each]) => each);
    expect(words.slice(1).sort()).toEqual(["&quot;soft&quot;", "mu", "obs", "open", "pupils  30 of 90", "rate", "schools  8", "theta&lt;1&gt;"]); // prettier-ignore
    expect(svg).toContain("<title>obs ~ normal: observed</title>");
  });

  test("shades what is observed, dashes what is computed, and a factor is a square", () => {
    const look = (name: string): string =>
      [...svg.matchAll(/<g class="[a-z]+">.*?<\/g>/g)].map(([each]) => each).find((each) => each.includes(`>${name}</text>`))!; // prettier-ignore
    expect(look("mu")).toMatch(/<circle [^>]*fill="#fdfdfb"/);
    expect(look("mu")).not.toContain("stroke-dasharray");
    expect(look("obs")).toMatch(/<circle [^>]*fill="#d3dbe0"/);
    expect(look("theta&lt;1&gt;")).toMatch(/<ellipse [^>]*stroke-dasharray="4 3"/);
    expect(look("&quot;soft&quot;")).toMatch(/<rect /);
    expect(look("rate")).not.toMatch(/<(circle|ellipse|rect)/);
  });

  test("draws each dependence from the one to the other, with a point except at a factor", () => {
    const tips = [...svg.matchAll(/<title>([^<]* → [^<]*)<\/title><\/path>(<path [^>]*\/>)?/g)];
    expect(tips.map(([, tip, point]) => [tip, point !== undefined])).toEqual([
      ["mu → theta&lt;1&gt;", true],
      ["rate → theta&lt;1&gt;", true],
      ["theta&lt;1&gt; → obs", true],
      ["mu → &quot;soft&quot;", false],
    ]);
  });

  test("is inside of the picture, and there is one of a program without variables", async () => {
    const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg)!.map(Number);
    for (const [, x, y] of svg.matchAll(/ c?x="([\d.]+)" c?y="([\d.]+)"/g)) {
      expect(Number(x)).toBeLessThan(width!);
      expect(Number(y)).toBeLessThan(height!);
    }
    expect(await new ModelGraph([], []).toSVG()).toMatch(/^<svg .*viewBox="0 0 [\d.]+ [\d.]+"/);
  });
});

test("toDOT: clusters for plates, quoted names, no arrow at a factor", () => {
  expect(graph.toDOT()).toBe(`digraph model {
  "mu" [shape=ellipse];
  "rate" [shape=plain];
  subgraph cluster_0 {
    label="schools  8"; labeljust=r; labelloc=b; style=rounded;
    "theta<1>" [shape=ellipse, style=dashed];
    subgraph cluster_1 {
      label="pupils  30 of 90"; labeljust=r; labelloc=b; style=rounded;
      "obs" [shape=ellipse, style=filled, fillcolor="#d3dbe0"];
    }
  }
  subgraph cluster_2 {
    label="open"; labeljust=r; labelloc=b; style=rounded;
    "\\"soft\\"" [shape=square, style=filled, fillcolor=black, width=0.15, label="", xlabel="\\"soft\\""];
  }
  "mu" -> "theta<1>";
  "rate" -> "theta<1>";
  "theta<1>" -> "obs";
  "mu" -> "\\"soft\\"" [arrowhead=none];
}
`);
});

describe("the layout", async () => {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const GROUPS = [[], [], ["a"], ["a", "in a"], ["b"]];
  const SIZE = 48;
  const nodes = (count: number): LayeredNode[] =>
    Array.from({ length: count }, (_, i) => ({ name: `n${i}`, width: SIZE, height: SIZE, groups: GROUPS[Math.floor(random() * GROUPS.length)]! })); // prettier-ignore
  const graphs = await Promise.all(
    Array.from({ length: 25 }, async () => {
      const made = nodes(3 + Math.floor(random() * 13));
      const edges = made.flatMap(({ name: to }, i) =>
        made.slice(0, i).flatMap(({ name: from }) => (random() < 1.5 / made.length ? [{ from, to }] : [])),
      );
      return { made, edges, layout: await layered(made, edges, (label) => 60 * label.length) };
    }),
  );

  test("a group encloses what is in it and touches nothing else, and its label has room", () => {
    for (const { made, layout } of graphs)
      for (const { label, x, y, width, height } of layout.boxes) {
        expect(width).toBeGreaterThanOrEqual(60 * label.length);
        for (const [i, [cx, cy]] of layout.places.entries()) {
          const inside = Math.min(cx - x, x + width - cx, cy - y, y + height - cy); // from the middle to the border
          if (made[i]!.groups.includes(label)) expect(inside).toBeGreaterThan(SIZE / 2);
          else {
            const [aside, above] = [Math.max(x - cx, cx - x - width), Math.max(y - cy, cy - y - height)];
            expect(Math.max(aside, above)).toBeGreaterThan(SIZE / 2);
          }
        }
      }
  });

  test("what depends on a node stands below it, and no two nodes overlap", () => {
    for (const { made, edges, layout } of graphs) {
      const places = new Map(made.map(({ name }, i) => [name, layout.places[i]!]));
      for (const { from, to } of edges) expect(places.get(from)![1]).toBeLessThan(places.get(to)![1] - SIZE);
      const apart = ([a, b]: Point, [c, d]: Point): number => Math.max(Math.abs(a - c), Math.abs(b - d));
      for (const [i, place] of layout.places.entries())
        for (const other of layout.places.slice(i + 1)) expect(apart(place, other)).toBeGreaterThan(SIZE);
    }
  });

  test("all of it is inside of its extent", () => {
    for (const { layout } of graphs)
      for (const [x, y] of [...layout.places, ...layout.routes.flat()]) {
        expect(Math.min(x, y, layout.width - x, layout.height - y)).toBeGreaterThanOrEqual(-1e-6);
      }
  });
});
