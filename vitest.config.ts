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
    // Most of what workers do here is compiling, and most of that is making code fast. `npm run test:full` does.
    env: process.env.SYNJAX_TEST_FULL
      ? {}
      : {
          XLA_FLAGS: [
            process.env.XLA_FLAGS ?? "",
            "--xla_backend_optimization_level=0",
            "--xla_cpu_use_fusion_emitters=false",
            "--xla_cpu_parallel_codegen_split_count=1",
            "--xla_cpu_emitter_verification_level=0",
            "--xla_llvm_enable_alias_scope_metadata=false",
            "--xla_llvm_enable_noalias_metadata=false",
            "--xla_llvm_enable_invariant_load_metadata=false",
          ].join(" "),
        },
  },
});
