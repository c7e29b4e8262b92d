import {
  clientZone,
  type ClientTls,
  formatSockAddr,
  type HostPort,
  processTag,
  reasonOf,
  type ServiceRules,
  ruleOf,
  serverZone,
  type SessionRoute,
  type SessionRecord,
  type SockAddr,
  iterationTime,
  verdictOf,
} from '@inband/core';
import type { AccessFormat } from './access-format.ts';
import { askedText, attemptFields, routeFields, serverTlsFields, tlsFields } from './access-log.ts';
import { jsonText, type LineBuffer, bytesOf } from './line-buffer.ts';

/** The most methods that are cached as bytes, and the longest one. */
const MOST_TEXTS = 1024;
const LONGEST_TEXT = 256;

const SESSION = bytesOf('","session":');
const TARGET = bytesOf(',"target":');
const USER = bytesOf(',"user":');
const BYTES_IN = bytesOf(',"bytesIn":');
const NOTHING_IN = bytesOf(',"bytesIn":0,"bytesOut":');
const BYTES_OUT = bytesOf(',"bytesOut":');
const ABORTED = bytesOf(',"aborted":true');
const MS = bytesOf(',"ms":');
const WAIT_MS = bytesOf(',"waitMs":');
const REQUEST = bytesOf(',"msg":"request"}\n');
const TUNNEL = bytesOf(',"msg":"tunnel"}\n');

/**
 * Writes the fields of `accessFields` as one line of JSON, byte for byte as pino would. It is faster than pino, because the
 * keys are known and what lines share (fields of a route, an address, a zone, a rule) is encoded once
 * (docs/adr/0015-access-lines.md).
 */
export class AccessLines implements AccessFormat {
  /** The bytes before the number of the session in its id, reused within an event-loop iteration for the same route. */
  #beginning: Uint8Array = new Uint8Array(0);
  #time = '';
  #instant = -1;
  #begunFor: SessionRoute | ServiceRules | undefined = undefined;
  readonly #routes = new Map<SessionRoute | ServiceRules, string>();
  readonly #methods = new BoundedTexts();
  /** Encoded addresses with their zones, and encoded outcomes. Valid for one generation of the zones. */
  #clients = new WeakMap<SockAddr, Uint8Array>();
  #outcomes = new WeakMap<HostPort, UsualOutcome>();
  #generation = -1;
  /** Encoded, for the requests of a connection. */
  readonly #tls = new WeakMap<ClientTls, Uint8Array>();

