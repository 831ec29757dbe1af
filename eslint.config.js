import tseslint from "typescript-eslint";

/** Imports a directory may not have, by the direction of knowledge: src → bridge → Node and the wire's libraries. */
function forbids(files, patterns, ignores = []) {
  return { files, ignores, rules: { "no-restricted-imports": ["error", { patterns }] } };
}

/** What src must not know of the bridge: a session sees a connection. */
const BEYOND_A_CONNECTION = [
  { regex: "^node:", message: "src runs where there is no Node: what needs it belongs to bridge." },
  { regex: "^(zeromq|msgpackr)", message: "src knows no wire." },
  {
    regex: "/bridge/(environment|cli)/(?!setup-progress)|/(zeromq|transport|worker-process)\\.ts$",
    message: "src sees a connection only.",
  },
];

/** It takes long to load: who imports it imports a subpath of the package that says so. */
const ARROW = { regex: "^apache-arrow", message: "Only src/tables/ loads apache-arrow by being imported." };

/** The rooms of src from the lowest up, and what each may import besides itself and the bridge. */
const ROOMS_BELOW = {
  program: [],
  display: ["program/"],
  tensor: ["display/", "program/", "ops/dtypes.ts"], // the types of promotion, generated
  session: ["program/", "tensor/", "ops/registry-hash.ts"],
  transforms: ["program/", "tensor/", "session/"],
  ops: ["program/", "tensor/", "distributions/simple-distribution.ts", "distributions/transform.ts"], // the signatures of distributions name its types
  training: ["program/", "tensor/", "ops/", "session/", "transforms/"],
  files: [
    "program/",
    "tensor/",
    "ops/registry-hash.ts",
    "session/",
    "transforms/",
    "training/tensor-names.ts",
  ],
  inference: [
    ...["display/", "program/", "tensor/", "session/", "transforms/", "ops/", "training/"],
    "distributions/",
  ],
  distributions: ["display/", "program/", "tensor/", "session/", "transforms/", "ops/"],
  tables: ["program/", "tensor/", "session/"],
  plugins: ["program/", "tensor/", "ops/dtypes.ts"],
};

const noImportOfNode = {
  selector: "ImportExpression[source.value=/^node:/]",
  message: "src runs where there is no Node: what needs it belongs to bridge.",
};

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
  // Tools load these by their default exports.
  { files: ["*.config.{js,ts}", "scripts/*-reporter.mjs"], rules: { "no-restricted-syntax": "off" } },
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
  { files: ["src/**"], rules: { "no-restricted-syntax": ["error", noDefaultExport, noImportOfNode] } },
  forbids(["src/*.ts"], [...BEYOND_A_CONNECTION, ARROW]),
  ...Object.entries(ROOMS_BELOW).map(([room, below]) =>
    forbids(
      [`src/${room}/**`],
      [
        ...BEYOND_A_CONNECTION,
        ...(room === "tables" ? [] : [ARROW]),
        {
          regex: `^\\.\\./(?!\\.\\./|(${below.join("|")}))`,
          message: `src/${room}/ knows only the rooms below it: ${below.join(", ") || "none"}.`,
        },
      ],
    ),
  ),
  forbids(
    ["src/distributions/*.extra.ts"],
    [
      ...BEYOND_A_CONNECTION,
      ARROW,
      {
        regex: "^(?!\\./distribution\\.ts$|\\.\\./tensor/(array|tensor)\\.ts$|\\.\\./ops/[a-z-]+\\.ts$)",
        message: "What TypeScript adds to a distribution imports only its base class, tensor and ops.",
      },
    ],
  ),
);
