import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type Program, startProgram } from './program.ts';

/** A program with an admin server. */
export interface AdminProgram {
  readonly program: Program;
  readonly file: string;
  /** Of the admin server. */
  readonly admin: string;
  /** Of the listeners, in the order of the configuration. */
  readonly proxies: readonly string[];
}

/** Takes what is to be called at the end. */
export type AtEnd = (stop: () => Promise<void>) => unknown;

/** Starts the program with a configuration that has `admin` and so many listeners. */
export async function startAdminProgram(
  text: string,
  listeners = 1,
  atEnd: AtEnd = onTestFinished,
): Promise<AdminProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-admin-'));
  const file = join(folder, 'inband.yaml');
  await writeFile(file, text);
  const program = startProgram(['--config', file]);
  atEnd(async () => {
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
    await rm(folder, { recursive: true });
  });
  const { address: admin } = await program.during(program.logged('the admin server listens'));
  const proxies: string[] = [];
  for (let count = 0; count < listeners; count += 1) {
    const { address } = await program.during(program.logged('listening'));
    proxies.push(String(address));
  }
  return { program, file, admin: String(admin), proxies };
}

/** A server on loopback that answers every request head with `answer`; nothing if it is empty. Returns its address. */
export async function startServer(answer: string, atEnd: AtEnd = onTestFinished): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => void (answer === '' || socket.write(answer)));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await closed(server);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('It has no port.');
  return `127.0.0.1:${address.port}`;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
