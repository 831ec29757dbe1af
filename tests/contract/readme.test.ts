/** The longer examples of the README, as they stand there, each run in a process of its own. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { packageRoot } from "../../bridge/environment/package-root.ts";

const root = packageRoot();
const directory = mkdtempSync(join(tmpdir(), "synjax-readme-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const examples = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^```ts\n(.*?)^```$/gms)].map(
  ([, code]) => code!.replaceAll('"synjax-ts"', JSON.stringify(join(root, "src", "index.ts"))),
);
const exampleWith = (text: string): string => examples.find((code) => code.includes(text))!;
const [training, service] = [exampleWith("donateArgnums"), exampleWith("createServer")];

let written = 0;
/** What an example prints, with `further` code after it. */
function printed(code: string, further = ""): string {
  const file = join(directory, `example-${written++}.mts`);
  writeFileSync(file, `${code}\n${further}`);
  const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
  return execFileSync(process.execPath, [tsx, file], { encoding: "utf8", cwd: root });
}

test("the training loop learns", () => {
  const losses = printed(training).trim().split("\n").map((line) => Number(line.split(" ")[1])); // prettier-ignore
  expect(losses).toHaveLength(2);
  expect(losses[1]).toBeLessThan(losses[0]!);
});

test("the coin's posterior is what its tosses say", () => {
  const row = printed(exampleWith("mcmc(")).split("\n").find((line) => line.includes("probs"))!; // prettier-ignore
  expect(Number(row.trim().split(/ +/)[1])).toBeCloseTo(0.25, 1);
});

test("the service answers, says what is wrong, and answers again after its worker was killed", () => {
  const ask = `
    await new Promise((resolve) => server.on("listening", resolve));
    const { port } = server.address();
    const ask = async (sentences) => {
      const reply = await fetch(\`http://127.0.0.1:\${port}\`, { method: "POST", body: JSON.stringify(sentences) });
      return [reply.status, reply.ok ? await reply.json() : (await reply.text()).slice(0, 32)];
    };
    const sentences = [[[2, 0], [0, 3]], [[0, 1]]];
    const cut = ([status, tags]) => [status, tags.map((row) => row.slice(0, 3))];
    console.log(JSON.stringify([cut(await ask(sentences)), await ask([[[1]]]), await ask([])]));
    process.kill(session.workerPid, "SIGKILL");
    let again = await ask(sentences);
    while (again[0] === 503) again = await ask(sentences);
    console.log(JSON.stringify(cut(again)));
    server.close();
    await session.close();`;
  const [before, after] = printed(service.replace("8080", "0"), ask).trim().split("\n").map((line) => JSON.parse(line) as unknown); // prettier-ignore
  const answer = [200, [[0, 1, -1], [1, -1, -1]]]; // prettier-ignore
  expect(before).toEqual([answer, [400, expect.stringMatching(/INVALID_ARGUMENT/)], [200, []]]);
  expect(after).toEqual(answer);
});
