import { isRecord } from '../config/problem/problem.ts';
import type { InheritedSocket } from './inherited-sockets.ts';

/** The first descriptor that systemd passes (sd_listen_fds(3)). */
const FIRST = 3;
/** What a socket is called if its unit has no `FileDescriptorName=` and it was not systemd that passed it. */
const UNNAMED = 'unknown';

type Environment = Record<string, string | undefined>;

/**
 * The sockets that systemd has passed to this process, by LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES. Removes these variables, so that
 * no child process takes them for its own.
 */
export function systemdSockets(environment: Environment = process.env, pid: number = process.pid): InheritedSocket[] {
  const { LISTEN_FDS: count = '', LISTEN_PID: receiver, LISTEN_FDNAMES: names = '' } = environment;
  delete environment.LISTEN_FDS;
  delete environment.LISTEN_PID;
  delete environment.LISTEN_FDNAMES;
  if (receiver !== String(pid) || !/^\d{1,5}$/.test(count)) return [];
  const each = names.split(':');
  return Array.from({ length: Number(count) }, (_, index) => {
    return { descriptor: FIRST + index, kind: 'systemd', bind: `systemd:${each[index] || UNNAMED}` };
  });
}

/** In the environment of a successor: what it inherits. */
export const SOCKETS_VARIABLE = 'INBAND_SOCKETS';

/** The sockets that a predecessor has passed to this process. Removes the variable. */
export function predecessorSockets(environment: Environment = process.env): InheritedSocket[] {
  const text = environment[SOCKETS_VARIABLE];
  delete environment[SOCKETS_VARIABLE];
  const sockets: unknown = text === undefined ? [] : JSON.parse(text);
  return Array.isArray(sockets) ? sockets.filter(isInheritedSocket) : [];
}

function isInheritedSocket(value: unknown): value is InheritedSocket {
  if (!isRecord(value)) return false;
  const { descriptor, kind, bind } = value;
  const isKind = kind === 'systemd' || kind === 'sole' || kind === 'group';
  return typeof descriptor === 'number' && typeof bind === 'string' && isKind;
}
