/** The client's side of the wire, as TypeScript source, from the registry's entry `protocol`. */

interface Message {
  readonly name: string;
  readonly number: number;
  readonly fields: readonly string[];
  readonly answered: boolean;
  readonly windowed: boolean;
  readonly doc: string;
  /** Whether a map may follow the fields. */
  readonly context: boolean;
}

interface Limit {
  readonly name: string;
  readonly default: number;
  readonly code: string | null;
  readonly doc: string;
}

interface DType {
  readonly name: string;
  readonly bytes: number;
  readonly stored: string;
  readonly arrow: string | null;
}

/** What `synjax_worker.protocol.document()` gives. */
export interface Protocol {
  readonly version: number;
  readonly programFormat: number;
  readonly constants: Readonly<Record<string, number>>;
  readonly namedFloats: readonly string[];
  readonly devices: readonly string[];
  readonly configuration: readonly string[];
  readonly messages: readonly Message[];
  readonly context: Readonly<Record<string, string>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly flags: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, number>>;
  readonly arguments: Readonly<Record<string, number>>;
  readonly trees: Readonly<Record<string, number>>;
  readonly limits: readonly Limit[];
  readonly dtypes: readonly DType[];
  readonly structuralOps: Readonly<Record<string, string>>;
  readonly nestedOps: Readonly<Record<string, { readonly programs: number | null; readonly first: number }>>;
  readonly errors: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const HEADER = "// Generated from the Python registry by `npm run generate`; do not edit.\n";

const CONSTANT_DOCS: Readonly<Record<string, string>> = {
  hashBytes: "A program is named by so many first bytes of its SHA-256.",
  inlineBytes: "An array up to this size rides in the header, a larger one in a frame of its own.",
  largestId: "Ids and sizes stay below.",
  weakIntBits: "A number that fits this signed width is a weak int, any other a weak float.",
  sharedNameLength: "Characters of the name of a shared tree, at most.",
  bundleMessages: "Messages in a bundle, at most.",
  bundleBytes: "Bytes of the headers in a bundle, at most.",
};

/** `inlineBytes` → `INLINE_BYTES`. */
function upperCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

const quote = (name: string): string => JSON.stringify(name);
const union = (names: readonly string[]): string => names.map(quote).join(" | ");

function doc(text: string): string {
  return `/** ${text.replaceAll("*/", "*\\/")} */`;
}

function constants(protocol: Protocol): string {
  return Object.entries(protocol.constants)
    .map(([name, value]) => {
      const text = CONSTANT_DOCS[name];
      if (text === undefined) throw new Error(`${name}: say in CONSTANT_DOCS what it is`);
      return `${doc(text)}\nexport const ${upperCase(name)} = ${value};`;
    })
    .join("\n");
}

function numbers(name: string, text: string, values: Readonly<Record<string, number>>): string {
  const fields = Object.entries(values).map(([key, value]) => `${quote(key)}: ${value}`);
  return `${doc(text)}\nexport const ${name} = { ${fields.join(", ")} } as const;`;
}

function messages({ messages }: Protocol): string {
  const fields = messages.map((message) => {
    const answer = message.answered ? "" : " Not answered where `seq` is 0.";
    const fields = [...message.fields, ...(message.context ? ["context?"] : [])].join(", ");
    return `${doc(`\`[${fields}]\`. ${message.doc}${answer}`)}\n${message.name}: ${message.number}`;
  });
  const windowed = messages.filter((m) => m.windowed).map((m) => `MESSAGE.${m.name}`);
  return [
    doc("The first element of a client's header. What follows it stands in brackets."),
    `export const MESSAGE = {\n${fields.join(",\n")}\n} as const;`,
    doc("Those that count among the messages in flight."),
    `export const WINDOWED: ReadonlySet<number> = new Set<number>([${windowed.join(", ")}]);`,
  ].join("\n");
}

const CONTEXT_TYPES: Readonly<Record<string, string>> = {
  deadline: "number",
  timed: "boolean",
  traceparent: "string",
};

function contextFields({ context }: Protocol): string {
  const fields = Object.entries(context).map(([name, text]) => {
    const type = CONTEXT_TYPES[name];
    if (type === undefined) throw new Error(`${name}: say in CONTEXT_TYPES what it is`);
    return `${doc(text)}\nreadonly ${name}?: ${type};`;
  });
  return fields.join("\n");
}

function limits({ limits }: Protocol): string {
  const fields = limits.map((limit) => {
    const code = limit.code ? ` Beyond: ${limit.code}.` : "";
    return `${doc(`${limit.doc}${code}`)}\n${limit.name}: ${limit.default}`;
  });
  return [
    doc("What one client may ask of the worker, unless the worker was started with other limits."),
    `export const DEFAULT_LIMITS = {\n${fields.join(",\n")}\n} as const;`,
  ].join("\n");
}

/** `uint8` → `Uint8Array`, `int64` → `BigInt64Array`. */
function arrayClass(stored: string): string {
  const big = stored.endsWith("int64") ? "Big" : "";
  return `${big}${stored[0]!.toUpperCase()}${stored.slice(1)}Array`;
}

function dtypes({ dtypes }: Protocol): string {
  const rows = (value: (dtype: DType) => string): string =>
    dtypes.map((dtype) => `${dtype.name}: ${value(dtype)}`).join(",\n");
  const arrow = dtypes.filter((dtype) => dtype.arrow !== null);
  return `
${doc("The element types that cross the wire, by name. A `key` is a PRNG key: its data are uint32 words.")}
export type DType = ${union(dtypes.map((dtype) => dtype.name))};

${doc("What `data()` returns for each dtype: float16 and bfloat16 arrive as their bits, int64 as bigints, complex numbers as real and imaginary parts in turn.")}
export interface DataOf {\n${dtypes.map((d) => `${d.name}: ${arrayClass(d.stored)};`).join("\n")}\n}

type ArrayClass<T> = {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset?: number, length?: number): T;
  new (length: number): T;
};

${doc("The typed array that holds the elements of each dtype.")}
export const ARRAY_OF: { readonly [D in DType]: ArrayClass<DataOf[D]> } = {\n${rows((d) => arrayClass(d.stored))}\n};

${doc("Bytes of one element.")}
export const ITEM_BYTES: { readonly [D in DType]: number } = {\n${rows((d) => String(d.bytes))}\n};

${doc("The class of apache-arrow for each dtype that Arrow has.")}
export const ARROW_TYPE = {\n${arrow.map((d) => `${d.name}: ${quote(d.arrow!)}`).join(",\n")}\n} as const satisfies { readonly [D in DType]?: string };`;
}

function ops({ structuralOps, nestedOps }: Protocol): string {
  const structural = Object.entries(structuralOps).map(([name, kind]) => `${quote(name)}: ${quote(kind)}`);
  const nested = Object.entries(nestedOps).map(
    ([name, { programs, first }]) => `${name}: { programs: ${programs}, first: ${first} }`,
  );
  return [
    doc("Computations with sizes and tuples, which run while a program is traced: what each gives."),
    `export const STRUCTURAL_OPS = {\n${structural.join(",\n")}\n} as const;`,
    doc("Ops that take nested programs: how many, and how many operands stand before them."),
    `export const NESTED_OPS = {\n${nested.join(",\n")}\n} as const;`,
  ].join("\n");
}

function errorCodes({ errors }: Protocol): string {
  const members = Object.entries(errors).flatMap(([group, codes]) => [
    `// -- ${group}`,
    ...Object.entries(codes).map(([code, text]) => `${quote(code)}, // ${text}`),
  ]);
  return `${doc("Every way a call can end badly. The set is closed: a `switch` over it is checked by the compiler.")}
export const ERROR_CODES = [\n${members.join("\n")}\n] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];`;
}

