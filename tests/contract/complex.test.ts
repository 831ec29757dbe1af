/** Complex numbers: over the wire, in programs, and what they are not for. */
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  array,
  connect,
  fft,
  get,
  grad,
  jacfwd,
  jacrev,
  jit,
  lax,
  np,
  type Session,
  type Tensor,
} from "../../src/index.ts";
import { errorOf } from "../fixtures/errors.ts";

let session: Session;
beforeAll(async () => {
  session = await connect();
});
afterAll(() => session.close());

const [i, one] = [
  { real: 0, imag: 1 },
  { real: 1, imag: 0 },
];
const minus = ({ real, imag }: typeof i): typeof i => ({ real: 0 - real, imag: 0 - imag });

test("come and go as pairs of numbers", async () => {
  const signal = array([0, 1, 0, 0]);
  const { spectrum, back, z, first, wide } = await get(
    jit((x: Tensor<"float32">) => {
      const spectrum = np.fft.fft(x);
      const z = np.multiply(array([i, one]), array(Float32Array.of(0, 1, 2, 0), { dtype: "complex64" }));
      const wide = lax.complex(array([1], { dtype: "float64" }), array([2], { dtype: "float64" }));
      return { spectrum, back: np.real(fft.ifft(spectrum)), z, first: spectrum.slice(1), wide };
    })(signal),
  );
  expect(spectrum).toMatchObject({ dtype: "complex64", shape: [4] });
  expect(spectrum.data).toEqual(Float32Array.of(1, 0, 0, -1, -1, 0, 0, 1));
  expect(spectrum.array()).toEqual([one, minus(i), minus(one), i]);
  expect(back.array()).toEqual([0, 1, 0, 0]);
  expect(z.array()).toEqual([minus(one), { real: 2, imag: 0 }]);
  expect(first.item()).toEqual(minus(i));
  expect([wide.dtype, wide.data]).toEqual(["complex128", Float64Array.of(1, 2)]);
  expect(JSON.parse(JSON.stringify(z))).toEqual({ dtype: "complex64", shape: [2], data: [-1, 0, 2, 0] });
  const sent = array(Float32Array.of(1, 2, 3, 4), { dtype: "complex64", shape: [2] });
  expect(await np.conj(sent).array()).toEqual([
    { real: 1, imag: -2 },
    { real: 3, imag: -4 },
  ]);
});

test("gradients go through them, and by them are the conjugates that JAX gives", async () => {
  // By Parseval's theorem the power of a spectrum is n times that of its signal
  const power = (x: Tensor<"float32">): Tensor<"float32"> => np.square(np.abs(np.fft.fft(x))).sum();
  const norm = (z: Tensor<"complex64">): Tensor<"float32"> => np.square(np.abs(z)).sum();
  const [byReal, byComplex] = await get([
    grad(power)(array([1, 2, 3])),
    grad(norm)(array([{ real: 1, imag: 2 }])),
  ]);
  expect(byReal.array()).toEqual([expect.closeTo(6, 4), expect.closeTo(12, 4), expect.closeTo(18, 4)]);
  expect(byComplex.array()).toEqual([
    { real: expect.closeTo(2, 5) as number, imag: expect.closeTo(-4, 5) as number },
  ]);
});

test("what has no meaning for them is refused", async () => {
  const z = array([i]);
  const cast = await errorOf(() => np.astype(z, "float32").array());
  expect(cast.message).toMatch(
    /complex64 cannot become float32, which would drop .* np.real\(x\), or np.abs\(x\)/,
  );
  const spectrum = (x: Tensor<"float32">): Tensor<"complex64"> => np.fft.fft(x);
  for (const f of [
    () => grad((x: Tensor<"float32">) => spectrum(x).sum())(array([1, 2])).array(),
    () => jacrev(spectrum)(array([1])).array(),
  ]) {
    const { code, argument, message } = await errorOf(f);
    expect([code, argument]).toEqual(["INVALID_ARGUMENT", "f"]);
    expect(message).toMatch(/result 0 of the function is complex64: .* vjp and jvp/);
  }
  expect((await errorOf(() => jacfwd(np.abs<Tensor<"complex64">>)(z).array())).message).toMatch(
    /argument 0 is complex64/,
  );
  expect((await errorOf(() => np.fft.rfft(z).array())).message).toMatch(/rfft/);
  expect(() => array([{ real: 1, imag: 1e39 }])).toThrow(/expected values of dtype float32, got 1e\+39/);
  expect(() => array([[1]], { dtype: "complex64", shape: [2] })).toThrow(/a shape whose product is 1/);
  expect(() => array(["1"] as never, { dtype: "complex64" })).toThrow(
    /an array of { real, imag } \(complex64\), got string/,
  );
  expect(() => array(Int32Array.of(1, 2), { dtype: "complex64" })).toThrow(/complex64/);
});
