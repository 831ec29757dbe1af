import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

// What takes longest must not be what everything waits for at the end.
const LONGEST = ["conformance.test.ts", "examples.test.ts"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean =>
      LONGEST.some((name) => moduleId.endsWith(`/${name}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    pool: "forks",
    // One more than there are cores: a test that waits for its worker to start, or for a time to pass, leaves one idle.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
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
