/** The images, and what starts them: as far as files tell. `docker/try` builds and runs them. */
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../../bridge/environment/package-root.ts";
import { resolvePython } from "../../bridge/environment/resolve-python.ts";
import { isPrivate } from "../../bridge/transport/client-keys.ts";
import { StandIns } from "../fixtures/python-stand-ins.ts";

const read = (...path: string[]): string => readFileSync(join(packageRoot(), ...path), "utf8");

describe.skipIf(process.platform === "win32")("the command of the worker image", () => {
  const argumentsOf = (env: NodeJS.ProcessEnv, ...more: string[]): string => {
    using machine = new StandIns();
    machine.executable("python", 'printf "%s\\n" "$@"');
    const path = `${machine.env["PATH"]}:/usr/bin:/bin`;
    const serve = join(packageRoot(), "docker", "serve.sh");
    const { stdout } = spawnSync(serve, more, { env: { ...env, PATH: path }, encoding: "utf8" });
    return stdout.trim().split("\n").join(" ");
  };

  test("serves with keys and tells its health, and takes what it is told besides", () => {
    const env = { SYNJAX_PORT: "6000", SYNJAX_KEYS: "/keys", SYNJAX_METRICS: "127.0.0.1:9100" };
    expect(argumentsOf(env, "--drain-seconds", "5")).toBe(
      "-m synjax_worker serve --listen tcp://0.0.0.0:6000 --device cpu --keys /keys --metrics 127.0.0.1:9100 --drain-seconds 5",
    );
  });

  test("listens on a socket beside its client, without keys", () => {
    const env = { SYNJAX_LISTEN: "ipc:///run/synjax/worker", SYNJAX_KEYS: "", SYNJAX_DEVICE: "tpu" };
    expect(argumentsOf(env)).toBe("-m synjax_worker serve --listen ipc:///run/synjax/worker --device tpu");
  });
});

test("the health check passes where the answer is 200 only, and asks on the loopback interface", async () => {
  const python = await resolvePython();
  const check = (...given: string[]): Promise<number> =>
    new Promise((resolve) => {
      const script = join(packageRoot(), "docker", "health.py");
      execFile(python, ["-IS", script, ...given], (error) => resolve(Number(error?.code ?? 0)));
    });
  const server = createServer(({ url }, response) => response.writeHead(url === "/readyz" ? 200 : 503).end());
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  for (const address of [`${port}`, `127.0.0.1:${port}`, `0.0.0.0:${port}`])
    expect([address, await check(address, "/readyz")]).toEqual([address, 0]);
  expect(await check(`${port}`, "/healthz")).toBe(1);
  server.close();
  await once(server, "close");
  expect(await check(`${port}`, "/readyz")).toBe(1);
  expect(await check("somewhere", "/readyz")).toBe(1);
  expect(await check()).toBe(1);
});

/** The stages of the Dockerfile, by name: their instructions, a line each. */
function stages(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const text = read("Dockerfile").replaceAll("\\\n", " ");
  for (const line of text.split("\n").filter((each) => /^[A-Z]/.test(each))) {
    const named = /^FROM \S+ AS (\S+)$/.exec(line);
    if (named) found.set(named[1]!, []);
    [...found.values()].at(-1)?.push(line);
  }
  return found;
}

