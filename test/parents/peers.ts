import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { findCommand } from '../support/requires.ts';

/** A parent proxy of somebody else's, in a process and a folder of its own. */
export interface Peer {
  readonly port: number;
  readonly address: string;
  /** What it has written so far. */
  readonly output: () => string;
  stop(): Promise<void>;
}

interface PeerSetup {
  readonly command: string;
  readonly argv: readonly string[];
  /** By name, in its folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a program on a free port, and waits until it accepts connections. */
async function startPeer(setup: (port: number, folder: string) => PeerSetup): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-parent-'));
  await chmod(folder, 0o777);
  const port = await freePort();
  const { command, argv, files = {}, env } = setup(port, folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o644 });
  const program = findCommand(command);
  if (program === undefined) throw new Error(`There is no ${command}.`);
  const child = spawn(program, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const stop = (): Promise<void> => stopPeer(child, folder);
  while (!(await accepts(port))) {
    if (child.exitCode !== null) {
      await stop();
      throw new Error(`${command} has ended: ${output}`);
    }
    await wait(20);
  }
  return { port, address: `127.0.0.1:${port}`, output: () => output, stop };
}

/** Ends it with its children, which are of its process group. */
async function stopPeer(child: ChildProcess, folder: string): Promise<void> {
  const closed = child.exitCode === null ? once(child, 'exit') : undefined;
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
  await closed;
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}

export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** SOCKS5, with or without the user. */
export function startMicrosocks(login?: { readonly user: string; readonly password: string }): Promise<Peer> {
  return startPeer((port) => ({
    command: 'microsocks',
    argv: [
      '-i',
      '127.0.0.1',
      '-p',
      String(port),
      ...(login === undefined ? [] : ['-u', login.user, '-P', login.password]),
    ],
  }));
}

/** SOCKS4 and SOCKS5. */
export function startDante(): Promise<Peer> {
  return startPeer((port, folder) => ({
    command: 'danted',
    argv: ['-f', join(folder, 'danted.conf'), '-p', join(folder, 'danted.pid'), '-N', '1'],
    files: {
      'danted.conf': [
        'logoutput: stderr',
        `internal: 127.0.0.1 port = ${port}`,
        'external: 127.0.0.1',
        'socksmethod: none',
        'clientmethod: none',
        'user.privileged: root',
        'user.unprivileged: nobody',
        'client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }',
        'socks block { from: 0.0.0.0/0 to: forbidden.example }',
        'socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }',
        '',
      ].join('\n'),
    },
  }));
}

export function startTinyproxy(login?: { readonly user: string; readonly password: string }): Promise<Peer> {
  return startPeer((port, folder) => ({
    command: 'tinyproxy',
    argv: ['-d', '-c', join(folder, 'tinyproxy.conf')],
    files: {
      'tinyproxy.conf': [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Timeout 30',
        'MaxClients 20',
        ...(login === undefined ? [] : [`BasicAuth ${login.user} ${login.password}`]),
        '',
      ].join('\n'),
    },
  }));
}

interface SquidOptions {
  /** Lines before those that let everybody in. */
  readonly settings?: (folder: string) => readonly string[];
  /** By name, in its folder. */
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

export function startSquid({ settings = () => [], files = {}, env = {} }: SquidOptions = {}): Promise<Peer> {
  return startPeer((port, folder) => ({
    command: 'squid',
    argv: ['-N', '-f', join(folder, 'squid.conf'), '-d', '1'],
    env,
    files: {
      ...files,
      'squid.conf': [
        `http_port 127.0.0.1:${port}`,
        `pid_filename ${join(folder, 'squid.pid')}`,
        'cache deny all',
        'access_log none',
        'cache_log /dev/stderr',
        `coredump_dir ${folder}`,
        'pinger_enable off',
        'shutdown_lifetime 0 seconds',
        'visible_hostname squid.example',
        'dns_nameservers 127.0.0.1',
        'workers 1',
        ...settings(folder),
        'http_access allow all',
        '',
      ].join('\n'),
    },
  }));
}

/** Squid that takes users by Digest, and each nonce three times. */
export function startDigestSquid({
  user,
  password,
}: {
  readonly user: string;
  readonly password: string;
}): Promise<Peer> {
  const settings = (folder: string): string[] => [
    `auth_param digest program /usr/lib/squid/digest_file_auth ${join(folder, 'users')}`,
    'auth_param digest children 1 startup=1',
    'auth_param digest realm squid, the parent',
    'auth_param digest nonce_max_count 3',
    'acl known proxy_auth REQUIRED',
    'http_access deny !known',
  ];
  return startSquid({ settings, files: { users: `${user}:${password}\n` } });
}

/** `ssh -D`: the SOCKS proxy of an SSH client, whose connections come from a server of its own. */
export async function startSsh(): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-ssh-'));
  const run = promisify(execFile);
  const keygen = (name: string): Promise<unknown> =>
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  await Promise.all([keygen('host'), keygen('user')]);
  // Of the distribution, for the part without privileges.
  await mkdir('/run/sshd', { recursive: true });
  const server = await startPeer((port) => ({
    command: 'sshd',
    argv: [
      '-D',
      '-e',
      '-f',
      '/dev/null',
      '-h',
      join(folder, 'host'),
      ...options(
        `Port=${port}`,
        'ListenAddress=127.0.0.1',
        'PidFile=none',
        'UsePAM=no',
        'StrictModes=no',
        `AuthorizedKeysFile=${join(folder, 'user.pub')}`,
        'PermitRootLogin=yes',
      ),
    ],
  }));
  const client = await startPeer((port) => ({
    command: 'ssh',
    argv: [
      '-N',
      '-F',
      '/dev/null',
      '-D',
      `127.0.0.1:${port}`,
      '-p',
      String(server.port),
      '-i',
      join(folder, 'user'),
      ...options(
        'StrictHostKeyChecking=no',
        'UserKnownHostsFile=/dev/null',
        'ExitOnForwardFailure=yes',
        'BatchMode=yes',
      ),
      '127.0.0.1',
    ],
  }));
  const stop = async (): Promise<void> => {
    await client.stop();
    await server.stop();
    await rm(folder, { recursive: true });
  };
  return { ...client, stop };
}

function options(...all: readonly string[]): string[] {
  return all.flatMap((one) => ['-o', one]);
}
