import { LOGIN } from './authenticator.ts';
import { type Case, bytesOf } from './cases.ts';
import type { RawClient } from './wire/client.ts';
import type { Lab } from './lab.ts';
import type { Script } from './wire/origin.ts';

const GET = 'GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n';
const REDIRECT = 'HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n';
const PROBE = Buffer.from('through the tunnel\0\r\n\r\n', 'latin1');
/** Clients that wait for a server that does not answer, in the case about load; four sockets each. */
const WAITING_CLIENTS = { memory: 1000, sockets: 200 };
/** Milliseconds in which nothing moves any more: then a window is full. */
const STANDSTILL = 50;

/** What the origin does in a case. */
export function scriptFor(oneCase: Case, lab: Lab): Script {
  const bytes = (text: string | undefined): Buffer => bytesOf(text ?? '', lab.places);
  const close = oneCase.originClose === true;
  switch (oneCase.side) {
    case 'connect':
      return { tunnel: true, greeting: bytes(oneCase.originSend), close, flood: oneCase.timing?.readBytes === 0 };
    case 'response': {
      if (oneCase.needs === 'origin-close-on-2nd') return { closeOnReuse: true };
      const { pace } = lab.settings;
      return { answer: bytes(oneCase.bytes), close, ...(pace > 0 && { trickle: pace }) };
    }
    case 'request':
      return oneCase.needs === 'origin-302-to-169.254.169.254' ? { answer: bytes(REDIRECT) } : {};
  }
}

/** Has an ordinary request served; throws when it is not. */
export async function warmUp(client: RawClient, lab: Lab, mode: 'forward' | 'reverse'): Promise<void> {
  const target = mode === 'forward' ? 'http://{HOST}/warm-up' : '/warm-up';
  const login = lab.settings.asks ? LOGIN : '';
  const request = bytesOf(`GET ${target} HTTP/1.1\r\nHost: {HOST}\r\n${login}\r\n`, lab.places);
  client.expect(request);
  client.send(request);
  await lab.soon(() => client.responses.complete.length === 1 || client.hasEnded || client.isClosed);
  const status = client.responses.complete[0]?.status;
  if (status !== 200) throw new Error(`the ordinary request before the case was answered with ${status ?? 'nothing'}`);
}

/** Opens the connections that a case takes for granted. */
export async function prepare(oneCase: Case, lab: Lab): Promise<void> {
  if (oneCase.needs === 'origin-close-on-2nd') {
    const other = await lab.connect();
    await warmUp(other, lab, 'forward');
    other.connection.end();
    await lab.soon(() => other.isClosed);
  }
  if (oneCase.needs === 'load') {
    const request = Buffer.from(
      'GET http://stalled.test:8080/slow HTTP/1.1\r\nHost: stalled.test:8080\r\n\r\n',
      'latin1',
    );
    const count = WAITING_CLIENTS[lab.net.name];
    for (let made = 0; made < count; made += 1) (await lab.connect()).send(request);
    const held = await lab.soon(() => lab.otherOrigin.connections.length === count);
    if (!held) throw new Error(`only ${lab.otherOrigin.connections.length} requests reached the stalled origin`);
  }
}

/** Plays a case on `client` until what is to happen has happened; says what the client did itself. */
export async function play(oneCase: Case, client: RawClient, lab: Lab): Promise<Played> {
  const isResponse = oneCase.side === 'response';
  const request = bytesOf(isResponse ? (oneCase.req ?? GET) : oneCase.bytes, lab.places);
  client.expect(request);
  const sending = send(oneCase, request, client, lab);
  if (oneCase.originRst === true) await resetFromOrigin(client, lab);
  await lab.soon(() => isOver(oneCase, client));
  await sending();
  await followUp(oneCase, client, lab);
  const toldToClose = client.wasToldToClose;
  if (toldToClose) await lab.soon(() => client.hasEnded || client.isClosed);
  const probed = oneCase.expect.kind === 'reject' && (await askAgain(client, lab));
  const closedByProxy = client.hasEnded || client.isClosed;
  if (!closedByProxy) client.connection.end();
  const closed = await lab.soon(() => client.isClosed);
  await lab.soon(
    () => lab.origin.connections.every(({ isClosed, heard }) => isClosed || heard.length === 0) || !mustAbort(oneCase),
  );
  return { closedByProxy: closedByProxy && oneCase.clientRst !== true, toldToClose, closed, probed };
}

/**
 * Behind a refusal that left the connection open: it must serve another request. One that the proxy answers itself, so that the
 * origin sees nothing of it. Returns whether that was tried.
 */
async function askAgain(client: RawClient, lab: Lab): Promise<boolean> {
  if (client.hasEnded || client.isClosed || client.wasToldToClose) return false;
  const before = client.responses.complete.length;
  const request = bytesOf('OPTIONS http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nMax-Forwards: 0\r\n\r\n', lab.places);
  client.send(request);
  await lab.soon(() => client.responses.complete.length > before || client.hasEnded || client.isClosed);
  return client.responses.complete.length > before;
}

