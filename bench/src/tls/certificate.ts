import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Site } from '../site.ts';

/** The name that everything here has. wrk puts it into its ClientHello, and resolves it to loopback. */
export const HOST = 'localhost';

/** Files in PEM. */
export interface Certificate {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** Certificate and key in one file, as HAProxy wants them. */
  readonly both: string;
}

/** An authority, and a certificate for {@link HOST} with a key on P-256, valid for a day. */
export function makeCertificate(site: Site): Certificate {
  const made = {
    ca: site.path('ca.pem'),
    caKey: site.path('ca.key'),
    certificate: site.path('host.pem'),
    key: site.path('host.key'),
  };
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const openssl = (...args: string[]): void => void execFileSync('openssl', [...make, ...args], { stdio: 'pipe' });
  openssl('-subj', '/CN=Benchmark CA', '-keyout', made.caKey, '-out', made.ca);
  const signed = ['-CA', made.ca, '-CAkey', made.caKey, '-addext', 'basicConstraints=critical,CA:FALSE'];
  const names = `subjectAltName=DNS:${HOST},IP:127.0.0.1`;
  openssl(...signed, '-addext', names, '-subj', `/CN=${HOST}`, '-keyout', made.key, '-out', made.certificate);
  const both = readFileSync(made.certificate, 'utf8') + readFileSync(made.key, 'utf8');
  return { ...made, both: site.write('both.pem', both) };
}
