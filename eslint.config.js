import tseslint from "typescript-eslint";

/** Imports a directory may not have, by the direction of knowledge: src → bridge → Node and the wire's libraries. */
function forbids(files, patterns, ignores = []) {
  return { files, ignores, rules: { "no-restricted-imports": ["error", { patterns }] } };
}

const noDefaultExport = {
  selector: "ExportDefaultDeclaration",
  message: "Named exports only.",
};

export default tseslint.config(
  { ignores: ["docs/reference/", "dist/", "node_modules/", "python/", "benchmarks/results/"] },
  ...tseslint.configs.strict,
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": ["error", { checksVoidReturn: { attributes: false } }],
      "@typescript-eslint/only-throw-error": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      // noUncheckedIndexedAccess makes `!` the way to say "in range" in a loop over an index.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-extraneous-class": "off",
      "@typescript-eslint/unified-signatures": "off",
    },
  },
  { rules: { "no-restricted-syntax": ["error", noDefaultExport] } },
  { files: ["*.config.{js,ts}"], rules: { "no-restricted-syntax": "off" } },
  {
    files: ["src/**", "bridge/**"],
    ignores: ["docs/reference/", "bridge/cli/cli.ts"],
    rules: { "no-console": "error" },
  },
  { files: ["bridge/wire/codec.ts"], rules: { "@typescript-eslint/no-explicit-any": "off" } },
  forbids(
    ["bridge/**/*.ts"],
    [{ regex: "(^|/)src/", message: "The bridge knows no program and no distribution." }],
  ),
  forbids(
    ["src/**/*.ts"],
    [
      {
        regex: "^(zeromq|msgpackr|apache-arrow|node:(child_process|net|worker_threads))",
        message: "src knows no wire.",
      },
      {
        regex: "/bridge/(environment|cli)/|/(zeromq|transport|worker-process)\\.ts$",
        message: "src sees a connection only.",
      },
    ],
    ["src/distributions/**"],
  ),
  forbids(
    ["src/distributions/*.extra.ts"],
    [
      {
        regex: "^(?!\\./distribution\\.ts$|\\.\\./tensor/tensor\\.ts$|\\.\\./ops/[a-z-]+\\.ts$)",
        message: "What TypeScript adds to a distribution imports only its base class, tensor and ops.",
      },
    ],
  ),
);
