import type { PrepareContext } from '@inband/core';
import { hash } from 'node:crypto';
import { configurationError } from '../options/configuration-error.ts';
import { readSecret } from '../options/secret-file.ts';
import type { ParentAuth } from './auth-options.ts';
import { type Kerberos, kerberosOf } from './login/negotiate-login.ts';

/** What a login needs beside its options. */
export interface PreparedLogin {
  /** The password or the token, from its file. */
  readonly secret?: string;
  readonly kerberos?: Kerberos;
  /** Changes with the secret. */
  readonly identity?: string;
}

/** Reads the file with the password or the token, and loads Kerberos where it is needed. Rejects with a `ProxyError`. */
export async function prepareLogin(auth: ParentAuth | undefined, context: PrepareContext): Promise<PreparedLogin> {
  if (auth === undefined || auth === 'pass') return {};
  if (auth.scheme === 'negotiate') return { kerberos: await loadKerberos(context) };
  const file = auth.passwordFile ?? auth.tokenFile;
  if (file === undefined) return {};
  const secret = await readSecret(file, context, 'chainer.auth');
  return { secret, identity: hash('sha256', secret) };
}

async function loadKerberos({ importModule }: PrepareContext): Promise<Kerberos> {
  try {
    return kerberosOf(await importModule('kerberos'));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    const message = `Negotiate needs the package kerberos: run "npm install kerberos" beside the configuration (${reason}).`;
    throw configurationError(message, 'chainer.auth');
  }
}
