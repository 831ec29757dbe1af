/** The commands about files of programs: `inspect` and `types`. No Python is needed for them. */
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
  const [command, path, output] = parse(args);
  using container = new Container(path, "FILE");
  const stored = readStored(container);
  if (command === "inspect") {
    await container.check(new Map(Object.entries(stored.tensors)));
    for (const name of Object.keys(stored.tensors)) container.tensor(name);
    return describeFile(path, container.size, stored);
  }
  const text = declarationsOf(basename(path), stored.schema);
  if (output === undefined) return text.trimEnd();
  try {
    await writeFile(output, text);
  } catch (error) {
    throw wrongFile(output, "-o", "a file that can be written", reasonOf(error), error);
  }
  return undefined;
}

function parse(
  args: readonly string[],
): readonly [command: string, path: string, output: string | undefined] {
  let parsed;
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: { output: { type: "string", short: "o" } },
    });
  } catch (error) {
    throw invalid(
      "arguments",
      "synjax inspect FILE, or synjax types FILE [-o FILE]",
      (error as Error).message,
    );
  }
  const [command, path, ...more] = parsed.positionals;
  const { output } = parsed.values;
  if (command === undefined || path === undefined || more.length > 0)
    throw invalid("arguments", "one file", String(parsed.positionals.length - 1));
  if (output !== undefined && command !== "types") throw invalid("-o", "the command types", command);
  return [command, path, output];
}