export interface Played {
  /** Before the client had reason to close, or though it had finished sending. */
  readonly closedByProxy: boolean;
  /** An answer said that the connection closes, before the client had finished. */
  readonly toldToClose: boolean;
  /** Both ways, in the end. */
  readonly closed: boolean;
  /** The last answer is to a request that is not the case's: the refusal had left the connection open, and it still served. */
  readonly probed: boolean;
}

/** Whether the connections to the origin cannot be of any use after the case. */
export function mustAbort({ expect, side, clientRst, clientClose }: Case): boolean {
  if (clientClose === true && expect.kind === 'reject') return true;
  return clientRst === true || expect.partial === true || (side === 'response' && expect.kind !== 'forward');
}

/** Whether nothing more is to come, or it has gone wrong already. */
function isOver({ expect, side, clientRst }: Case, client: RawClient): boolean {
  if (client.isClosed || client.hasEnded) return true;
  const { complete } = client.responses;
  if (complete.length === 0) return false;
  switch (expect.kind) {
    case 'forward':
      return true;
    case 'close':
      return side !== 'connect' && clientRst !== true && complete[0]!.status < 300;
    case 'reject': {
      const answer = complete[expect.okThenReject === true ? 1 : 0];
      return answer !== undefined && (!client.wasToldToClose || !expect.status!.includes(answer.status));
    }
  }
}

/** Sends as the case says; the returned function stops what is still going on. */
function send(oneCase: Case, request: Buffer, client: RawClient, lab: Lab): () => Promise<void> {
  const { pace } = lab.settings;
  if (oneCase.side !== 'response' && pace > 0) {
    let at = 0;
    const timer = setInterval(() => {
      if (at >= request.length) clearInterval(timer);
      else client.send(request.subarray(at, ++at));
    }, pace);
    return async () => clearInterval(timer);
  }
  client.send(request);
  if (oneCase.clientClose === true) client.connection.end();
  if (oneCase.clientRst !== true) return async () => {};
  const reset = lab
    .soon(() => lab.origin.requests[0]?.complete === true)
    .then(() => client.connection.destroy(new Error('reset')));
  return () => reset;
}

async function resetFromOrigin(client: RawClient, lab: Lab): Promise<void> {
  await lab.soon(() => client.heard.length > 0);
  for (const { connection } of lab.origin.connections) connection.destroy(new Error('reset'));
}

/** What happens after the answer. */
async function followUp(oneCase: Case, client: RawClient, lab: Lab): Promise<void> {
  if (client.isClosed || client.hasEnded) return;
  if (oneCase.side === 'connect') return useTunnel(oneCase, client, lab);
  if (oneCase.originLate !== undefined) {
    const used = lab.origin.connections.filter(({ heard }) => heard.length > 0);
    for (const { connection } of used) connection.write(bytesOf(oneCase.originLate.bytes, lab.places));
    await lab.soon(() => used.every(({ isClosed }) => isClosed));
  }
  if (oneCase.follow !== undefined) {
    client.send(bytesOf(oneCase.follow, lab.places));
    await lab.soon(() => client.responses.complete.length >= 2 || client.hasEnded || client.isClosed);
  }
}

async function useTunnel(oneCase: Case, client: RawClient, lab: Lab): Promise<void> {
  const status = client.responses.complete[0]?.status ?? 0;
  if (status < 200 || status > 299 || oneCase.expect.kind !== 'forward') return;
  if (oneCase.timing?.readBytes === 0) {
    client.connection.pause();
    await lab.soon(() => lab.origin.connections.some(({ flooded }) => flooded > 0));
    let flooded: number;
    do {
      flooded = floodedBy(lab);
      await new Promise((resolve) => setTimeout(resolve, STANDSTILL));
    } while (floodedBy(lab) > flooded);
    client.connection.destroy();
    return;
  }
  if (oneCase.clientClose === true || oneCase.originClose === true) {
    await lab.soon(() => client.isClosed || client.hasEnded);
    return;
  }
  const probe = oneCase.follow === undefined ? PROBE : bytesOf(oneCase.follow, lab.places);
  client.send(probe);
  await lab.soon(() => client.heard.indexOf(probe) >= 0 || client.isClosed || client.hasEnded);
}

/** Bytes that the origin sent without being asked. */
export function floodedBy(lab: Lab): number {
  return lab.origin.connections.reduce((sum, { flooded }) => sum + flooded, 0);
}

/** What is sent through a tunnel to see whether it is one. */
export function probeOf(oneCase: Case, lab: Lab): Buffer {
  return oneCase.follow === undefined ? PROBE : bytesOf(oneCase.follow, lab.places);
}
