/** What the parameters of a function are called, as far as its source says so. */

const PARAMETERS = /^(?:async\s+)?(?:function\s*[\w$]*\s*)?(?:\(([^(){}[\]=]*)\)|([\w$]+)\s*=>)/;

/** Names of `count` arguments, all different. What takes its argument apart, or has a default, has no names. */
export function parameterNames(f: (...args: never[]) => unknown, count: number): readonly string[] {
  const found = PARAMETERS.exec(Function.prototype.toString.call(f));
  const names = (found?.[1] ?? found?.[2] ?? "").split(",").map((name) => name.trim());
  const isNamed =
    names.length >= count &&
    new Set(names).size === names.length &&
    names.every((name) => /^[A-Za-z_$][\w$]*$/.test(name));
  return Array.from({ length: count }, (_, i) => (isNamed ? names[i]! : `argument${i}`));
}
