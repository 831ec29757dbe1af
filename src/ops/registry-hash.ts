// Generated from the Python registry by `npm run generate`; do not edit.
/** What client and worker compare when they meet: both must know the same operations. */
export const registryHash: string = "5a67af3ae3651b0c";
