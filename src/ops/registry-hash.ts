// Generated from the Python registry by `npm run generate`; do not edit.
/** What client and worker compare when they meet: both must know the same operations. */
export const registryHash: string = "0bde80221f391b9d";
