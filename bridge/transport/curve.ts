/** The client's side of CURVE, ZeroMQ's encryption. https://rfc.zeromq.org/spec/26/ */
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  randomBytes,
} from "node:crypto";
import { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { SynjaxError } from "../errors.ts";
import type { ClientKeys } from "./client-keys.ts";
import type { Handshake, Step } from "./handshake.ts";
import { commandBody, type Frame, latin1, METADATA } from "./zmtp-frames.ts";
import { fromZ85 } from "./z85.ts";

const KEY = 32;
/** Bytes of the code by which a box is checked. */
const TAG = 16;
const WELCOME = { nonce: 16, box: 128 + TAG } as const;
const COOKIE = 96;
const NONCE = 8;
/** In the first byte of what is encrypted, by the specification and not as in a frame's header. */
const INNER = { more: 1, command: 2 } as const;
const NAME = commandBody("MESSAGE", new Uint8Array());

/** A key as `node:crypto` takes it: the bytes before it in DER say that it is one of X25519. */
const PKCS8 = Buffer.from("302e020100300506032b656e04220420", "hex");
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

/** The symmetric key of two key pairs: `crypto_box_beforenm` of NaCl. */
function shared(publicKey: Uint8Array, secretKey: Uint8Array): Uint8Array {
  const secret = diffieHellman({
    privateKey: createPrivateKey({ key: Buffer.concat([PKCS8, secretKey]), format: "der", type: "pkcs8" }),
    publicKey: createPublicKey({ key: Buffer.concat([SPKI, publicKey]), format: "der", type: "spki" }),
  });
  const [sigma, key, input, out] = [words(latin1("expand 32-byte k")), words(secret), new Uint32Array(4), new Uint32Array(8)]; // prettier-ignore
  hsalsa(sigma, key, input, out);
  return bytes(out);
}

/** Numbers of 32 bits, little-endian on every machine that this runs on. */
const words = (of: Uint8Array): Uint32Array => new Uint32Array(Uint8Array.from(of).buffer);
const bytes = (of: Uint32Array): Uint8Array => new Uint8Array(of.buffer);

function newPair(): { readonly public: Uint8Array; readonly secret: Uint8Array } {
  const { publicKey, privateKey } = generateKeyPairSync("x25519", {
    publicKeyEncoding: { format: "der", type: "spki" },
    privateKeyEncoding: { format: "der", type: "pkcs8" },
  });
  return { public: publicKey.subarray(SPKI.length), secret: privateKey.subarray(PKCS8.length) };
}

/** A counter that no key sees twice, behind the words that say what it is for. */
function nonce(purpose: string, counter: Uint8Array): Uint8Array {
  return Buffer.concat([latin1(purpose), counter]);
}

function counterOf(value: bigint): Buffer {
  const counter = Buffer.alloc(NONCE);
  counter.writeBigUInt64BE(value);
  return counter;
}

/** The keys of a client as bytes. */
interface Keys {
  readonly worker: Uint8Array;
  readonly public: Uint8Array;
  readonly secret: Uint8Array;
}

/** @throws SynjaxError INVALID_ARGUMENT where they are none */
export function curveKeys(keys: ClientKeys): Keys {
  try {
    const found = {
      worker: fromZ85(keys.worker),
      public: fromZ85(keys.public),
      secret: fromZ85(keys.secret),
    };
    shared(found.worker, found.secret); // refuses points that make no secret
    return found;
  } catch (cause) {
    throw new SynjaxError("INVALID_ARGUMENT", "`keys`: expected CURVE keys, got texts that are none", { argument: "keys", expected: "CURVE keys", cause }); // prettier-ignore
  }
}

/** One connection by CURVE: it has a key pair of its own, so that what was recorded stays secret when keys are stolen. */
export function curve(keys: Keys): Handshake {
  return new CurveHandshake(keys);
}

class CurveHandshake implements Handshake {
  readonly mechanism = "CURVE";
  readonly #keys: Keys;
  readonly #transient = newPair();
  /** Between the worker's key and this connection's, then between the transient keys of both. */
  #key: Uint8Array;
  #sent = 0n;
  #received = 0n;
  #state: "hello" | "initiate" | "ready" = "hello";

  constructor(keys: Keys) {
    this.#keys = keys;
    this.#key = shared(keys.worker, this.#transient.secret);
  }

  #counter(): Buffer {
    return counterOf(++this.#sent);
  }

  begin(): Uint8Array {
    const counter = this.#counter();
    const box = xsalsa20poly1305(this.#key, nonce("CurveZMQHELLO---", counter)).encrypt(new Uint8Array(64));
    const rest = [Buffer.from([1, 0]), Buffer.alloc(72), this.#transient.public, counter, box];
    return commandBody("HELLO", Buffer.concat(rest));
  }

  hear(name: string, rest: Uint8Array): Step {
    if (name === "WELCOME" && this.#state === "hello") return this.#initiate(rest);
    if (name === "READY" && this.#state === "initiate") return this.#ready(rest);
    throw new Error(`the peer says ${name} where it must not`);
  }

  #initiate(welcome: Uint8Array): Step {
    if (welcome.byteLength !== WELCOME.nonce + WELCOME.box)
      throw new Error("the peer's welcome has another length");
    const [its, box] = [welcome.subarray(0, WELCOME.nonce), welcome.subarray(WELCOME.nonce)];
    const content = opened(this.#key, nonce("WELCOME-", its), box);
    const theirs = content.subarray(0, KEY);
    const cookie = content.subarray(KEY, KEY + COOKIE);
    this.#key = shared(theirs, this.#transient.secret);
    this.#state = "initiate";
    // Vouches for this connection's key by the client's own
    const vouchNonce = randomBytes(16);
    const vouch = xsalsa20poly1305(shared(theirs, this.#keys.secret), nonce("VOUCH---", vouchNonce)).encrypt(
      Buffer.concat([this.#transient.public, this.#keys.worker]),
    );
    const counter = this.#counter();
    const sealed = xsalsa20poly1305(this.#key, nonce("CurveZMQINITIATE", counter)).encrypt(
      Buffer.concat([this.#keys.public, vouchNonce, vouch, METADATA]),
    );
    return { answer: commandBody("INITIATE", Buffer.concat([cookie, counter, sealed])), isReady: false };
  }

  #ready(rest: Uint8Array): Step {
    this.#follows(rest.subarray(0, NONCE));
    opened(this.#key, nonce("CurveZMQREADY---", rest.subarray(0, NONCE)), rest.subarray(NONCE));
    this.#state = "ready";
    return { isReady: true };
  }

  seal({ body, more, isCommand }: Frame): Uint8Array {
    const plain = new Uint8Array(1 + body.byteLength);
    plain[0] = (more ? INNER.more : 0) | (isCommand ? INNER.command : 0);
    plain.set(body, 1);
    const counter = this.#counter();
    const sealed = new Uint8Array(NAME.byteLength + NONCE + plain.byteLength + TAG);
    sealed.set(NAME);
    sealed.set(counter, NAME.byteLength);
    const box = xsalsa20poly1305(this.#key, nonce("CurveZMQMESSAGEC", counter)).encrypt(plain);
    sealed.set(box, NAME.byteLength + NONCE);
    return sealed;
  }

  open(sealed: Uint8Array): Frame {
    const isSealed = Buffer.compare(sealed.subarray(0, NAME.byteLength), NAME) === 0;
    const rest = sealed.subarray(NAME.byteLength);
    if (!isSealed || rest.byteLength < NONCE + TAG + 1)
      throw new Error("the peer sends what is not encrypted");
    const counter = rest.subarray(0, NONCE);
    this.#follows(counter);
    const plain = opened(this.#key, nonce("CurveZMQMESSAGES", counter), rest.subarray(NONCE));
    const flags = plain[0]!;
    // A copy: tensors want memory of their own, where numbers of 8 bytes may lie
    return {
      body: plain.slice(1),
      more: (flags & INNER.more) !== 0,
      isCommand: (flags & INNER.command) !== 0,
    };
  }

  /** What was recorded and is played again is refused. */
  #follows(counter: Uint8Array): void {
    const value = Buffer.from(counter.buffer, counter.byteOffset, NONCE).readBigUInt64BE();
    if (value <= this.#received) throw new Error("the peer repeats itself");
    this.#received = value;
  }
}

function opened(key: Uint8Array, nonce: Uint8Array, box: Uint8Array): Uint8Array {
  try {
    return xsalsa20poly1305(key, nonce).decrypt(box);
  } catch (cause) {
    throw new Error("what the peer sends is not encrypted by its key", { cause });
  }
}
