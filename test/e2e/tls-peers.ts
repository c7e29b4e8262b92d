import { hash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigInput } from 'inband';
import { WebSocketServer } from 'ws';
import {
  makeAuthority,
  type TestAuthority,
  type TestCertificateOptions,
} from '../../packages/tls/test-support/certificates.ts';
import type { Lab, LabOrigin } from './lab.ts';
import { type RunningProgram, startProgram } from './program.ts';

/** Files of an authority and of what it has issued, in a folder of its own. */
export class CertificateFolder {
  readonly authority: TestAuthority = makeAuthority();
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** With `ca.pem` in it. The lab removes it. */
  static async make(lab: Pick<Lab, 'defer'>): Promise<CertificateFolder> {
    const folder = new CertificateFolder(await mkdtemp(join(tmpdir(), 'inband-tls-')));
    lab.defer(() => rm(folder.path, { recursive: true }));
    await writeFile(folder.file('ca.pem'), folder.authority.cert);
    return folder;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes `NAME.pem`, with its chain, and `NAME.key`, and returns their paths. */
  async issue(name: string, options: TestCertificateOptions): Promise<{ readonly cert: string; readonly key: string }> {
    const { chain, key } = this.authority.issue(options);
    const files = { cert: this.file(`${name}.pem`), key: this.file(`${name}.key`) };
    await writeFile(files.cert, chain);
    await writeFile(files.key, key, { mode: 0o600 });
    return files;
  }
}

/** The SHA-256 of the key of a certificate, in base64. */
export async function keyHashOf(file: string): Promise<string> {
  const { publicKey } = new X509Certificate(await readFile(file));
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'base64');
}

/** What the origin of these tests says about a request. */
export interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A web server that tells each client what it was asked, and WebSockets `… yourself`. */
export async function echoOrigin(lab: Lab): Promise<LabOrigin> {
  const origin = await lab.origin((req, res) => {
    const { method, url, headers } = req;
    req.resume().on('end', () => res.end(JSON.stringify({ method, url, headers })));
  });
  answerWebSockets(lab, origin.server);
  return origin;
}

export function answerWebSockets(lab: Pick<Lab, 'defer'>, server: Server): void {
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) =>
    socket.on('message', (data: Buffer) => socket.send(`${data.toString()} yourself`)),
  );
  lab.defer(() => sockets.close());
}

/** The program with these listeners, and the port of each by the name of its service. */
export async function startWithPorts(
  lab: Pick<Lab, 'defer'>,
  config: ConfigInput,
): Promise<RunningProgram & { readonly ports: Readonly<Record<string, number>> }> {
  const program = await startProgram(lab, config);
  const lines = await program.logged('listening', config.listeners.length);
  const ports = lines.map(({ service, address }) => [String(service), Number(String(address).split(':').at(-1))]);
  return { ...program, ports: Object.fromEntries(ports) };
}
