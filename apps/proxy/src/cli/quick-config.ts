import { formatSockAddr, inetAddr } from '@inband/core';
import { parseSockAddr } from '../config/values/bind.ts';
import type { ChainerInput, ConfigInput, ServiceInput } from '../config/input/config-input.ts';
import { parentInput } from './parent-input.ts';
import { UsageError } from './usage/usage-error.ts';

/** The wishes from which a configuration of one service is made, as they were written. */
export interface Wishes {
  readonly mode: 'forward' | 'reverse';
  /** Undefined: the default of the mode. */
  readonly listen: string | undefined;
  /** Of a reverse proxy, at least one. */
  readonly servers: readonly string[];
  /** Addresses and CIDRs of clients. None: the safe defaults decide. */
  readonly allow: readonly string[];
  /** The URL of a proxy by which others are reached, or `env`: what the environment says. */
  readonly parent?: string | undefined;
  /** See `logOf`. */
  readonly log?: string | undefined;
}

export const DEFAULT_PORTS = { forward: 3128, reverse: 8080 } as const;

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/**
 * The configuration of one listener and one service, as it would be written; whatever it does not name has the same default as in a
 * file. `port` is the environment variable PORT. Throws a {@link UsageError} for an address that nobody can listen on; the schema
 * checks the rest.
 */
export function quickConfig(
  { mode, listen, servers, allow, log, parent }: Wishes,
  port: string | undefined,
): ConfigInput {
  const [first = '', ...others] = servers;
  const toServers: ChainerInput =
    others.length === 0 ? { type: 'directed', remote: first } : { type: 'pool', servers: [...servers] };
  const chainer = throughParent(parent, mode === 'forward' ? { type: 'inband' } : toServers);
  const service = mode === 'forward' ? 'clients' : 'web';
  return {
    listeners: [{ bind: bindOf(listen, portOf(port) ?? DEFAULT_PORTS[mode]), service }],
    services: {
      [service]: {
        mode,
        ...accessOf(allow, asksByName(chainer)),
        routes: [{ chainer }],
      },
    },
    ...(log !== undefined && { log: logOf(log) }),
  };
}

/** Whether names that clients ask for may be resolved by a parent only. */
function asksByName(chainer: ChainerInput): boolean {
  if (chainer.type === 'environment') return true;
  return chainer.type === 'parent' && chainer.then === undefined && chainer.resolve !== 'local';
}

/** The rules for clients. `byName`: those that are served may ask for any name, because no default allows one whose address is not known. */
function accessOf(allow: readonly string[], byName: boolean): Partial<Pick<ServiceInput, 'access'>> {
  const isOpen = allow.length === 0;
  if (isOpen && !byName) return {};
  const clients = isOpen ? ['loopback', 'private'] : [...allow];
  const served = { allow: { clients, ...(byName && { hosts: '*' }) } };
  return { access: isOpen ? [served] : [served, { deny: {} }] };
}

/** A chainer as it is reached by a parent. `inband` then is the parent's own business. */
function throughParent(parent: string | undefined, chainer: ChainerInput): ChainerInput {
  if (parent === undefined) return chainer;
  const isDirect = chainer.type === 'inband';
  if (parent === 'env') {
    if (isDirect) return { type: 'environment' };
    throw new UsageError(
      '--parent env says by which proxy a client reaches what it asks for; name the one to the servers.',
    );
  }
  // oxlint-disable-next-line unicorn/no-thenable -- an option, and no function
  return { ...parentInput(parent), ...(!isDirect && { then: chainer }) };
}

/** `debug`, `text` or `debug,text`. What is no level is a format, and the schema knows which there are. */
function logOf(text: string): NonNullable<ConfigInput['log']> {
  const words = text.split(',').map((word) => word.trim());
  const level = words.find((word): word is (typeof LEVELS)[number] => LEVELS.some((known) => known === word));
  const formats = words.filter((word) => word !== level);
  if (formats.length > 1 || words.length > 2)
    throw new UsageError(`--log takes a level and a format at most, found ${JSON.stringify(text)}.`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema checks it, like any other
  const [format] = formats as (NonNullable<ConfigInput['log']>['format'] & string)[];
  return { ...(level !== undefined && { level }), ...(format !== undefined && { format }) };
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new UsageError(`the environment variable PORT is no port: ${JSON.stringify(text)}.`);
}

/**
 * The `bind` that is meant by an address with a port, an address, or a port. A port alone is on loopback, because nobody has asked
 * for more.
 */
export function bindOf(text: string | undefined, port: number): string {
  if (text === undefined) return `127.0.0.1:${port}`;
  if (/^\d{1,5}$/.test(text)) return bindOf(`127.0.0.1:${text}`, port);
  const named = text.replace(/^localhost(?=:|$)/, '127.0.0.1');
  if (parseSockAddr(named) !== undefined) return named;
  const alone = inetAddr(named.replace(/^\[(.*)\]$/, '$1'), port);
  if (alone !== undefined) return formatSockAddr(alone);
  const expected = 'an address to listen on is written 127.0.0.1:3128, [::1]:3128, :3128, 3128 or unix:/path';
  throw new UsageError(`${expected}, found ${JSON.stringify(text)}.`);
}
