/** Conditional independence that a directed acyclic graph implies, whatever the distributions. */

/** Who each node depends on directly. Parents stand before their children. */
export type Parents = ReadonlyMap<string, readonly string[]>;

/**
 * Whether every path between two nodes is blocked, given others: then they are independent given these.
 *
 * Source: Shachter (1998), Bayes-Ball: a ball from `x` passes through what is not given, and bounces back to the parents
 * of what is given where it came from one of them; it answers as algorithm 3.1 of Koller & Friedman (2009) does.
 */
export function isDSeparated(parents: Parents, x: string, y: string, given: ReadonlySet<string>): boolean {
  const children = childrenOf(parents);
  const seen = new Set<string>();
  const ahead: [node: string, from: "child" | "parent"][] = [[x, "child"]];
  const go = (nodes: readonly string[], from: "child" | "parent"): void => {
    for (const node of nodes) ahead.push([node, from]);
  };
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const [node, from] = next;
    if (seen.has(`${from} ${node}`)) continue;
    seen.add(`${from} ${node}`);
    const isGiven = given.has(node);
    if (node === y && !isGiven) return false;
    if (!isGiven) go(children.get(node)!, "parent");
    if (isGiven === (from === "parent")) go(parents.get(node)!, "child");
  }
  return true;
}

/**
 * What is known where `given` is: that, and what is computed from known values only.
 *
 * Source: Geiger, Verma & Pearl (1990), Identifying independence in Bayesian networks, section 4 (D-separation).
 */
export function determined(
  parents: Parents,
  isComputed: (node: string) => boolean,
  given: ReadonlySet<string>,
): ReadonlySet<string> {
  const known = new Set(given);
  for (const [node, from] of parents)
    if (isComputed(node) && from.every((parent) => known.has(parent))) known.add(node);
  return known;
}

function childrenOf(parents: Parents): ReadonlyMap<string, string[]> {
  const children = new Map([...parents.keys()].map((node) => [node, [] as string[]]));
  for (const [node, from] of parents) for (const parent of from) children.get(parent)!.push(node);
  return children;
}
