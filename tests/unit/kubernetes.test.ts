/** The manifests: what their schemas say, and what they have to have in common with the images. */
import { describe, expect, test } from "vitest";
import { packageVersion } from "../../bridge/environment/package-root.ts";
import { faultsOf, type Manifest, manifestsIn } from "../fixtures/manifests.ts";

const manifests = manifestsIn("docker/kubernetes");

interface Container {
  readonly name: string;
  readonly image: string;
  readonly restartPolicy?: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly resources: Record<"requests" | "limits", Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Pod {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly nodeSelector?: Record<string, string>;
  readonly volumes: readonly { readonly name: string; readonly secret?: Record<string, unknown> }[];
}

const podOf = (file: string): Pod => {
  const manifest = manifests.get(`${file} Deployment`) ?? manifests.get(`${file} Job`);
  const { spec } = manifest as unknown as { spec: { template: { spec: Pod } } };
  return spec.template.spec;
};
const valueOf = ({ env }: Container, name: string): string | undefined =>
  env.find((each) => each.name === name)?.value;

test("every manifest is one", () => {
  expect([...manifests.keys()]).toEqual([
    "score-job.yaml Job",
    "sidecar.yaml Deployment",
    "sidecar.yaml Service",
    "tpu.yaml Deployment",
    "workers.yaml Deployment",
    "workers.yaml Service",
  ]);
  for (const [name, manifest] of manifests) expect(faultsOf(manifest), name).toEqual([]);
});

describe("what is no manifest is found", () => {
  const changed = (change: (container: Record<string, unknown>) => void): Manifest => {
    const copy = structuredClone(manifests.get("workers.yaml Deployment")!);
    change((copy as never as { spec: { template: { spec: { containers: [never] } } } }).spec.template.spec.containers[0]); // prettier-ignore
    return copy;
  };

  test("by a value", () => {
    const faults = faultsOf(changed((container) => (container["ports"] = [{ containerPort: "calls" }])));
    expect(faults.join()).toContain("containerPort must be integer");
  });

  test("by the name of a field", () => {
    const faults = faultsOf(changed((container) => (container["readinesProbe"] = {})));
    expect(faults).toEqual(["/spec/template/spec/containers/0/readinesProbe: no schema has it"]);
  });
});

describe.each(["score-job.yaml", "sidecar.yaml", "workers.yaml", "tpu.yaml"])("%s", (file) => {
  const pod = podOf(file);
  const containers = [...(pod.initContainers ?? []), ...pod.containers];

  test("runs the images of this version, confined, with somewhere to write", () => {
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10001, fsGroup: 10001 },
    });
    const volumes = pod.volumes.map(({ name }) => name);
    for (const container of containers) {
      expect(container.image.split(":")[1]!.replace(/-tpu$/, "")).toBe(packageVersion());
      expect(container).toMatchObject({
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        },
        resources: { limits: { memory: expect.any(String) as string } },
      });
      const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
      expect(mounts).toEqual(expect.arrayContaining(["/tmp", "/var/cache/synjax"]));
      for (const { name } of container.volumeMounts) expect(volumes).toContain(name);
    }
  });

  // A job is healthy until it ends
  if (file === "score-job.yaml") return;

  test("asks for health where it is told", () => {
    for (const container of containers) {
      const asked = container.restartPolicy === "Always" ? container.startupProbe : container.readinessProbe;
      const { path, port } = asked!.httpGet;
      expect(path).toBe("/readyz");
      const number = container.ports.find(({ name }) => name === port)!.containerPort;
      // The kubelet asks from outside of the pod
      expect(container.name === "app" ? "0.0.0.0:8080" : valueOf(container, "SYNJAX_METRICS")).toBe(`0.0.0.0:${number}`); // prettier-ignore
    }
  });
});

test("the sidecar is called through a socket in what both containers mount", () => {
  const { initContainers, containers } = podOf("sidecar.yaml");
  const [worker, app] = [initContainers![0]!, containers[0]!];
  const address = valueOf(worker, "SYNJAX_LISTEN")!;
  expect(valueOf(app, "SYNJAX_ADDRESS")).toBe(address);
  expect(valueOf(worker, "SYNJAX_KEYS")).toBe("");
  const socketOf = ({ volumeMounts }: Container) =>
    volumeMounts.find(({ mountPath }) => address.startsWith(`ipc://${mountPath}/`))?.name;
  expect([socketOf(worker), socketOf(app)]).toEqual(["socket", "socket"]);
});

test("workers that others reach have keys from a secret, which their user can read and nobody else", () => {
  for (const file of ["workers.yaml", "tpu.yaml"]) {
    const { containers, volumes } = podOf(file);
    const mount = containers[0]!.volumeMounts.find(({ mountPath }) => mountPath === "/keys")!;
    expect(volumes.find(({ name }) => name === mount.name)!.secret).toEqual({
      secretName: "synjax-worker-keys",
      defaultMode: 0o400,
    });
  }
});

test("a job scores each shard once, again only where that can help", () => {
  const { spec } = manifests.get("score-job.yaml Job") as unknown as { spec: Record<string, unknown> };
  const [score] = podOf("score-job.yaml").containers as unknown as { name: string; command: string[]; args: string[] }[]; // prettier-ignore
  expect(score!.command.slice(0, 2)).toEqual(["synjax", "score"]);
  expect(score!.args.at(-1)).toBe(`$(JOB_COMPLETION_INDEX)/${spec["completions"] as number}`);
  expect(spec).toMatchObject({
    completionMode: "Indexed",
    podReplacementPolicy: "Failed",
    backoffLimitPerIndex: expect.any(Number) as number,
  });
  const { rules } = spec["podFailurePolicy"] as { rules: { action: string; onExitCodes?: object }[] };
  // As docs/batch.md lists them: after 1 and 2 the same would happen again, after 75 it goes on
  expect(rules[0]).toEqual({
    action: "FailIndex",
    onExitCodes: { containerName: score!.name, operator: "In", values: [1, 2] },
  });
  expect((spec["template"] as { spec: object }).spec).toMatchObject({ restartPolicy: "Never" });
});

test("a TPU is asked for as GKE gives it", () => {
  const { nodeSelector, containers } = podOf("tpu.yaml");
  expect(Object.keys(nodeSelector!)).toEqual([
    "cloud.google.com/gke-tpu-accelerator",
    "cloud.google.com/gke-tpu-topology",
  ]);
  const chips = nodeSelector!["cloud.google.com/gke-tpu-topology"]!.split("x").reduce((n, each) => n * Number(each), 1); // prettier-ignore
  const { requests, limits } = containers[0]!.resources;
  expect([requests["google.com/tpu"], limits["google.com/tpu"]]).toEqual([chips, chips]);
});
