import { fileURLToPath } from 'node:url';
import type { Namespace } from '../namespace.ts';
import { TLS_PORT } from './configuration.ts';
import { MEMBERS } from './machines/network.ts';

const PROGRAM = fileURLToPath(new URL('resumption-program.ts', import.meta.url));

/** What becomes of a TLS session of each member at the next one, in a word: `resumed`, or what did. */
export async function resumption(clients: Namespace): Promise<string> {
  const addresses = MEMBERS.map((address) => `${address}:${TLS_PORT}`);
  const { stdout, stderr } = await clients.execute([process.execPath, PROGRAM, ...addresses]);
  const words = new Set(stdout.trim().split('\n'));
  return words.size === 1 ? stdout.slice(0, stdout.indexOf('\n')) : `${stdout}${stderr}`;
}
