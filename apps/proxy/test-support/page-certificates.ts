import { mkdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeAuthority } from '../../../packages/tls/test-support/certificates.ts';

const authority = makeAuthority();
const identity = authority.issue({ names: ['*.example', 'shop.example', '*.shop.example', 'web.example'] });

/** A configuration whose files of certificates are in the folder, made for it: a page names files that nobody has. */
export async function withCertificates(text: string, folder: string): Promise<string> {
  let changed = text;
  for (const [, key = '', name = ''] of text.matchAll(/\b(cert|key|ca|crl|dir): ([\w./-]+)/g)) {
    const path = join(folder, basename(name));
    changed = changed.replaceAll(new RegExp(`\\b(cert|key|ca|crl|dir): ${name}(?![\\w./-])`, 'g'), `$1: ${path}`);
    if (key === 'dir') await writeFolder(path);
    else
      await writeSecret(
        path,
        { cert: identity.chain, key: identity.key, ca: authority.cert }[key] ?? authority.crl([]),
      );
  }
  return changed;
}

async function writeFolder(path: string): Promise<void> {
  await mkdir(path);
  await writeSecret(join(path, 'web.pem'), identity.chain);
  await writeSecret(join(path, 'web.key'), identity.key);
}

function writeSecret(path: string, text: string): Promise<void> {
  return writeFile(path, text, { mode: 0o600 });
}