export function protocolFile(protocol: Protocol): string {
  return [
    HEADER,
    doc("Version of the messages; both sides refuse another."),
    `export const PROTOCOL_VERSION = ${protocol.version};`,
    doc("Version of an encoded program."),
    `export const PROGRAM_FORMAT = ${protocol.programFormat};`,
    constants(protocol),
    "",
    messages(protocol),
    "",
    doc("What a map after the fields of a call says of it; where there is nothing to say there is no map."),
    `export interface CallContext {\n${contextFields(protocol)}\n}`,
    "",
    numbers("STATUS", "The second element of a reply's header, after `seq`.", protocol.statuses),
    "",
    numbers("FLAG", "Bits of the flags of a launch or compile.", protocol.flags),
    "",
    numbers("INPUT", "The first element of an input that is not a handle.", protocol.inputs),
    "",
    numbers(
      "ARGUMENT",
      "The first element of an argument, in an encoded program, that is not a reference, string, boolean or `null`.",
      protocol.arguments,
    ),
    "",
    numbers("TREE", "The first element of a branch, in a tree of shared tensors.", protocol.trees),
    "",
    doc("Weak floats that travel by name: msgpack may pack −0 as the integer 0."),
    `export type NamedFloat = ${union(protocol.namedFloats)};`,
    "",
    doc("The platforms that a worker can be started for."),
    `export const DEVICES = [${protocol.devices.map(quote).join(", ")}] as const;`,
    `export type Device = (typeof DEVICES)[number];`,
    "",
    doc("The fields of the start configuration, the first line on a worker's stdin."),
    `export type ConfigurationField = ${union(protocol.configuration)};`,
    "",
    limits(protocol),
    dtypes(protocol),
    "",
    ops(protocol),
    "",
    errorCodes(protocol),
    "",
  ].join("\n");
}
