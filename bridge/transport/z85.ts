/** Bytes as text, as ZeroMQ spells its keys: five characters for four bytes. https://rfc.zeromq.org/spec/32/ */

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/** @throws RangeError where it is none: not every text of these characters is */
export function fromZ85(text: string): Uint8Array {
  if (text.length % 5 !== 0) throw new RangeError(`${text.length} characters are no whole groups of five`);
  const bytes = Buffer.alloc((text.length / 5) * 4);
  for (let group = 0; group * 5 < text.length; group++) {
    let value = 0;
    for (const character of text.slice(group * 5, group * 5 + 5)) {
      const digit = DIGITS.indexOf(character);
      if (digit < 0) throw new RangeError("a character is no digit of Z85");
      value = value * DIGITS.length + digit;
    }
    bytes.writeUInt32BE(value, group * 4); // throws above 2³² - 1
  }
  return bytes;
}
