import { type AccessOptions, type AdminAddress, type AdminOptions, type TlsOptions, tlsProblem } from '@inband/admin';
import { toProxyError } from '@inband/core';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorsOf } from '../config/problem/placed.ts';
import type { ConfigSource } from '../config/read/read-source.ts';
import type { Config } from '../config/schema/schema.ts';
import { socketAccess } from '../run/listeners/socket-access.ts';

export type AdminConfig = NonNullable<Config['admin']>;

/** What the admin server needs, with its files read. Rejects with a `ConfigError` if one of them is of no use. */
export async function adminSettings(config: AdminConfig, source: ConfigSource): Promise<AdminOptions> {
  return {
    listen: addressOf(config, source),
    access: accessOf(config),
    tls: config.tls && (await tlsOf(config.tls, source)),
  };
}

function addressOf(config: AdminConfig, source: ConfigSource): AdminAddress {
  const { bind } = config;
  if (bind.family !== 'unix') return { host: bind.address, port: bind.port };
  try {
    return { path: bind.path, mode: config.mode, ...socketAccess(config) };
  } catch (error) {
    const { message, setting = '' } = toProxyError(error);
    throw errorsOf(source, [{ path: ['admin', setting.replace('listeners[].', '')], message }]);
  }
}

function accessOf(config: AdminConfig): AccessOptions {
  const anonymous = config.anonymous ?? defaultRole(config);
  return {
    anonymous: anonymous === 'none' ? undefined : anonymous,
    tokens: Object.entries(config.tokens).map(([name, { role, hash }]) => ({ name, role, hash })),
    oidc: config.oidc,
    hosts: config.hosts ?? [],
  };
}

/** The permissions of its file say who reaches a unix socket. Everybody on the machine reaches a port, and an abstract name. */
function defaultRole({ bind, tokens, oidc }: AdminConfig): 'none' | 'read' | 'change' {
  if (Object.keys(tokens).length > 0 || oidc !== undefined) return 'none';
  return bind.family === 'unix' && !bind.path.startsWith('\0') ? 'change' : 'read';
}

/** Reads a certificate and its key. Rejects with a `ConfigError` if they are of no use. */
export async function tlsOf(tls: NonNullable<AdminConfig['tls']>, source: ConfigSource): Promise<TlsOptions> {
  const read = async (key: 'cert' | 'key'): Promise<string> => {
    try {
      return await readFile(resolve(source.baseDirectory, tls[key]), 'utf8');
    } catch (error) {
      throw errorsOf(source, [{ path: ['admin', 'tls', key], message: toProxyError(error).message }]);
    }
  };
  const pair = { cert: await read('cert'), key: await read('key') };
  const problem = tlsProblem(pair);
  if (problem === undefined) return pair;
  throw errorsOf(source, [{ path: ['admin', 'tls'], message: `the certificate or its key is of no use: ${problem}` }]);
}
