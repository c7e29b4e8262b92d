import { hash } from 'node:crypto';
import type { ConfigPath } from '../../config/problem/problem.ts';
import { canonicalText } from './canonical-text.ts';
import type { Kind, Planned, Ref, Values } from './planned.ts';

/** Collects what is planned, and gives each its hash. */
export class Planner {
  readonly #all: Planned[] = [];
  /** By the hash of the first of them: how many there are of things with the same content. */
  readonly #copies = new Map<string, number>();

  /** In the order in which they were added: whatever one refers to stands before it. */
  get all(): readonly Planned[] {
    return this.#all;
  }

  /**
   * Plans a thing. Where two have the same content (two routes with the same chainer) each is one of its own, and the
   * second has a hash of its own. `content` is what the hash is taken of, where that is not the value itself.
   */
  add<K extends Kind>(kind: K, path: ConfigPath, value: Values[K], content: unknown = value): Planned<K> {
    const text = `${kind} ${canonicalText(content)}`;
    const first = hash('sha256', text);
    const copy = (this.#copies.get(first) ?? 0) + 1;
    this.#copies.set(first, copy);
    const planned: Planned<K> = { kind, hash: copy === 1 ? first : hash('sha256', `${text} ${copy}`), path, value };
    this.#all.push(Object.freeze(planned));
    return planned;
  }
}

/** What stands for a planned thing in the values of others. */
export function refTo<K extends Kind>({ kind, hash: identity }: Ref<K>): Ref<K> {
  return Object.freeze({ kind, hash: identity });
}

/** Freezes a value of plain data, with all that is in it. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) frozen(inner);
  return Object.freeze(value);
}
