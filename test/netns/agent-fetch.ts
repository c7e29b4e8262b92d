import { Agent, type IncomingMessage, request } from 'node:http';
import { localOf, splitAddress } from './agent-address.ts';
import type { Answer, FetchOptions } from './protocol.ts';

/** Milliseconds without progress after which a request fails with ETIMEDOUT. */
const PATIENCE = 20_000;

const agents = new Map<string, Agent>();

/** Asks once, and fails with the code of the error. */
export function fetchOnce(options: FetchOptions): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const { to, from, host = to, path = '/', method = 'GET', headers = {}, body } = options;
  const outgoing = request({
    ...splitAddress(to),
    ...(from !== undefined && { localAddress: from }),
    path,
    method,
    headers: { Host: host, ...headers },
    agent: agentFor(options),
    timeout: PATIENCE,
  });
  outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error('too slow'), { code: 'ETIMEDOUT' })));
  outgoing.on('error', reject);
  outgoing.on('response', (response) => {
    const local = localOf(response.socket);
    readAll(response).then((text) => {
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, local });
    }, reject);
  });
  outgoing.end(body);
  return promise;
}

/** False is a connection of its own. */
function agentFor({ keepAlive, from, to }: FetchOptions): Agent | false {
  if (keepAlive === undefined) return false;
  const key = JSON.stringify([keepAlive, from, to]);
  let agent = agents.get(key);
  if (agent === undefined) agents.set(key, (agent = new Agent({ keepAlive: true, maxSockets: 1 })));
  return agent;
}

export async function readAll(message: IncomingMessage): Promise<string> {
  let text = '';
  message.setEncoding('latin1');
  for await (const part of message) text += String(part);
  return text;
}
