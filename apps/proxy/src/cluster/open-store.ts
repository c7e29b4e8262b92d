import type { Logger } from '@inband/core';
import { openStore, type OpenStoreOptions, type RedisServers, type Store, type StoreOptions } from '@inband/store';
import type { ClusterFiles } from '../config/check/cluster/cluster-files.ts';
import { isPlaceProblem, storePlace } from '../config/cluster/store-place.ts';
import type { Config } from '../config/schema/schema.ts';

type StoreConfig = NonNullable<Config['store']>;

interface OpenDeps {
  readonly logger: Logger;
  readonly files: ClusterFiles;
  /** The name of the cluster, which all keys have. */
  readonly name: string;
  /** Counts what becomes of calls. */
  readonly onCall?: StoreOptions['onCall'] | undefined;
}

/** Milliseconds after which a watched key is read even though nobody has said that it changed. */
const REREAD = 5_000;

/** Opens the store of a configuration; without `store`, one in memory. Its library is loaded here. */
export function openConfiguredStore(store: StoreConfig | undefined, deps: OpenDeps): Promise<Store> {
  return openStore(storeOptions(store, deps));
}

/** What a store is opened with. */
export function storeOptions(
  store: StoreConfig | undefined,
  { logger, files, name, onCall }: OpenDeps,
): OpenStoreOptions {
  const common: StoreOptions = {
    logger,
    reread: REREAD,
    ...(onCall && { onCall }),
    ...(store && { deadline: store.deadline }),
  };
  if (store === undefined || store.type === 'memory') return { type: 'memory', ...common };
  const place = storePlace(store);
  if (isPlaceProblem(place)) throw new TypeError(place[1]);
  const { tls: how } = store;
  const certificates = { ...pick(files, 'ca'), ...pick(files, 'cert'), ...keyOf(files) };
  const servername = typeof how === 'object' ? how.servername : undefined;
  const isSecure = place.isSecure || (how !== undefined && how !== false);
  const user = store.user ?? place.user;
  const password = secretOf(store.password, files.password) ?? place.password;
  const who = { ...(user !== undefined && { user }), ...(password !== undefined && { password }) };
  if (store.type === 'nats') {
    const token = secretOf(store.token, files.token) ?? place.token;
    const servers = {
      addresses: place.addresses,
      ...who,
      ...(token !== undefined && { token }),
      ...(isSecure && { tls: certificates }),
    };
    return { type: 'nats', ...common, servers, key: `${store.key}-${name}` };
  }
  const { database } = place;
  const tls = { ...certificates, ...(servername !== undefined && { servername }) };
  const servers: RedisServers = {
    at: place.at,
    ...who,
    ...(database !== undefined && { database }),
    ...(isSecure && { tls }),
  };
  return { type: 'redis', ...common, servers, key: `${store.key}:${name}` };
}

function secretOf(written: string | { readonly file: string } | undefined, read: string | undefined) {
  return typeof written === 'string' ? written : read;
}

/** A certificate may have its key in the same file. */
function keyOf({ key, cert }: ClusterFiles): { readonly key?: string } {
  const pem = key ?? (cert?.includes('PRIVATE KEY-----') === true ? cert : undefined);
  return pem === undefined ? {} : { key: pem };
}

function pick<Key extends 'ca' | 'cert'>(files: ClusterFiles, key: Key): { readonly [K in Key]?: string } {
  const text = files[key];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has this key only
  return (text === undefined ? {} : { [key]: text }) as { readonly [K in Key]?: string };
}
