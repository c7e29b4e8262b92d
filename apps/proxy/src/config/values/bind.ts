import { formatSockAddr, inetAddr, type SockAddr } from '@inband/core';

/** A listening socket that systemd opens and passes to the program, by the `FileDescriptorName=` of its unit. */
export interface SystemdBind {
  readonly family: 'systemd';
  readonly name: string;
}

/** Where a listener accepts clients. */
export type Bind = SockAddr | SystemdBind;

const SYSTEMD = 'systemd:';

/** Reads the `bind` of a listener: an address, or `systemd:web`. Undefined for everything else. */
export function parseBind(text: string): Bind | undefined {
  if (!text.startsWith(SYSTEMD)) return parseSockAddr(text);
  const name = text.slice(SYSTEMD.length);
  return isDescriptorName(name) ? { family: 'systemd', name } : undefined;
}

/** As it would be written. */
export function formatBind(bind: Bind): string {
  return bind.family === 'systemd' ? `${SYSTEMD}${bind.name}` : formatSockAddr(bind);
}

/** A name for each of the listeners of a configuration: its `bind`, with a number where several have the same one (of port 0). */
export function bindNames(binds: readonly Bind[]): string[] {
  const seen = new Map<string, number>();
  return binds.map((bind) => {
    const name = formatBind(bind);
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

/** What systemd allows as a name (sd_listen_fds_with_names(3)). */
function isDescriptorName(name: string): boolean {
  return /^[\x20-\x39\x3b-\x7e]{1,255}$/.test(name);
}

/**
 * Reads an address to listen on: `127.0.0.1:3128`, `[::1]:3128`, `:3128` (every address of this machine, both
 * families), `unix:/run/inband.sock`, `unix:@inband` (an abstract name). Port 0 lets the kernel choose one. Undefined for everything else, names included.
 */
export function parseSockAddr(text: string): SockAddr | undefined {
  if (text.startsWith('unix:')) return unixAddr(text.slice('unix:'.length));
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (match === null) return undefined;
  const [, inBrackets, plain = '', digits] = match;
  const port = Number(digits);
  if (port > 65_535) return undefined;
  if (inBrackets === undefined) {
    return plain === '' ? inetAddr('::', port) : inetAddr(plain, port);
  }
  return inBrackets.includes(':') ? inetAddr(inBrackets, port) : undefined;
}

/** Most bytes of a path in the kernel without its final NUL, or of an abstract name without its first one. */
const MOST_BYTES = process.platform === 'darwin' ? 103 : 107;

/** `/run/inband.sock`, or on Linux `@inband`: a name without a file. */
function unixAddr(path: string): SockAddr | undefined {
  const isAbstract = path.startsWith('@') && path.length > 1;
  const fits = (path.startsWith('/') || isAbstract) && !path.includes('\0') && unixPathProblem(path) === undefined;
  return fits ? { family: 'unix', path: isAbstract ? `\0${path.slice(1)}` : path } : undefined;
}

/** What is wrong with the address of a unix socket; undefined for other addresses. */
export function bindProblem(text: string): string | undefined {
  if (text.startsWith(SYSTEMD))
    return 'the name of a socket of systemd has 1 to 255 printable characters other than ":" ("systemd:web").';
  if (!text.startsWith('unix:')) return undefined;
  const path = text.slice('unix:'.length);
  if (path.includes('\0'))
    return 'the path of a unix socket cannot hold a NUL; an abstract name is written "unix:@name".';
  if (path.startsWith('/') || path.startsWith('@')) return unixPathProblem(path);
  return 'expected an absolute path after "unix:" ("unix:/run/inband.sock"), or an abstract name ("unix:@inband")';
}

function unixPathProblem(path: string): string | undefined {
  const bytes = Buffer.byteLength(path.startsWith('@') ? path.slice(1) : path);
  if (bytes <= MOST_BYTES) return undefined;
  const what = path.startsWith('@') ? 'the name' : 'the path';
  return `${what} of a unix socket has at most ${MOST_BYTES} bytes on this system, and this one has ${bytes}; choose a shorter one.`;
}