  /** Adds a line for `record`. */
  write(record: SessionRecord, into: LineBuffer): void {
    const { session, wait, error } = record;
    this.#checkZones(record);
    into.piece(this.#begin(record));
    into.integerTwice(session.id, SESSION);
    this.#who(record, into);
    this.#what(record, into);
    this.#outcome(record, into);
    into.integer(record.status);
    if (record.repaired !== undefined) into.text(`,"repaired":${jsonText(record.repaired)}`);
    if (record.retries !== undefined) into.text(`,"retries":${jsonText(record.retries)}`);
    // Most requests have no body.
    if (record.bytesIn === 0) into.piece(NOTHING_IN);
    else {
      into.piece(BYTES_IN);
      into.integer(record.bytesIn);
      into.piece(BYTES_OUT);
    }
    into.integer(record.bytesOut);
    if (record.aborted) into.piece(ABORTED);
    into.piece(MS);
    into.hundredths(record.duration);
    if (wait !== undefined) {
      into.piece(WAIT_MS);
      into.hundredths(wait);
    }
    if (error !== undefined) into.text(`,"error":"${error.code}"`);
    into.piece(record.kind === 'request' ? REQUEST : TUNNEL);
  }

  #begin({ session }: SessionRecord): Uint8Array {
    const now = iterationTime();
    const route = session.route ?? session.service;
    if (now !== this.#instant) {
      this.#instant = now;
      this.#time = new Date().toISOString();
    } else if (route === this.#begunFor) return this.#beginning;
    this.#begunFor = route;
    let fields = this.#routes.get(route);
    if (fields === undefined) {
      // Without its braces, because the fields are joined to others.
      fields = `,"pid":${process.pid},${jsonText(routeFields(session)).slice(1, -1)},"id":"${processTag}-`;
      this.#routes.set(route, fields);
    }
    return (this.#beginning = bytesOf(`{"level":"info","time":"${this.#time}"${fields}`));
  }

  #who(record: SessionRecord, into: LineBuffer): void {
    const { client, parent, user, tls } = record.session;
    if (parent !== undefined) into.text(`,"parent":${parent.id}`);
    let bytes = this.#clients.get(client.address);
    if (bytes === undefined) {
      const address = jsonText(formatSockAddr(client.address));
      bytes = bytesOf(`,"client":${address},"clientZone":${jsonText(clientZone(record))}`);
      this.#clients.set(client.address, bytes);
    }
    into.piece(bytes);
    if (client.peer !== undefined) into.text(`,"peer":${jsonText(formatSockAddr(client.peer))}`);
    if (user !== undefined) {
      into.piece(USER);
      into.quoted(user);
    }
    if (tls !== undefined) into.piece(this.#tlsOf(tls));
  }

  #tlsOf(tls: ClientTls): Uint8Array {
    let bytes = this.#tls.get(tls);
    if (bytes === undefined) this.#tls.set(tls, (bytes = bytesOf(`,${jsonText(tlsFields(tls)).slice(1, -1)}`)));
    return bytes;
  }

  #what({ session, url }: SessionRecord, into: LineBuffer): void {
    const { protocol } = session.client;
    if (protocol !== undefined) into.text(`,"protocol":"${protocol}"`);
    if (session.method !== undefined) into.piece(this.#methods.of(session.method));
    if (url === undefined) return;
    into.piece(TARGET);
    into.quoted(url);
  }

  /** Writes the fields from the target to the status. They are mostly the same as in the last line for this target. */
  #outcome(record: SessionRecord, into: LineBuffer): void {
    const { session, reused, error, aborted } = record;
    const { target, serverAddress, serverTls, decision } = session;
    const isUsual = error === undefined && !aborted && session.attempts === undefined;
    if (!isUsual || target === undefined || session.resolvedAddress !== undefined) {
      return into.text(outcomeText(record));
    }
    const known = this.#outcomes.get(target);
    if (known !== undefined && known.serverAddress === serverAddress && known.decision === decision) {
      if (known.reused === reused && known.serverTls === serverTls) return into.piece(known.bytes);
    }
    const bytes = bytesOf(outcomeText(record));
    this.#outcomes.set(target, { serverAddress, serverTls, decision, reused, bytes });
    into.piece(bytes);
  }

  #checkZones({ session }: SessionRecord): void {
    const { generation } = session.service.policy;
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#clients = new WeakMap();
    this.#outcomes = new WeakMap();
  }
}

/** The encoded outcome of the last session with a target, and everything that it depends on. */
interface UsualOutcome extends Pick<SessionRecord['session'], 'serverAddress' | 'serverTls' | 'decision'> {
  readonly reused: boolean;
  readonly bytes: Uint8Array;
}

function outcomeText(record: SessionRecord): string {
  const { target, serverAddress, resolvedAddress, serverTls, attempts } = record.session;
  const verdict = verdictOf(record);
  const rule = ruleOf(record);
  const server = serverAddress && jsonText(formatSockAddr(serverAddress));
  const asked = askedText(target);
  let text = asked === undefined ? '' : `,"asked":${jsonText(asked)}`;
  if (server !== undefined) text += `,"server":${server},"serverZone":${jsonText(serverZone(record))}`;
  if (server !== undefined && resolvedAddress !== undefined) {
    text += `,"resolved":${jsonText(formatSockAddr(resolvedAddress))},"translated":${server}`;
  }
  if (serverTls !== undefined) text += `,"serverTls":${jsonText(serverTlsFields(serverTls))}`;
  text += `,"verdict":"${verdict}"`;
  if (rule !== undefined) text += `,"rule":${jsonText(rule)}`;
  // `rule` says why a session was accepted.
  if (verdict !== 'accepted') text += `,"why":${jsonText(reasonOf(record))}`;
  text += `,"reused":${record.reused}`;
  if (attempts !== undefined) text += `,"attempts":${jsonText(attempts.map(attemptFields))}`;
  return `${text},"status":`;
}

/** A bounded cache of encoded methods. It is bounded because a client may invent methods. */
class BoundedTexts {
  readonly #known = new Map<string, Uint8Array>();

  of(method: string): Uint8Array {
    let known = this.#known.get(method);
    if (known === undefined) {
      known = bytesOf(`,"method":${jsonText(method)}`);
      if (method.length > LONGEST_TEXT) return known;
      if (this.#known.size >= MOST_TEXTS) this.#known.clear();
      this.#known.set(method, known);
    }
    return known;
  }
}
