import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Bytes. */
const KEY = 32;
const KEY_ID = 8;
/** Of AES-GCM (NIST SP 800-38D). Random, because a key seals far fewer than 2^32 values. */
const NONCE = 12;
const TAG = 16;
const CIPHER = 'aes-256-gcm';
const FORM = /^sealed1\.([0-9a-f]{16})\.([A-Za-z0-9_-]+)$/;

interface Keys {
  readonly id: string;
  readonly seal: Uint8Array;
  readonly name: Uint8Array;
  readonly own: Uint8Array;
}

/**
 * Encrypts what members share in the store, so that whoever reads the store learns nothing of it, and whoever writes to it makes nothing that
 * members believe: AES-256-GCM with the name of the value as additional data, so that a value cannot stand in the place of another. The keys are
 * derived (HKDF, RFC 5869) from the secrets of the cluster: the first one seals, all of them open, so that a secret can be replaced member by member.
 */
export class Sealer {
  readonly #first: Keys;
  readonly #byId: ReadonlyMap<string, Keys>;

  /** `secrets`: at least one, of 32 random bytes or more each. `cluster`: its name. */
  constructor(cluster: string, secrets: readonly [Uint8Array, ...Uint8Array[]]) {
    this.#first = keysOf(cluster, secrets[0]);
    this.#byId = new Map(secrets.map((secret) => keysOf(cluster, secret)).map((keys) => [keys.id, keys]));
  }

  /** `name`: under which it is stored. */
  seal(name: string, text: string): string {
    const { id, seal } = this.#first;
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv(CIPHER, seal, nonce, { authTagLength: TAG }).setAAD(Buffer.from(name));
    const parts = [nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()];
    return `sealed1.${id}.${Buffer.concat(parts).toString('base64url')}`;
  }

  /** Undefined for what was not sealed under this name by one of the secrets. */
  open(name: string, sealed: string): string | undefined {
    const [, id = '', encoded = ''] = FORM.exec(sealed) ?? [];
    const keys = this.#byId.get(id);
    const bytes = Buffer.from(encoded, 'base64url');
    if (keys === undefined || bytes.length < NONCE + TAG) return undefined;
    const [nonce, text] = [bytes.subarray(0, NONCE), bytes.subarray(NONCE, -TAG)];
    const decipher = createDecipheriv(CIPHER, keys.seal, nonce, { authTagLength: TAG }).setAAD(Buffer.from(name));
    decipher.setAuthTag(bytes.subarray(-TAG));
    try {
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
    } catch {
      return undefined;
    }
  }

  /** 32 bytes that are the same in all members; see `ChainerDeps.ownKey`. */
  get ownKey(): Uint8Array {
    return this.#first.own;
  }

  /** A key by which names are made that tell nothing to whoever reads the store. */
  get nameKey(): Uint8Array {
    return this.#first.name;
  }
}

function keysOf(cluster: string, secret: Uint8Array): Keys {
  const derive = (purpose: string, length: number): Uint8Array =>
    new Uint8Array(hkdfSync('sha256', secret, Buffer.from(cluster), `inband cluster ${purpose} 1`, length));
  return {
    id: Buffer.from(derive('key id', KEY_ID)).toString('hex'),
    seal: derive('seal', KEY),
    name: derive('names', KEY),
    own: derive('own key', KEY),
  };
}
