// Generated from the Python registry by `npm run generate`; do not edit.
/** What client and worker compare when they meet: both must know the same operations. */
export const registryHash: string = "dc4e9605a9fa0bf1";