describe("the Dockerfile", () => {
  test("copies what is there, and what the build is given", () => {
    const given = read(".dockerignore").split("\n").filter((line) => line.startsWith("!")).map((line) => line.slice(1)); // prettier-ignore
    const copied = [...stages().values()].flat().filter((line) => line.startsWith("COPY") && !line.includes("--from=")); // prettier-ignore
    const sources = copied.flatMap((line) => line.split(/\s+/).slice(1, -1)).filter((word) => !word.startsWith("--")); // prettier-ignore
    expect(sources).toContain("docker/health.py");
    for (const source of sources) {
      const path = source.replace("${DEVICE}", "tpu");
      expect(existsSync(join(packageRoot(), path)), source).toBe(true);
      const isGiven = given.some((each) => path === each || each.startsWith(`${path}/`) || (each.endsWith("/*.txt") && path.startsWith(each.slice(0, -5)))); // prettier-ignore
      expect(isGiven, `${source} in .dockerignore`).toBe(true);
    }
  });

  test("makes images that are nobody's in particular, tell their health, and install by hashes only", () => {
    for (const target of ["worker", "app"]) {
      const lines = stages().get(target)!;
      expect(lines[0]).toBe(`FROM runtime AS ${target}`);
      expect(lines).toContain("USER 10001:10001");
      expect(lines.some((line) => line.startsWith("HEALTHCHECK") && line.includes("synjax-health"))).toBe(
        true,
      );
    }
    const all = read("Dockerfile");
    expect(all).toContain("--require-hashes");
    expect(all).toContain("npm ci");
    expect(all).not.toMatch(/npm install|apt-get/);
  });
});

interface Service {
  readonly image: string;
  readonly build?: { readonly target: string; readonly args: Record<string, string> };
  readonly depends_on?: Record<string, { readonly condition: string }>;
  readonly environment?: Record<string, string>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
}

describe("compose.yaml", () => {
  const { services, volumes } = parse(read("docker", "compose.yaml"), { merge: true }) as {
    services: Record<string, Service>;
    volumes: Record<string, null>;
  };

  test("confines whatever it starts", () => {
    for (const [name, service] of Object.entries(services))
      expect(service, name).toMatchObject({
        read_only: true,
        tmpfs: ["/tmp"],
        cap_drop: ["ALL"],
        security_opt: ["no-new-privileges:true"],
        pids_limit: expect.any(Number) as number,
      });
    for (const port of Object.values(services).flatMap(({ ports }) => ports ?? []))
      expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test("names only volumes, services and stages that there are", () => {
    for (const service of Object.values(services)) {
      for (const volume of service.volumes) expect(Object.keys(volumes)).toContain(volume.split(":")[0]);
      for (const needed of Object.keys(service.depends_on ?? {})) expect(Object.keys(services)).toContain(needed); // prettier-ignore
      if (service.build) expect(service.image).toBe(`synjax-${service.build.target}`);
      if (service.build) expect([...stages().keys()]).toContain(service.build.target);
    }
  });

  test("gives the service a key of its own, and a worker that is ready", () => {
    const { keys, worker, app } = services as Record<"keys" | "worker" | "app", Service>;
    expect(worker.depends_on).toEqual({ keys: { condition: "service_completed_successfully" } });
    expect(worker.healthcheck!.test.at(-1)).toBe("/readyz");
    expect(app.depends_on).toEqual({ worker: { condition: "service_healthy" } });
    expect(app.environment).toEqual({ SYNJAX_ADDRESS: "tcp://worker:5555", SYNJAX_KEYS: "/keys/app.json" });
    expect(app.volumes).toEqual(["app-keys:/keys:ro"]); // not the worker's
    expect(keys.volumes).toEqual(["worker-keys:/keys", "app-keys:/client-keys"]);
    for (const directory of ["/keys", "/client-keys"]) expect(stages().get("worker")!.join("\n")).toContain(` ${directory}`); // prettier-ignore
  });
});

test("a key file that belongs to root may be given by its group, to who is not root: so secrets are mounted", () => {
  expect(isPrivate(0o100600, 10001, 10001)).toBe(true);
  expect(isPrivate(0o100440, 0, 10001)).toBe(true);
  expect(isPrivate(0o100440, 0, 0)).toBe(false);
  expect(isPrivate(0o100440, 10001, 10001)).toBe(false);
  expect(isPrivate(0o100444, 0, 10001)).toBe(false);
  expect(isPrivate(0o100460, 0, 10001)).toBe(false);
});
