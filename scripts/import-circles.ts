/** Finds files that import each other in a circle, type imports included; `npm run lint` refuses them. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { argv, exit } from "node:process";
import { fileURLToPath } from "node:url";
import ts from "typescript";

/** The text of files, by path. */
export type Sources = ReadonlyMap<string, string>;

/** What `file` imports among `sources`: by `import`, `import type`, `export … from` and `import()`. */
function importsOf(file: string, sources: Sources): string[] {
  return ts
    .preProcessFile(sources.get(file)!, true, true)
    .importedFiles.filter(({ fileName }) => fileName.startsWith("."))
    .map(({ fileName }) => normalize(join(dirname(file), fileName)))
    .filter((imported) => sources.has(imported));
}

/**
 * One circle for every import that closes one, found by a walk in depth.
 * @returns circles as the paths on them; the last one imports the first
 */
export function importCircles(sources: Sources): string[][] {
  const circles: string[][] = [];
  const ended = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    if (ended.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) {
      circles.push(path.slice(start));
      return;
    }
    path.push(file);
    for (const imported of importsOf(file, sources)) visit(imported);
    path.pop();
    ended.add(file);
  };
  for (const file of sources.keys()) visit(file);
  return circles;
}

/** The TypeScript files in these folders of the repository. */
export function sourcesIn(root: string, folders: readonly string[]): Sources {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  );
  return new Map(
    files
      .filter((file) => file.endsWith(".ts"))
      .sort()
      .map((file) => [file, readFileSync(join(root, file), "utf8")]),
  );
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const circles = importCircles(sourcesIn(root, ["src", "bridge"]));
  for (const circle of circles) console.error(`import circle: ${[...circle, circle[0]].join(" → ")}`);
  if (circles.length > 0) exit(1);
}
