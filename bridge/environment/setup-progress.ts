/** A step of making an environment, as it happens. */
export interface SetupProgress {
  readonly stage: "wait" | "python" | "create" | "install" | "check";
  readonly message: string;
}
