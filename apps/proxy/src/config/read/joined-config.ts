import { type ConfigPath, isRecord, type Locate, type Location } from '../problem/problem.ts';

/** One of the files. */
interface Part {
  readonly file: string;
  readonly locate: Locate;
}

/** Where an entry of a section comes from, and its key or index there. */
interface Origin {
  readonly part: Part;
  readonly key: string | number;
}

/** A key that two files have. */
export interface Twice {
  readonly path: ConfigPath;
  /** Where it stands first. */
  readonly place: string;
}

/**
 * The content of several files as one configuration. The sections at the top are joined: mappings key by key, lists one after the other.
 * Nothing overrides anything, because what counts would then depend on an order that no file shows.
 */
export class JoinedConfig {
  readonly #sections = new Map<string, { readonly part: Part; value: unknown }>();
  readonly #origins = new Map<string, Map<string | number, Origin>>();
  #first: Part | undefined;

  get value(): Record<string, unknown> {
    return Object.fromEntries([...this.#sections].map(([key, { value }]) => [key, value]));
  }

  /** Finds a path of the joined configuration in the file that it comes from. */
  readonly locate: Locate = ([top, key, ...rest], at) => {
    if (top === undefined) return this.#first && placeIn(this.#first, [], at);
    const origin = key === undefined ? undefined : this.#origins.get(String(top))?.get(key);
    if (origin !== undefined) return placeIn(origin.part, [top, origin.key, ...rest], at);
    const part = this.#sections.get(String(top))?.part ?? this.#first;
    return part && placeIn(part, key === undefined ? [top] : [top, key, ...rest], at);
  };

  /** Adds a file. Keys at the top that begin with `x-` are left out. Returns the keys that an earlier file has. */
  add(file: string, value: Readonly<Record<string, unknown>>, locate: Locate): Twice[] {
    const part = { file, locate };
    this.#first ??= part;
    return Object.entries(value)
      .filter(([key]) => !key.startsWith('x-'))
      .flatMap(([key, section]) => this.#addSection(key, section, part));
  }

  #addSection(key: string, value: unknown, part: Part): Twice[] {
    const before = this.#sections.get(key);
    if (before === undefined) {
      this.#sections.set(key, { part, value });
      this.#addOrigins(key, value, part, 0);
      return [];
    }
    if (key === '$schema') return [];
    if (Array.isArray(value) && Array.isArray(before.value)) {
      const first = before.value as unknown[];
      before.value = [...first, ...(value as unknown[])];
      this.#addOrigins(key, value, part, first.length);
      return [];
    }
    if (!isRecord(value) || !isRecord(before.value)) return [{ path: [key], place: placeOf(before.part, [key]) }];
    const known = this.#origins.get(key);
    const twice = Object.keys(value).flatMap((name) => {
      const origin = known?.get(name);
      return origin === undefined ? [] : [{ path: [key, name], place: placeOf(origin.part, [key, name]) }];
    });
    before.value = Object.fromEntries([...Object.entries(before.value), ...Object.entries(value)]);
    this.#addOrigins(key, value, part, 0);
    return twice;
  }

  /** `offset` is the number of items that the list had before. */
  #addOrigins(section: string, value: unknown, part: Part, offset: number): void {
    const origins = this.#origins.get(section) ?? new Map<string | number, Origin>();
    this.#origins.set(section, origins);
    const keys = Array.isArray(value) ? [...value.keys()] : isRecord(value) ? Object.keys(value) : [];
    for (const key of keys) origins.set(typeof key === 'number' ? key + offset : key, { part, key });
  }
}

function placeIn({ file, locate }: Part, path: ConfigPath, at: 'key' | 'value'): Location | undefined {
  const location = locate(path, at);
  return location && { ...location, file };
}

function placeOf(part: Part, path: ConfigPath): string {
  const location = part.locate(path, 'key');
  return location === undefined ? part.file : `${part.file}:${location.line}:${location.column}`;
}
