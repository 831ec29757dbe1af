/** Which JavaScript runtime this is. Deno and Bun say of themselves that they are Node, too. */

/** The name of a runtime in which the native part of the package zeromq hangs or crashes. */
export const withoutNativeZeromq = (): "Deno" | "Bun" | undefined =>
  (["Deno", "Bun"] as const).find((runtime) => runtime in globalThis);

export const isNode: boolean = withoutNativeZeromq() === undefined;
