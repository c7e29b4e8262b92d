import type { AdminRequest, AdminResponse, AdminServerAddress } from '@inband/admin';
import { formatSockAddr, ProxyError, type SockAddr, toProxyError } from '@inband/core';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { problemsOf } from '../../config/problem/issues.ts';
import { errorsOf } from '../../config/problem/placed.ts';
import { isRecord } from '../../config/problem/problem.ts';
import { type ConfigSource, readConfigFile } from '../../config/read/read-source.ts';
import { admin as adminSchema } from '../../config/schema/process/admin.ts';
import { safeLines } from '../../lines/values/safe-text.ts';

/** The environment variable with the token of whoever runs a command. */
const TOKEN = 'INBAND_ADMIN_TOKEN';

/**
 * Asks the admin server of the program that runs with a configuration. Of that only `admin` is read, so that the rest may be wrong. Rejects
 * with an error for whoever runs the command if there is no answer, or another one than 2xx and `also`.
 */
export async function askRunning(
  config: string | undefined,
  request: AdminRequest,
  also?: number,
): Promise<AdminResponse> {
  const { address, server } = await serverOf(config);
  const { askAdminServer } = await import('@inband/admin');
  const response = await askAdminServer(server, request).catch((error: unknown) => {
    throw failed(`the admin server at ${address} does not answer: ${toProxyError(error).message}`);
  });
  const { status, isProblem, body } = response;
  if (status < 300 || (status === also && !isProblem)) return response;
  const hint = status === 401 ? tokenHint() : '';
  throw failed(`the admin server at ${address} refuses: ${safeLines(textOf(body))}${hint}`);
}

function tokenHint(): string {
  if (process.env[TOKEN] === '') return ` The environment variable ${TOKEN} is set, and empty.`;
  return ` The token is read from the environment variable ${TOKEN}.`;
}

async function serverOf(
  config: string | undefined,
): Promise<{ readonly address: string; readonly server: AdminServerAddress }> {
  if (config === undefined) throw failed('name the configuration that the program runs with: --config FILE.');
  const source = await readConfigFile(config);
  const written = isRecord(source.value) ? source.value.admin : undefined;
  const parsed = adminSchema.safeParse(written);
  if (!parsed.success) throw errorsOf(source, problemsOf(parsed.error.issues, adminSchema, written, ['admin']));
  if (parsed.data === undefined) throw failed(`${config} has no "admin". ${WITHOUT_ADMIN}`);
  const { bind, tls } = parsed.data;
  if (bind.family !== 'unix' && bind.port === 0)
    throw failed('admin.bind has port 0, so that only the log knows the port; give it one.');
  const certificate = tls === undefined ? undefined : await certificateOf(tls.cert, source);
  // Nobody has an empty one: a variable of a script that has none is empty.
  const token = process.env[TOKEN] || undefined;
  return { address: formatSockAddr(bind), server: { listen: placeOf(bind), token, certificate } };
}

const WITHOUT_ADMIN =
  'Add "admin: { bind: unix:/run/inband/admin.sock }" and restart, or send signals: "systemctl reload inband" or "inband reload PID" reloads, SIGTERM drains.';

/** Who binds all addresses is asked on this machine. */
function placeOf(bind: SockAddr): AdminServerAddress['listen'] {
  if (bind.family === 'unix') return { path: bind.path };
  const here = bind.family === 'inet' ? '127.0.0.1' : '::1';
  const isAll = bind.address === '0.0.0.0' || bind.address === '::';
  return { host: isAll ? here : bind.address, port: bind.port };
}

async function certificateOf(file: string, source: ConfigSource): Promise<string> {
  try {
    return await readFile(resolve(source.baseDirectory, file), 'utf8');
  } catch (error) {
    throw errorsOf(source, [{ path: ['admin', 'tls', 'cert'], message: toProxyError(error).message }]);
  }
}

/** The text of a problem, with what is wrong in a configuration line by line. */
function textOf(body: unknown): string {
  if (!isRecord(body)) return 'it does not say why.';
  const { title, detail, problems } = body;
  const lines = Array.isArray(problems) ? problems.map((line) => `\n${String(line)}`).join('') : '';
  if (lines !== '') return `${String(title)}:${lines}`;
  return typeof detail === 'string' ? `${String(title)}. ${detail}` : `${String(title)}.`;
}

function failed(message: string): ProxyError {
  return new ProxyError('proxy_internal_error', `inband: ${message}`);
}
