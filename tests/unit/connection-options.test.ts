import { describe, expect, test } from "vitest";
import type { ConnectionOptions } from "../../bridge/worker/connection-options.ts";
import { SynjaxError } from "../../bridge/errors.ts";
import { checkConnectionOptions } from "../../bridge/worker/connection-options.ts";
import { refusedConfiguration } from "../../bridge/worker/readiness.ts";
import { checkWait } from "../../bridge/transport/call-options.ts";

function errorOf(run: () => void): SynjaxError | undefined {
  try {
    run();
  } catch (error) {
    if (error instanceof SynjaxError) return error;
    throw error;
  }
  return undefined;
}
const check = (options: object): SynjaxError | undefined =>
  errorOf(() => checkConnectionOptions(options as ConnectionOptions));

describe("what a connection is asked for", () => {
  test.each([
    [{ device: "gpu" }, "device", '"cpu" or "cuda" or "tpu"', '"gpu"'],
    [{ device: null }, "device", '"cpu" or "cuda" or "tpu"', "null"],
    [{ transport: "udp" }, "transport", '"ipc" or "tcp"', '"udp"'],
    [{ setup: true }, "setup", '"auto" or "never"', "true"],
    [{ address: 5555 }, "address", "a string", "5555"],
    [{ python: ["python3"] }, "python", "a string", "an Array"],
    [{ compilationCache: false }, "compilationCache", "a string", "false"],
    [{ limits: 3 }, "limits", "an object of numbers", "3"],
    [{ limits: { rank: 0 } }, "limits.rank", "a whole number above 0", "0"],
    [{ limits: { rank: Number.NaN } }, "limits.rank", "a whole number above 0", "NaN"],
    [{ limits: { rank: 1.5 } }, "limits.rank", "a whole number above 0", "1.5"],
    [{ startTimeout: 0 }, "startTimeout", "milliseconds, more than 0", "0"],
    [{ startTimeout: "10" }, "startTimeout", "milliseconds, more than 0", '"10"'],
    [{ hangAfter: Infinity }, "hangAfter", "milliseconds, more than 0", "Infinity"],
    [{ heartbeat: -1 }, "heartbeat", "milliseconds, 0 or more", "-1"],
    [{ heartbeat: Number.NaN }, "heartbeat", "milliseconds, 0 or more", "NaN"],
    [{ signal: new AbortController() }, "signal", "an AbortSignal", "an AbortController"],
  ])("%o is refused by name", (options, argument, expected, received) => {
    expect(check(options)).toMatchObject({ code: "INVALID_ARGUMENT", argument, expected, received });
  });
  test("an NVIDIA GPU has a name here", () => {
    expect(check({ device: "gpu" })!.message).toMatch(/an NVIDIA GPU is "cuda"$/);
  });
  test("what can be meant passes", () => {
    const { signal } = new AbortController();
    expect(check({})).toBeUndefined();
    expect(
      check({ device: "cuda", compilationCache: null, heartbeat: 0, startTimeout: 2 ** 40, signal }),
    ).toBe(undefined);
  });
  test("only what the worker calls an argument is one", () => {
    expect(refusedConfiguration({ ready: false, code: "WORKER_START", message: "no" })).toBeUndefined();
    expect(refusedConfiguration(3)).toBeUndefined();
    expect(
      refusedConfiguration({ code: "INVALID_ARGUMENT", message: "no", argument: "device" }),
    ).toMatchObject({
      code: "INVALID_ARGUMENT",
      argument: "device",
    });
  });
});

describe("how a call may be given up", () => {
  test.each([Number.NaN, -1, Infinity, -Infinity, "5", null])("not after %s ms", (deadline) => {
    const error = errorOf(() => checkWait({ deadline }));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", argument: "deadline" });
  });
  test("not by what is no signal", () => {
    expect(errorOf(() => checkWait({ signal: new AbortController() }))).toMatchObject({ argument: "signal" });
  });
  test("at once, or in a month", () => {
    checkWait({ deadline: 0 });
    checkWait({ deadline: 2 ** 32 });
  });
});
