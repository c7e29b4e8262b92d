import { request as requestPlain } from 'node:http';
import { request as requestTls } from 'node:https';
import { jsonObject } from './json.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Record<string, unknown>;
}

/** Asks an admin server at `127.0.0.1:port` or `unix:/path`. */
export function askAdmin(
  address: string,
  [method, path]: readonly [string, string],
  {
    token,
    body,
    headers: more,
    tls = false,
  }: { readonly token?: string; readonly body?: unknown; readonly headers?: object; readonly tls?: boolean } = {},
): Promise<AdminAnswer> {
  const at = address.startsWith('unix:') ? { socketPath: address.slice('unix:'.length) } : portOf(address);
  const headers = {
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...more,
  };
  return new Promise((resolve, reject) => {
    const request = tls ? requestTls : requestPlain;
    const options = { ...at, method, path, headers, agent: false, rejectUnauthorized: false };
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, body: jsonObject(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function portOf(address: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`http://${address}`);
  return { host: hostname, port: Number(port) };
}
