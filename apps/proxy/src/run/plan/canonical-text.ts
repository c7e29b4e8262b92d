/** Functions, class instances and unregistered symbols that have been met, numbered in that order. */
const references = new WeakMap<WeakKey, number>();
let met = 0;

/**
 * The number of something that can only be told apart by being itself: a function, an instance of a class. The same
 * object has the same number as long as this process lives; in another process it may have another one.
 */
export function referenceNumber(value: WeakKey): number {
  let number = references.get(value);
  if (number === undefined) references.set(value, (number = met += 1));
  return number;
}

/**
 * A text that is equal for equal content, and for no other: keys are sorted, a key without a value is as one that is left
 * out. JSON, as far as that goes; beyond it dates, patterns, URLs, bytes, maps and sets count by what they hold, and
 * everything else (functions, instances of classes) by {@link referenceNumber}. The order of lists, maps and sets counts.
 *
 * `{ b: [1, 'x'], a: undefined, when }` becomes `{"b":[1,"x"],"when":Date(1795910400000)}`.
 */
export function canonicalText(value: unknown): string {
  return textOf(value, []);
}

/** `above`: the objects that contain this value, from the outermost. */
function textOf(value: unknown, above: readonly object[]): string {
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
    case 'object':
      return value === null ? 'null' : objectText(value, above);
    default:
      return String(value);
  }
}

function symbolText(symbol: symbol): string {
  const key = Symbol.keyFor(symbol);
  return key === undefined ? `@${referenceNumber(symbol)}` : `Symbol(${JSON.stringify(key)})`;
}

function objectText(value: object, above: readonly object[]): string {
  // An object that contains itself: by how far above it stands, which is the same in an equal one.
  const depth = above.lastIndexOf(value);
  if (depth >= 0) return `^${above.length - depth}`;
  const text = (inner: unknown): string => textOf(inner, [...above, value]);
  if (Array.isArray(value)) return `[${Array.from(value, text).join()}]`;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return mappingText(value, text);
  return knownClassText(value, prototype, text) ?? `@${referenceNumber(value)}`;
}

/** Of a class that extends one of these nobody knows what else it holds: then it is undefined. */
function knownClassText(value: object, prototype: unknown, text: (value: unknown) => string): string | undefined {
  if (value instanceof Date && prototype === Date.prototype) return `Date(${value.getTime()})`;
  if (value instanceof RegExp && prototype === RegExp.prototype) return `RegExp(${text([value.source, value.flags])})`;
  if (value instanceof URL && prototype === URL.prototype) return `URL(${text(value.href)})`;
  if (value instanceof Map && prototype === Map.prototype) return `Map(${text([...value])})`;
  if (value instanceof Set && prototype === Set.prototype) return `Set(${text([...value])})`;
  const areBytes = prototype === Uint8Array.prototype || prototype === Buffer.prototype;
  return value instanceof Uint8Array && areBytes ? `Bytes(${Buffer.from(value).toString('hex')})` : undefined;
}

function mappingText(mapping: object, text: (value: unknown) => string): string {
  if (Object.getOwnPropertySymbols(mapping).length > 0) return `@${referenceNumber(mapping)}`;
  const entries = Object.entries(mapping)
    .filter(([, value]) => value !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${text(value)}`).join()}}`;
}
