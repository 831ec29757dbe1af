// Generated from the Python registry by `npm run generate`; do not edit.
import { emit } from "../program/emit.ts";
import { checkFunctions } from "../program/signatures.ts";
import {
  type Dim,
  type DType,
  type Of,
  type ShapeLike,
  type Strong,
  Tensor,
  type TensorLike,
} from "../tensor/tensor.ts";
import type { Float, Promote, Real } from "./dtypes.ts";

/**
 * `jax.numpy.fft`, as `np.fft` too: Fourier transforms. What is complex is taken apart by `np.real`,
 * `np.imag`, `np.abs` and `np.angle`.
 */
export const fft = {
  /** Equivalent to `jax.numpy.fft.fft`: of `n` elements along `axis`, the last. */
  fft<A extends TensorLike>(
    a: A,
    options: {
      readonly n?: Dim;
      readonly axis?: number;
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.fft", [a], { n: options.n, axis: options.axis, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.fft2`, along the last two axes unless `axes` are given: `s` says of how
   * many elements along each.
   */
  fft2<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.fft2", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.fftfreq`: the frequencies that `fft` is of, in cycles a unit where the
   * samples are `d` units apart.
   */
  fftfreq<D extends DType = "float32">(
    n: Dim,
    options: { readonly d?: number; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("fft.fftfreq", [], { n, d: options.d, dtype: options.dtype }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.fftn`, along all axes unless `axes` are given: `s` says of how many
   * elements along each.
   */
  fftn<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.fftn", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fft.fftshift`: the frequency 0 into the middle. */
  fftshift<A extends TensorLike>(
    x: A,
    options: { readonly axes?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("fft.fftshift", [x], { axes: options.axes }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.hfft`: of the first half of a signal whose other half are its
   * conjugates: real.
   */
  hfft<A extends TensorLike>(
    a: A,
    options: {
      readonly n?: Dim;
      readonly axis?: number;
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Real<Promote<Float<Of<A>>, "complex64">>> {
    return emit("fft.hfft", [a], { n: options.n, axis: options.axis, norm: options.norm }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fft.ifft`: the inverse of `fft`. */
  ifft<A extends TensorLike>(
    a: A,
    options: {
      readonly n?: Dim;
      readonly axis?: number;
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.ifft", [a], { n: options.n, axis: options.axis, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.ifft2`, along the last two axes unless `axes` are given: the inverse of
   * `fft2`.
   */
  ifft2<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.ifft2", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fft.ifftn`, along all axes unless `axes` are given: the inverse of `fftn`. */
  ifftn<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.ifftn", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fft.ifftshift`: the inverse of `fftshift`. */
  ifftshift<A extends TensorLike>(
    x: A,
    options: { readonly axes?: number | readonly number[] } = {},
  ): Tensor<Strong<Of<A>>> {
    return emit("fft.ifftshift", [x], { axes: options.axes }, Tensor) as never;
  },

  /** Equivalent to `jax.numpy.fft.ihfft`: the inverse of `hfft`. */
  ihfft<A extends TensorLike>(
    a: A,
    options: {
      readonly n?: Dim;
      readonly axis?: number;
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.ihfft", [a], { n: options.n, axis: options.axis, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.irfft`: the inverse of `rfft`: real. `n` is that of the result, even
   * where left out.
   */
  irfft<A extends TensorLike>(
    a: A,
    options: {
      readonly n?: Dim;
      readonly axis?: number;
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Real<Promote<Float<Of<A>>, "complex64">>> {
    return emit("fft.irfft", [a], { n: options.n, axis: options.axis, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.irfft2`, along the last two axes unless `axes` are given: the inverse
   * of `rfft2`: real.
   */
  irfft2<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Real<Promote<Float<Of<A>>, "complex64">>> {
    return emit("fft.irfft2", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.irfftn`, along all axes unless `axes` are given: the inverse of
   * `rfftn`: real.
   */
  irfftn<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Real<Promote<Float<Of<A>>, "complex64">>> {
    return emit("fft.irfftn", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.rfft`: of real numbers: the first n / 2 + 1 of what `fft` gives, the
   * others are their conjugates.
   */
  rfft<A extends TensorLike>(
    a: A,
    options: {
      readonly n?: Dim;
      readonly axis?: number;
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.rfft", [a], { n: options.n, axis: options.axis, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.rfft2`, along the last two axes unless `axes` are given: of real
   * numbers; of the last axis the first half.
   */
  rfft2<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.rfft2", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.rfftfreq`: the frequencies that `rfft` is of, in cycles a unit where
   * the samples are `d` units apart.
   */
  rfftfreq<D extends DType = "float32">(
    n: Dim,
    options: { readonly d?: number; readonly dtype?: D } = {},
  ): Tensor<D> {
    return emit("fft.rfftfreq", [], { n, d: options.d, dtype: options.dtype }, Tensor) as never;
  },

  /**
   * Equivalent to `jax.numpy.fft.rfftn`, along all axes unless `axes` are given: of real numbers; of the
   * last axis the first half.
   */
  rfftn<A extends TensorLike>(
    a: A,
    options: {
      readonly s?: ShapeLike;
      readonly axes?: readonly number[];
      readonly norm?: "backward" | "ortho" | "forward";
    } = {},
  ): Tensor<Promote<Float<Of<A>>, "complex64">> {
    return emit("fft.rfftn", [a], { s: options.s, axes: options.axes, norm: options.norm }, Tensor) as never;
  },
};

checkFunctions("fft", fft, {
  fft: {
    takes: { a: "operand" },
    options: { n: "size?", axis: "number?", norm: '"backward" | "ortho" | "forward"?' },
  },
  fft2: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
  fftfreq: { takes: { n: "size" }, options: { d: "number?", dtype: "dtype?" } },
  fftn: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
  fftshift: { takes: { x: "operand" }, options: { axes: "axis?" } },
  hfft: {
    takes: { a: "operand" },
    options: { n: "size?", axis: "number?", norm: '"backward" | "ortho" | "forward"?' },
  },
  ifft: {
    takes: { a: "operand" },
    options: { n: "size?", axis: "number?", norm: '"backward" | "ortho" | "forward"?' },
  },
  ifft2: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
  ifftn: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
  ifftshift: { takes: { x: "operand" }, options: { axes: "axis?" } },
  ihfft: {
    takes: { a: "operand" },
    options: { n: "size?", axis: "number?", norm: '"backward" | "ortho" | "forward"?' },
  },
  irfft: {
    takes: { a: "operand" },
    options: { n: "size?", axis: "number?", norm: '"backward" | "ortho" | "forward"?' },
  },
  irfft2: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
  irfftn: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
  rfft: {
    takes: { a: "operand" },
    options: { n: "size?", axis: "number?", norm: '"backward" | "ortho" | "forward"?' },
  },
  rfft2: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
  rfftfreq: { takes: { n: "size" }, options: { d: "number?", dtype: "dtype?" } },
  rfftn: {
    takes: { a: "operand" },
    options: { s: "shape?", axes: "list?", norm: '"backward" | "ortho" | "forward"?' },
  },
});
