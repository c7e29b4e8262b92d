/** The numbers of functions, instances of classes and unregistered symbols, in the order of their first use. */
const references = new WeakMap<WeakKey, number>();
let count = 0;

/** Sorted faster by insertion than by `sort`. */
const FEW_KEYS = 24;

/**
 * The number of an object that is compared by reference: a function, an instance of a class. It stays the same as long as
 * this process lives. In another process it may be another one.
 */
export function referenceNumber(value: WeakKey): number {
  let number = references.get(value);
  if (number === undefined) references.set(value, (number = count += 1));
  return number;
}

/**
 * A text that is equal for equal content, and for no other: keys are sorted, and a key with the value undefined is left out. Dates,
 * regular expressions, URLs, bytes, maps and sets are written by their content, everything else that JSON does not have (functions,
 * instances of other classes) by {@link referenceNumber}. The order of lists, maps and sets counts.
 *
 * `{ b: [1, 'x'], a: undefined, when }` becomes `{"b":[1,"x",],"when":Date(1795910400000),}`.
 */
export function canonicalText(value: unknown): string {
  return textOf(value, []);
}

/** `above`: the objects that contain the value, from the outermost. The same again on return. */
function textOf(value: unknown, above: object[]): string {
  return typeof value === 'object' && value !== null ? objectText(value, above) : plainText(value);
}

function plainText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'symbol':
      return symbolText(value);
    case 'function':
      return `@${referenceNumber(value)}`;
    default:
      return String(value);
  }
}

function symbolText(symbol: symbol): string {
  const key = Symbol.keyFor(symbol);
  return key === undefined ? `@${referenceNumber(symbol)}` : `Symbol(${JSON.stringify(key)})`;
}

function objectText(value: object, above: object[]): string {
  // An object that contains itself is written as the number of levels to it, which is the same in an equal one.
  const depth = above.lastIndexOf(value);
  if (depth >= 0) return `^${above.length - depth}`;
  above.push(value);
  const text = Array.isArray(value) ? listText(value, above) : mappingText(value, above);
  above.pop();
  return text;
}

function listText(list: readonly unknown[], above: object[]): string {
  let text = '[';
  for (let index = 0; index < list.length; index += 1) text += `${textOf(list[index], above)},`;
  return `${text}]`;
}

function mappingText(value: object, above: object[]): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return instanceText(value, prototype, above);
  if (Object.getOwnPropertySymbols(value).length > 0) return `@${referenceNumber(value)}`;
  let text = '{';
  const keys = sortedKeys(value);
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index]!;
    const inner: unknown = Reflect.get(value, key);
    if (inner !== undefined) text += `${keyText(key)}${textOf(inner, above)},`;
  }
  return `${text}}`;
}

/** Of keys that were written before: most of a configuration has the same few. */
const keyTexts = new Map<string, string>();
/** More are forgotten, because a configuration may be reloaded for years. */
const MOST_KEYS = 1024;

function keyText(key: string): string {
  let text = keyTexts.get(key);
  if (text !== undefined) return text;
  text = `${JSON.stringify(key)}:`;
  if (keyTexts.size >= MOST_KEYS) keyTexts.clear();
  keyTexts.set(key, text);
  return text;
}

/** Sorted by insertion, because most values have few keys, and `sort` allocates more than all the rest of a text takes. */
function sortedKeys(value: object): string[] {
  const keys = Object.keys(value);
  if (keys.length > FEW_KEYS) return keys.toSorted();
  for (let index = 1; index < keys.length; index += 1) {
    const key = keys[index]!;
    let at = index;
    for (; at > 0 && keys[at - 1]! > key; at -= 1) keys[at] = keys[at - 1]!;
    keys[at] = key;
  }
  return keys;
}

/** Instances of subclasses are compared by reference, because they may hold more than these classes know. */
function instanceText(value: object, prototype: unknown, above: object[]): string {
  const areBytes = prototype === Uint8Array.prototype || prototype === Buffer.prototype;
  if (value instanceof Date && prototype === Date.prototype) return `Date(${value.getTime()})`;
  if (value instanceof RegExp && prototype === RegExp.prototype) return `RegExp(${textOf(String(value), above)})`;
  if (value instanceof URL && prototype === URL.prototype) return `URL(${textOf(value.href, above)})`;
  if (value instanceof Map && prototype === Map.prototype) return `Map(${textOf([...value], above)})`;
  if (value instanceof Set && prototype === Set.prototype) return `Set(${textOf([...value], above)})`;
  if (value instanceof Uint8Array && areBytes) return `Bytes(${Buffer.from(value).toString('hex')})`;
  return `@${referenceNumber(value)}`;
}
