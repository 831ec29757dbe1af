/** Independence by d-separation, against that of random small networks, counted out. */
import { describe, expect, test } from "vitest";
import { ModelGraph, type ModelNode } from "../../src/inference/model-graph.ts";

type Kind = ModelNode["kind"];
/** Nodes in order: a kind, and the positions of the parents. */
type Network = readonly (readonly [kind: Kind, parents: readonly number[]])[];

const graphOf = (network: Network): ModelGraph =>
  new ModelGraph(
    network.map(([kind], i) => ({ name: `n${i}`, kind, plates: [], arguments: [] })),
    network.flatMap(([, parents], to) => parents.map((from) => ({ from: `n${from}`, to: `n${to}` }))),
  );

let state = 20;
const random = (): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};

/** Values of a variable. */
const VALUES = 3;
const STATES = (count: number): number => VALUES ** count;

/** The joint density of a network with random conditional ones, over all assignments: the first node changes fastest. */
function joint(network: Network): Float64Array {
  const density = new Float64Array(STATES(network.length)).fill(1);
  for (const [node, [kind, parents]] of network.entries()) {
    const rows = Array.from({ length: STATES(parents.length) }, () => {
      if (kind === "deterministic" || kind === "param") {
        const value = kind === "param" ? 0 : Math.floor(random() * VALUES);
        return Array.from({ length: VALUES }, (_, v) => Number(v === value));
      }
      const weights = Array.from({ length: VALUES }, () => random() ** 2 + 0.05);
      const sum = weights.reduce((a, b) => a + b);
      return weights.map((w) => w / sum);
    });
    for (let assignment = 0; assignment < density.length; assignment++) {
      const row = parents.reduce((index, parent) => index * VALUES + digit(assignment, parent), 0);
      // Of a factor, an observed child, only its one value counts
      density[assignment]! *= rows[row]![kind === "factor" ? 0 : digit(assignment, node)]!;
    }
  }
  return density;
}

const digit = (assignment: number, node: number): number => Math.floor(assignment / VALUES ** node) % VALUES;

/** Whether p(x, y, z) p(z) = p(x, z) p(y, z) for all values. */
function areIndependent(density: Float64Array, x: number, y: number, given: readonly number[]): boolean {
  const sums = [[x, y], [x], [y], []].map((rest) => {
    const all = [...rest, ...given];
    const key = (assignment: number): number => all.reduce((k, node) => k * VALUES + digit(assignment, node), 0);
    const totals = new Float64Array(STATES(all.length));
    for (let a = 0; a < density.length; a++) totals[key(a)]! += density[a]!;
    return (assignment: number): number => totals[key(assignment)]!;
  }); // prettier-ignore
  const [xyz, xz, yz, z] = sums;
  for (let a = 0; a < density.length; a++)
    if (Math.abs(xyz!(a) * z!(a) - xz!(a) * yz!(a)) > 1e-10 * z!(a) ** 2) return false;
  return true;
}

function randomNetwork(size: number): Network {
  const kinds: readonly Kind[] = ["latent", "latent", "latent", "deterministic", "observed", "param", "factor"];
  const network: [Kind, number[]][] = [];
  for (let node = 0; node < size; node++) {
    const kind = kinds[Math.floor(random() * kinds.length)]!;
    const earlier = network.flatMap(([of], i) => (of !== "factor" && random() < 0.4 ? [i] : []));
    network.push([kind, kind === "param" ? [] : earlier.slice(-3)]);
  }
  return network;
} // prettier-ignore

test("what it calls independent is so in every network, and what it does not is dependent in some", () => {
  const said = { independent: 0, dependent: 0 };
  for (let turn = 0; turn < 60; turn++) {
    const network = randomNetwork(5);
    const graph = graphOf(network);
    const densities = Array.from({ length: 3 }, () => joint(network));
    const variables = network.flatMap(([kind], i) => (kind === "factor" || kind === "param" ? [] : [i]));
    for (const x of variables)
      for (const y of variables.filter((node) => node < x)) {
        const given = variables.filter((node) => node !== x && node !== y && random() < 0.3);
        const isObserved = (node: number): boolean => network[node]![0] === "observed";
        const known = [...new Set([...given, ...variables.filter((node) => isObserved(node) && node !== x && node !== y)])]; // prettier-ignore
        const what = `${JSON.stringify(network)}: n${x}, n${y} given ${given.join(" ")}`;
        const isIndependent = graph.independent(`n${x}`, `n${y}`, given.map((node) => `n${node}`)); // prettier-ignore
        said[isIndependent ? "independent" : "dependent"]++;
        const counted = (density: Float64Array): boolean => areIndependent(density, x, y, known);
        if (isIndependent) {
          expect([what, ...densities.map(counted)]).toEqual([what, true, true, true]);
          continue;
        }
        let isDependent = densities.some((density) => !counted(density));
        for (let more = 0; !isDependent && more < 200; more++) isDependent = !counted(joint(network));
        expect([what, isDependent]).toEqual([what, true]);
      }
  }
  expect(said.independent).toBeGreaterThan(60);
  expect(said.dependent).toBeGreaterThan(60);
});

describe("known answers", () => {
  const independent = (network: Network, x: number, y: number, given: readonly number[] = []): boolean =>
    graphOf(network).independent(`n${x}`, `n${y}`, given.map((node) => `n${node}`)); // prettier-ignore

  test("a chain and a fork are blocked by their middle, a collider is opened by itself and by what follows it", () => {
    const chain: Network = [["latent", []], ["latent", [0]], ["latent", [1]]]; // prettier-ignore
    expect([independent(chain, 0, 2), independent(chain, 0, 2, [1])]).toEqual([false, true]);
    const fork: Network = [["latent", []], ["latent", [0]], ["latent", [0]]]; // prettier-ignore
    expect([independent(fork, 1, 2), independent(fork, 1, 2, [0])]).toEqual([false, true]);
    const collider: Network = [["latent", []], ["latent", []], ["latent", [0, 1]], ["latent", [2]]]; // prettier-ignore
    expect([independent(collider, 0, 1), independent(collider, 0, 1, [2]), independent(collider, 0, 1, [3])]).toEqual([true, false, false]); // prettier-ignore
  });

  test("an observed variable and a factor couple their parents", () => {
    const of = (kind: Kind): Network => [["latent", []], ["latent", []], [kind, [0, 1]]]; // prettier-ignore
    expect(["latent", "observed", "factor"].map((kind) => independent(of(kind as Kind), 0, 1))).toEqual([true, false, false]); // prettier-ignore
  });

  test("what is computed from given values is given", () => {
    // 0 → 2 := f(0) → 3 ← 1, 3 → 4
    const network: Network = [["latent", []], ["latent", []], ["deterministic", [0]], ["latent", [2, 1]], ["latent", [2]]]; // prettier-ignore
    expect(independent(network, 3, 4, [0])).toBe(true);
    expect(independent(network, 0, 3, [2])).toBe(true); // the value of f says all that 3 knows of 0
    expect(independent(network, 3, 4)).toBe(false);
    expect(independent(network, 2, 3, [0])).toBe(true); // a constant, once 0 is given
    expect(independent(network, 0, 0)).toBe(false);
  });

  test("what is asked about is not given for having been observed, nor is a parameter", () => {
    const network: Network = [["param", []], ["latent", [0]], ["latent", [0]], ["observed", [1]]]; // prettier-ignore
    expect(independent(network, 1, 2)).toBe(true);
    expect(independent(network, 0, 1)).toBe(false);
    expect(independent(network, 1, 3)).toBe(false);
  });
});
