/** Half-precision floats: TypeScript has no array of them, so they travel and arrive as their 16 bits. */

export type HalfDType = "float16" | "bfloat16";

const words = new Uint32Array(1);
const floats = new Float32Array(words.buffer);

/** The values of half-precision floats, exactly. */
export function toFloat32(bits: Uint16Array, dtype: HalfDType): Float32Array {
  const values = new Float32Array(bits.length);
  if (dtype === "bfloat16") {
    const target = new Uint32Array(values.buffer);
    for (let i = 0; i < bits.length; i++) target[i] = bits[i]! << 16;
  } else {
    for (let i = 0; i < bits.length; i++) values[i] = float16Value(bits[i]!);
  }
  return values;
}

/** The bits of the nearest half-precision floats, ties to even; what is too large becomes infinite. */
export function fromFloat32(values: Float32Array, dtype: HalfDType): Uint16Array {
  const bits = new Uint16Array(values.length);
  const convert = dtype === "bfloat16" ? bfloat16Bits : float16Bits;
  for (let i = 0; i < values.length; i++) bits[i] = convert(values[i]!);
  return bits;
}

function float16Value(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function float16Bits(value: number): number {
  floats[0] = value;
  const word = words[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below the smallest normal number the fraction counts units of 2^-24.
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  // A fraction that rounds up to 1024 carries into the exponent.
  const exponent = ((word >>> 23) & 0xff) - 127;
  return sign | ((exponent + 14) * 1024 + roundToEven((magnitude / 2 ** exponent) * 1024));
}

function bfloat16Bits(value: number): number {
  floats[0] = value;
  const word = words[0]!;
  if (Number.isNaN(value)) return (word >>> 16) | 0x40;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
