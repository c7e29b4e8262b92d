/** What stands in the place of a secret. */
export const REDACTED = '[redacted]';

/** Shorter texts are not looked for: they would be found in what is no secret. */
export const SHORTEST = 8;

/** How many texts of one holder are remembered: a secret that was replaced may still be valid. */
const MOST_OF_ONE = 8;

/** Whoever reads a secret has one, and closes it when it is not used any more. */
export interface SecretHolder {
  /** The secret as it is now. Those before it are remembered, too. */
  note(secret: string): void;
  close(): void;
}

/**
 * The secrets that this process adds to requests, so that no line of the log, no view of the admin API and no span shows one that has come
 * back: by a server that echoes requests, and then a client that repeats what it has got. It finds a secret whatever its case (hosts are
 * written in lower case), without the scheme of a login, and escaped as in JSON and in URLs.
 */
export class SecretTexts {
  readonly #holders = new Set<Holder>();
  /** All forms of the secrets of all holders. */
  #pattern: RegExp | undefined = undefined;

  /** Nothing is to be redacted. */
  get isEmpty(): boolean {
    return this.#pattern === undefined;
  }

  hold(): SecretHolder {
    const holder = new Holder(() => this.#collect());
    this.#holders.add(holder);
    const close = (): void => {
      this.#holders.delete(holder);
      this.#collect();
    };
    return { note: (secret) => holder.note(secret), close };
  }

  redact(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, REDACTED);
  }

  /** The same of bytes, which are returned as they are where there is no secret in them. */
  redactBytes(bytes: Buffer): Buffer {
    if (this.#pattern === undefined) return bytes;
    const text = bytes.toString('latin1');
    const redacted = text.replace(this.#pattern, REDACTED);
    return redacted === text ? bytes : Buffer.from(redacted, 'latin1');
  }

  /** A copy of `value`, as far as it is JSON, in which no text has a secret. */
  redactAll<Value>(value: Value): Value {
    if (this.isEmpty) return value;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only texts change
    return this.#copy(value) as Value;
  }

  #copy(value: unknown): unknown {
    if (typeof value === 'string') return this.redact(value);
    if (Array.isArray(value)) return value.map((item) => this.#copy(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#copy(item)]));
  }

  #collect(): void {
    const texts = new Set([...this.#holders].flatMap(({ secrets: held }) => held.flatMap(formsOf)));
    // The longest first, because one may be the beginning of another.
    const forms = [...texts].toSorted((a, b) => b.length - a.length).map((text) => RegExp.escape(text));
    this.#pattern = forms.length === 0 ? undefined : new RegExp(forms.join('|'), 'gi');
  }
}

class Holder {
  secrets: readonly string[] = [];
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  note(secret: string): void {
    if (this.secrets.includes(secret)) return;
    this.secrets = [secret, ...this.secrets].slice(0, MOST_OF_ONE);
    this.#changed();
  }
}

function formsOf(secret: string): string[] {
  const bare = secret.trim().replace(/^[A-Za-z][\w-]*\s+/, '');
  const plain = [secret.trim(), bare, ...passwordIn(secret)];
  return plain
    .flatMap((text) => [
      text,
      text.toLowerCase(),
      JSON.stringify(text).slice(1, -1),
      encodeURIComponent(text),
      encodeURI(text),
    ])
    .filter((text) => text.length >= SHORTEST);
}

/** The password of a login by `Basic`. */
function passwordIn(secret: string): string[] {
  const [, encoded] = /^\s*basic\s+([A-Za-z0-9+/]+=*)\s*$/i.exec(secret) ?? [];
  if (encoded === undefined) return [];
  const [, password = ''] = /^[^:]*:(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('latin1')) ?? [];
  return /^[ -~]+$/.test(password) ? [password] : [];
}

/** The secrets of this process. Its log, its debug lines and its views are one for all proxies in it. */
export const secrets = new SecretTexts();
