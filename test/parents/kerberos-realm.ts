import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { findCommand } from '../support/requires.ts';
import { accepts } from './peers.ts';

const run = promisify(execFile);

export const REALM = 'CORP.EXAMPLE';
const PASSWORD = 'a-password';

/** A realm of Kerberos with its own KDC (MIT), in a folder of its own. */
export interface KerberosRealm {
  /** For the environment of whoever takes part. */
  readonly env: Readonly<Record<string, string>>;
  /** The file with the keys of a service. */
  readonly keytab: string;
  /** Tickets of the user, as `kinit` gets them. */
  logIn(user: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a KDC that knows a user and a service: `HTTP/proxy.example`. */
export async function startRealm(user: string, service: string): Promise<KerberosRealm> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-realm-'));
  await chmod(folder, 0o755);
  const port = await freePort();
  const [conf, profile, keytab] = ['krb5.conf', 'kdc.conf', 'service.keytab'].map((name) => join(folder, name));
  if (conf === undefined || profile === undefined || keytab === undefined) throw new Error('There are three names.');
  await writeFile(conf, clientConfiguration(port));
  await writeFile(profile, kdcConfiguration(folder, port));
  const env = { KRB5_CONFIG: conf, KRB5_KDC_PROFILE: profile, KRB5CCNAME: `FILE:${join(folder, 'tickets')}` };
  const all = { env: { ...process.env, ...env } };
  const kadmin = (query: string): Promise<unknown> => run(command('kadmin.local'), ['-r', REALM, '-q', query], all);
  await run(command('kdb5_util'), ['create', '-s', '-P', 'master', '-r', REALM], all);
  await kadmin(`addprinc -pw ${PASSWORD} ${user}`);
  await kadmin(`addprinc -randkey ${service}`);
  await kadmin(`ktadd -k ${keytab} ${service}`);
  await chmod(keytab, 0o644);
  const kdc = spawn(command('krb5kdc'), ['-n', '-P', join(folder, 'kdc.pid')], { ...all, stdio: 'ignore' });
  while (!(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    env,
    keytab,
    async logIn(name) {
      const kinit = spawn(command('kinit'), [name], { ...all, stdio: ['pipe', 'ignore', 'ignore'] });
      kinit.stdin.end(`${PASSWORD}\n`);
      const [status] = (await once(kinit, 'exit')) as [number];
      if (status !== 0) throw new Error(`kinit has ended with ${status}.`);
    },
    stop: () => stopKdc(kdc, folder),
  };
}

async function stopKdc(kdc: ChildProcess, folder: string): Promise<void> {
  const closed = once(kdc, 'exit');
  kdc.kill('SIGKILL');
  await closed;
  await rm(folder, { recursive: true });
}

function command(name: string): string {
  const found = findCommand(name);
  if (found === undefined) throw new Error(`There is no ${name}.`);
  return found;
}

/** Names are taken as they are written, because nothing here is in the DNS. */
function clientConfiguration(port: number): string {
  return `[libdefaults]
default_realm = ${REALM}
dns_lookup_kdc = false
dns_canonicalize_hostname = false
rdns = false
udp_preference_limit = 1
[realms]
${REALM} = {
  kdc = 127.0.0.1:${port}
}
`;
}

function kdcConfiguration(folder: string, port: number): string {
  return `[kdcdefaults]
kdc_listen = 127.0.0.1:${port}
kdc_tcp_listen = 127.0.0.1:${port}
[realms]
${REALM} = {
  database_name = ${join(folder, 'principal')}
  key_stash_file = ${join(folder, 'stash')}
  acl_file = ${join(folder, 'kadm5.acl')}
}
[logging]
kdc = FILE:${join(folder, 'kdc.log')}
`;
}
