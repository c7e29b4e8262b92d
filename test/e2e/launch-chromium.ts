import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { findCommand } from '../support/requires.ts';
import type { Lab } from './lab.ts';

/** What Chromium does on its own is switched off, and it looks up no name that is not mapped. */
const ALONE = [
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * A browser without a past. `proxy` is its arguments that say how it uses a proxy; names that `names` matches are this machine, and
 * all others do not exist. Certificates are verified if `trusted` is given: then only those with these keys are good
 * (SHA-256 of the SubjectPublicKeyInfo, in base64).
 */
export async function launchChromium(
  lab: Lab,
  proxy: readonly string[],
  names: readonly string[] = [],
  trusted?: readonly string[],
): Promise<BrowserContext> {
  const profile = await mkdtemp(join(tmpdir(), 'inband-chromium-'));
  lab.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
  const errors = trusted ? `--ignore-certificate-errors-spki-list=${trusted.join(',')}` : '--ignore-certificate-errors';
  const mapped = names.map((name) => `MAP ${name} 127.0.0.1, `).join('');
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findCommand('chromium') ?? 'chromium',
    headless: true,
    chromiumSandbox: false,
    ignoreHTTPSErrors: trusted === undefined,
    args: [
      ...ALONE,
      errors,
      `--host-resolver-rules=${mapped}MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
      ...proxy,
    ],
  });
  lab.defer(() => context.close());
  return context;
}
