import { hash } from 'node:crypto';
import { type ConfigPath, formatPath } from '../../config/problem/problem.ts';
import { canonicalText } from './canonical-text.ts';
import type { Kind, Planned, Ref, Values } from './planned.ts';

/** Collects planned values, and computes their hashes. */
export class Planner {
  readonly #all: Planned[] = [];
  /** The number of values with the same content, by the hash of the first one. */
  readonly #copies = new Map<string, number>();

  /** In the order in which they were added. */
  get all(): readonly Planned[] {
    return this.#all;
  }

  /**
   * Adds a value. Of two values with the same content (two routes with the same chainer) the second gets another hash, so that they
   * are two objects. `content`: what the hash is computed from, if that is not the value itself. `place`: the path as text, if it is known.
   */
  add<K extends Kind>(
    kind: K,
    path: ConfigPath,
    value: Values[K],
    content: unknown = value,
    place = formatPath(path),
  ): Planned<K> {
    const text = `${kind} ${canonicalText(content)}`;
    const first = hash('sha256', text);
    const copy = (this.#copies.get(first) ?? 0) + 1;
    this.#copies.set(first, copy);
    const own = copy === 1 ? first : hash('sha256', `${text} ${copy}`);
    const planned: Planned<K> = { kind, hash: own, path, place, value };
    this.#all.push(Object.freeze(planned));
    return planned;
  }
}

/** The reference to a planned value, for the values of others. */
export function refTo<K extends Kind>({ kind, hash: identity }: Ref<K>): Ref<K> {
  return Object.freeze({ kind, hash: identity });
}

/** Freezes a value of plain data deeply. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (let index = 0; index < inside.length; index += 1) frozen(inside[index]);
  return Object.freeze(value);
}
