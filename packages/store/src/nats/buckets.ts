import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';

/** How the buckets of JetStream are made. */
export interface BucketOptions {
  readonly key: string;
  readonly replicas: number;
  /** Milliseconds. */
  readonly deadline: number;
  readonly memberTtl: number;
}

/** The buckets of one store. */
export interface KvBuckets {
  /** Entries, buckets of tokens, places, counters, locks. */
  readonly all: KV;
  /** Members, which the server drops by itself, all after the same time. */
  readonly members: KV;
  /** Takes a member away, and leaves no mark of that, which would be counted as one. */
  readonly leave: (member: string) => Promise<void>;
}

/** Opens the buckets, and makes those that do not exist. */
export async function openBuckets(connection: NatsConnection, options: BucketOptions): Promise<KvBuckets> {
  const { key, replicas, deadline, memberTtl } = options;
  // Without a look at the account, which would be one more question.
  const kvm = new Kvm(jetstream(connection, { timeout: deadline, checkAPI: false }));
  // Not directly: a copy may be behind, and what was written must be what is read.
  const common = { history: 1, replicas, timeout: deadline, allow_direct: false };
  const bucket = `${key}-members-${memberTtl}`;
  const [all, members, { streams }] = await Promise.all([
    kvm.create(key, common),
    kvm.create(bucket, { ...common, ttl: memberTtl }),
    jetstreamManager(connection, { timeout: deadline, checkAPI: false }),
  ]);
  const leave = async (member: string): Promise<void> => {
    await streams.purge(`KV_${bucket}`, { filter: subjectOf(bucket, keyOf('member', member)) });
  };
  return { all, members, leave };
}

/** The subject on which a change of `name` in a bucket is heard. */
export function subjectOf(key: string, name: string): string {
  return `$KV.${key}.${name}`;
}

/** A name as a key of JetStream: what is neither a letter nor a digit becomes `=` and two hexadecimal digits for each byte. */
export function keyOf(
  kind: 'entry' | 'bucket' | 'places' | 'count' | 'lock' | 'member' | 'clock',
  name: string,
): string {
  const escaped = [...Buffer.from(name)].map((byte) => SAFE[byte] ?? `=${byte.toString(16).padStart(2, '0')}`);
  return `${kind}.${escaped.join('')}`;
}

/** The name that {@link keyOf} was given. */
export function nameOf(key: string): string {
  const escaped = key.slice(key.indexOf('.') + 1);
  const bytes = escaped.replaceAll(/=([0-9a-f]{2})|(.)/g, (_, hex: string | undefined, plain: string) =>
    hex === undefined ? Buffer.from(plain).toString('hex') : hex,
  );
  return Buffer.from(bytes, 'hex').toString();
}

const SAFE = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_-]/.test(character) ? character : undefined;
});
