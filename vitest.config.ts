import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    // These end what hangs. A right answer on a busy machine may take a minute.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    slowTestThreshold: 10_000,
  },
});
