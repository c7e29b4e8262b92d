import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { ClusterLab } from './cluster-lab.ts';
import { ADMIN_SOCKET, PORTS, sharedConfiguration } from './configuration.ts';
import { MEMBERS } from './machines/network.ts';

/** What `push` is answered. */
export interface Pushed {
  readonly status: number;
  readonly text: string;
  /** Milliseconds that it took. */
  readonly took: number;
}

/** Pushes a configuration whose service `version` says `version`, at one of the members. `more`: what it has besides. */
export async function push(lab: ClusterLab, index: number, version: string, more: object = {}): Promise<Pushed> {
  const begun = performance.now();
  const text = JSON.stringify({ ...sharedConfiguration(version), ...more });
  const files = { main: ['next.json'], texts: { 'next.json': text }, folders: {} };
  const { status, body } = await askAdmin(lab.folderOf(index), 'POST', files);
  return { status, text: JSON.stringify(body), took: performance.now() - begun };
}

/** What clients see of the versions that the members run. */
export function versions(lab: ClusterLab): Promise<string[]> {
  const ask = async (address: string) => (await lab.network.clients.fetch({ to: `${address}:${PORTS.version}` })).body;
  return Promise.all(MEMBERS.map(ask));
}

/** Since how many seconds each member has not heard what is current; 0: it knows. */
export async function stale(lab: ClusterLab): Promise<number[]> {
  const ask = async (_: string, index: number): Promise<number> => {
    const { body } = await askAdmin(lab.folderOf(index), 'GET');
    return Number(body.stale);
  };
  return Promise.all(MEMBERS.map(ask));
}

interface AdminAnswer {
  readonly status: number;
  readonly body: { readonly stale?: number };
}

/** Asks the admin server of the member with this folder about what is pushed. */
async function askAdmin(folder: string, method: 'GET' | 'POST', body?: object): Promise<AdminAnswer> {
  const headers = body === undefined ? {} : { 'content-type': 'application/json', 'if-match': '*' };
  const asked = request({
    socketPath: `${folder}/${ADMIN_SOCKET}`,
    method,
    path: '/cluster/config',
    headers,
    agent: false,
  });
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: (await json(response)) as AdminAnswer['body'] };
}
