// Prints the pod of kubernetes/sidecar.yaml as podman 4 takes it, which knows neither sidecars nor fsGroup: the sidecar
// is a container beside the other, and what both write is one directory of this machine, which is given as argument.
//   node docker/try/pod.mjs DIRECTORY | podman kube play --network none -
import { readFileSync } from "node:fs";
import { parseAllDocuments, stringify } from "yaml";

const file = new URL("../kubernetes/sidecar.yaml", import.meta.url);
const deployment = parseAllDocuments(readFileSync(file, "utf8"), { version: "1.1", merge: true })[0].toJS();
const { initContainers, containers, volumes, securityContext } = deployment.spec.template.spec;

const local = ({ name, image, env, resources, securityContext, volumeMounts }) => ({
  ...{ name, env, resources, securityContext, volumeMounts },
  image: `localhost/${image.split(":")[0]}:latest`,
});
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "synjax-try-pod" },
  spec: {
    restartPolicy: "Never",
    securityContext: { ...securityContext, fsGroup: undefined },
    containers: [...initContainers, ...containers].map(local),
    volumes: volumes.map(({ name }) => ({
      name,
      hostPath: { path: `${process.argv[2]}/${name}`, type: "Directory" },
    })),
  },
};
console.log(stringify(pod));
