/** The commands about files of programs: `inspect` and `types`. No Python is needed for them, but for plugins. */
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { Container } from "../files/container.ts";
import { declarationsOf } from "../files/declarations.ts";
import { describeFile } from "../files/describe.ts";
import { readStored } from "../files/stored.ts";
import { reasonOf, wrongFile } from "../files/wrong-file.ts";
import { invalid } from "../transport/call-options.ts";

export const FILE_COMMANDS: readonly string[] = ["inspect", "types"];

/**
 * What a command says; `types` writes it to the file of `-o` instead, and says nothing.
 * @throws {SynjaxError} `INVALID_ARGUMENT` for a file that is not whole
 */
export async function fileCommand(args: readonly string[]): Promise<string | undefined> {
  const { command, path, plugin, output } = parse(args);
  if (plugin !== undefined) {
    const { pluginTypes } = await import("./plugin-types.ts");
    return written(await pluginTypes(plugin), output);
  }
  using container = new Container(path, "FILE");
  const stored = readStored(container);
  if (command === "inspect") {
    await container.check(new Map(Object.entries(stored.tensors)), stored.format > 1);
    for (const name of Object.keys(stored.tensors)) container.tensor(name);
    return describeFile(path, container.size, stored);
  }
  return written(declarationsOf(basename(path), stored.schema), output);
}

async function written(text: string, output: string | undefined): Promise<string | undefined> {
  if (output === undefined) return text.trimEnd();
  try {
    await writeFile(output, text);
  } catch (error) {
    throw wrongFile(output, "-o", "a file that can be written", reasonOf(error), error);
  }
  return undefined;
}

interface Parsed {
  readonly command: string;
  /** Empty where there is a plugin. */
  readonly path: string;
  readonly plugin: string | undefined;
  readonly output: string | undefined;
}

function parse(args: readonly string[]): Parsed {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: { output: { type: "string", short: "o" }, plugin: { type: "string" } },
    });
  } catch (error) {
    throw invalid(
      "arguments",
      "synjax inspect FILE, or synjax types FILE [-o FILE], or synjax types --plugin NAME [-o FILE]",
      (error as Error).message,
    );
  }
  const [command, path, ...more] = parsed.positionals;
  const { output, plugin } = parsed.values;
  if (plugin !== undefined && command !== "types") throw invalid("--plugin", "the command types", command);
  if (command === undefined || (path === undefined) === (plugin === undefined) || more.length > 0)
    throw invalid("arguments", "one file, or one plugin", String(parsed.positionals.length - 1));
  if (output !== undefined && command !== "types") throw invalid("-o", "the command types", command);
  return { command, path: path ?? "", plugin, output };
}
