/** Inputs of launches and arrays of replies, as they stand in messages. */
import { bytesOf } from "../../bridge/wire/codec.ts";
import { ARRAY_OF, type DataOf, type DType, type HostArray } from "../../bridge/wire/dtypes.ts";
import {
  ARGUMENT,
  type ArrayAval,
  INLINE_BYTES,
  INPUT,
  type WireInput,
  type WireInputType,
} from "../../bridge/wire/protocol.ts";
import type { Constant } from "../program/body.ts";
import { encodeNumber, weakFloat } from "../program/encode.ts";

/** An input of a launch to come: of one that is not there yet, what it will be. */
export type InputType = Constant | { readonly aval: ArrayAval };

/** What an input is called in errors, by its place. */
export type NameOf = (input: number) => string;

export function wireInputType(input: InputType): WireInputType {
  if ("aval" in input) return [INPUT.array, ...input.aval];
  if ("host" in input) return [INPUT.array, input.host.dtype, input.host.shape, false];
  return wireInput(input, []) as WireInputType;
}

/**
 * @param buffers takes the bytes of an array that is too large to stand in the header
 * @param readsFiles whether the worker reads arrays from files
 */
export function wireInput(input: Constant, buffers: Uint8Array[], readsFiles = false): WireInput {
  if ("handle" in input) return input.handle.id;
  if ("weak" in input) {
    const encoded = encodeNumber(input.weak) as readonly [0 | 1, number];
    return encoded[0] === ARGUMENT.int ? [INPUT.int, encoded[1]] : [INPUT.float, weakFloat(input.weak)];
  }
  const { host } = input;
  const { dtype, shape, file } = host;
  if (file && readsFiles) return [INPUT.file, dtype, shape, file.path, file.offset, file.stamp];
  const bytes = bytesOf(host.data);
  if (bytes.byteLength <= INLINE_BYTES) return [INPUT.array, dtype, shape, bytes];
  buffers.push(bytes);
  return [INPUT.array, dtype, shape];
}

/** @param bytes as many as dtype and shape say */
export function hostArray(bytes: Uint8Array, [dtype, shape]: ArrayAval): HostArray {
  const Class = ARRAY_OF[dtype];
  const size = Class.BYTES_PER_ELEMENT;
  const aligned = bytes.byteOffset % size === 0 ? bytes : bytes.slice();
  const data = new Class(aligned.buffer, aligned.byteOffset, aligned.byteLength / size) as DataOf[DType];
  return { dtype, shape, data };
}
