import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../../packages/core/test-support/free-port.ts';
import { certificate } from '../support/certificate.ts';

/** What the tests need of the machine: the Debian package `pebble` has both. */
export const PEBBLE = { commands: ['pebble', 'pebble-challtestsrv'] } as const;

interface PebbleOptions {
  /** Where the CA looks for the answers to challenges, on 127.0.0.1 for every name. */
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Of a hundred nonces, how many are refused. */
  readonly badNonces?: number;
  readonly externalAccounts?: Readonly<Record<string, string>>;
}

/** A CA of pebble with its DNS server, both on 127.0.0.1. */
export class Pebble {
  /** The URL of the directory. */
  readonly directory: string;
  /** Whom to trust for it, as PEM. */
  readonly ca: string;
  readonly #folder: string;
  readonly #children: readonly ChildProcess[];
  /** What it has said. */
  log = '';

  private constructor(directory: string, ca: string, folder: string, children: readonly ChildProcess[]) {
    this.directory = directory;
    this.ca = ca;
    this.#folder = folder;
    this.#children = children;
    for (const { stdout, stderr } of children)
      for (const stream of [stdout, stderr]) stream?.on('data', (bytes: Buffer) => (this.log += bytes.toString()));
  }

  static async start(options: PebbleOptions): Promise<Pebble> {
    const [port = 0, management = 0, dns = 0, dnsManagement = 0] = await freePorts(4);
    const folder = mkdtempSync(join(tmpdir(), 'inband-pebble-'));
    const [cert, privateKey, config] = ['cert.pem', 'key.pem', 'config.json'].map((name) => join(folder, name));
    writeFileSync(cert ?? '', certificate.cert);
    writeFileSync(privateKey ?? '', certificate.key);
    const pebble = {
      listenAddress: `127.0.0.1:${String(port)}`,
      managementListenAddress: `127.0.0.1:${String(management)}`,
      certificate: cert,
      privateKey,
      httpPort: options.httpPort,
      tlsPort: options.tlsPort,
      externalAccountBindingRequired: options.externalAccounts !== undefined,
      externalAccountMACKeys: options.externalAccounts,
    };
    writeFileSync(config ?? '', JSON.stringify({ pebble }));
    const dnsAt = `127.0.0.1:${String(dns)}`;
    const names = ['-dns01', dnsAt, '-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''];
    const servers = [
      spawn('pebble-challtestsrv', [...names, '-management', `127.0.0.1:${String(dnsManagement)}`]),
      spawn('pebble', ['-config', config ?? '', '-dnsserver', dnsAt], {
        env: { ...process.env, PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: String(options.badNonces ?? 0) },
      }),
    ];
    const started = new Pebble(`https://localhost:${String(port)}/dir`, certificate.cert.toString(), folder, servers);
    await started.#listening();
    return started;
  }

  async #listening(): Promise<void> {
    const end = Date.now() + 20_000;
    while (!this.log.includes('Listening on') && !this.log.includes('ACME directory available')) {
      if (Date.now() > end) throw new Error(`pebble does not listen: ${this.log}`);
      await new Promise((resolve) => void setTimeout(resolve, 20));
    }
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(this.#folder, { recursive: true });
  }
}
