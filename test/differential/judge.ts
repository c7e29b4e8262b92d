import { inetAddr } from 'inband';
import { judgeAnswers } from './judge-answers.ts';
import type { ParsedRequest } from './parsers/parsed.ts';
import { readable } from './parsers/readable.ts';
import type { Understood } from './proxies/inband.ts';
import { type Finding, misunderstood, type Reading, type Trial } from './trial.ts';
import type { Outcome } from './wire/exchange.ts';

/** Whoever is missing might have done the same. */
const ALL_PEERS = 4;

/** All that is noteworthy about a trial. */
export function judge(trial: Trial): Finding[] {
  if (isTunnel(trial)) return [];
  const answers = trial.answer === undefined ? [] : judgeAnswers(trial, trial.answer);
  return [...judgeMessages(trial), ...answers, ...judgePeers(trial)];
}

const SWITCHING = /^HTTP\/1\.[01] 101\b/;

/** What is in a tunnel is the client's or the server's, and not a message of Inband's. */
export function isTunnel({ input, understood }: Trial): boolean {
  if (SWITCHING.test(input.answer ?? '')) return true;
  return understood.some(({ method, record }) => method === 'CONNECT' || record?.kind === 'tunnel');
}

function judgeMessages({ readings, understood }: Trial): Finding[] {
  // One that broke off, or was answered here, may not have been sent at all.
  const sent = readings.length < understood.length ? understood.filter((each) => !brokeOff(each)) : understood;
  if (readings.length !== sent.length) {
    return [misunderstood(`${understood.length} requests were understood, and ${readings.length} sent`)];
  }
  return readings.flatMap((reading, index) => judgeReading(reading, sent[index]!));
}

function judgeReading({ llhttp, h11 }: Reading, understood: Understood): Finding[] {
  const parsed = Object.entries({ llhttp, h11 });
  // A request that broke off was never passed on whole: no parser may find a whole one in it.
  if (brokeOff(understood)) {
    const whole = parsed.filter(([, { requests }]) => requests.length > 1);
    return whole.map(([name]) => misunderstood(`${name} reads more than one message in one that broke off`));
  }
  const unparsable = parsed.filter(([, { error, requests }]) => error !== undefined || requests.length !== 1);
  if (unparsable.length > 0) {
    return unparsable.map(([name, { error, requests }]) => ({
      kind: 'unparsable',
      text: `${name} reads ${requests.length} messages${error === undefined ? '' : `: ${error}`}`,
    }));
  }
  const differences = parsed.flatMap(
    ([
      name,
      {
        requests: [request],
      },
    ]) => differencesFrom(understood, request!).map((text) => misunderstood(`${name}: ${text}`)),
  );
  if (llhttp.requests[0]!.body !== h11.requests[0]!.body) differences.push(misunderstood('the bodies differ'));
  return differences;
}

function brokeOff({ record }: Understood): boolean {
  return record === undefined || record.error !== undefined || record.aborted;
}

/** Written by Inband itself, or about the next connection only: not what the client sent to the server. */
const OWN_FIELDS: ReadonlySet<string> = new Set(['host', 'via', 'connection', 'transfer-encoding', 'content-length']);
/** Between client and proxy (RFC 9110 section 7.6.1), or a danger to servers: left out, or sent as they came. */
const HOP_FIELDS: ReadonlySet<string> = new Set([
  'keep-alive', 'proxy-connection', 'te', 'upgrade', 'proxy-authenticate', 'proxy-authorization', 'proxy', 'expect', 'http2-settings',
]); // prettier-ignore

function differencesFrom(understood: Understood, request: ParsedRequest): string[] {
  const differences: string[] = [];
  const compare = (what: string, ours: unknown, theirs: unknown): void => {
    const [own, other] = [JSON.stringify(ours), JSON.stringify(theirs)];
    if (own !== other) differences.push(`${what} is ${other}, and was understood as ${own}`);
  };
  const valuesOf = (name: string): string[] =>
    request.fields.filter(([each]) => each === name).map(([, value]) => value);
  const { method, record } = understood;
  compare('the method', method, request.method);
  compare('the target', readable(targetOf(understood)), request.target);
  compare('the length of the body', record?.bytesIn, request.body.length);
  const names = new Set([...understood.fields.keys(), ...request.fields.map(([name]) => name)]);
  for (const name of names) {
    const sent = valuesOf(name);
    if (OWN_FIELDS.has(name) || (HOP_FIELDS.has(name) && sent.length === 0)) continue;
    compare(`field ${name}`, asSent(name, understood), sent);
  }
  for (const length of valuesOf('content-length')) compare('Content-Length', String(record?.bytesIn), length);
  const [host] = valuesOf('host');
  const isNamed = understood.host !== undefined && understood.host !== '';
  if (isNamed && !isSameHost(understood, host)) compare('the host', `${understood.host}:${understood.port}`, host);
  return differences;
}

/** RFC 9112 section 3.2: an empty path is sent as "/", and as "*" with OPTIONS. */
function targetOf({ method, target }: Understood): string {
  if (target === '' && method === 'OPTIONS') return '*';
  return target === '' || target.startsWith('?') ? `/${target}` : target;
}

/**
 * RFC 9110 section 7.6.2: one less with each proxy, for the two methods that it is about. Section 10.1.4: of transfer codings the next hop
 * is not told, but of trailers.
 */
function asSent(name: string, { method, fields }: Understood): readonly string[] {
  const values = fields.get(name) ?? [];
  if (name === 'te') return values.some((value) => /\btrailers\b/i.test(value)) ? ['trailers'] : [];
  const counts = name === 'max-forwards' && (method === 'OPTIONS' || method === 'TRACE');
  return counts ? values.map((value) => String(Number(value) - 1)) : values;
}

/** Of what was understood. An address is sent as the client wrote it. */
function isSameHost({ host = '', port }: Understood, sent: string | undefined): boolean {
  const [, name = '', digits = '80'] = /^(.*?)(?::([0-9]*))?$/.exec(sent ?? '') ?? [];
  if (Number(digits || '80') !== port) return false;
  return plainHost(name) === plainHost(host);
}

function plainHost(name: string): string {
  const address = inetAddr(name.replace(/^\[(.*)\]$/, '$1'), 0);
  return address?.address ?? name.toLowerCase();
}

/** The messages that a proxy made of an input: what an origin acts on, without how it is written. */
export function meaningOf({ messages, isMalformed }: Outcome): readonly string[] {
  const texts = messages.map(({ method, target, body }) => JSON.stringify([method, pathOf(target), body]));
  return isMalformed ? [...texts, 'malformed'] : texts;
}

/** Without scheme and authority, which some proxies send on and some do not. */
function pathOf(target: string): string {
  const path = target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?]*/, '');
  return path.startsWith('/') || path === '*' ? path : `/${path}`;
}

function judgePeers({ ours: { meaning: own }, peers }: Trial): Finding[] {
  if (own.length === 0 || peers.size < ALL_PEERS) return [];
  const theirs = [...peers];
  if (theirs.some(([, { meaning }]) => isWithin(own, meaning))) return [];
  const isAlone = theirs.every(([, { meaning }]) => meaning.length === 0);
  const others = theirs.map(([name, { hung, status, meaning }]) =>
    meaning.length > 0 ? `${name} ${meaning.join(' ')}` : `${name} ${hung ? 'waits' : status}`,
  );
  return [
    { kind: isAlone ? 'accepted-alone' : 'understood-alone', text: `${own.join(' ')}, where ${others.join(', ')}` },
  ];
}

/** Whether a peer has sent on all that Inband has, in the same order, and maybe more. */
function isWithin(own: readonly string[], meaning: readonly string[]): boolean {
  let found = 0;
  for (const message of meaning) if (message === own[found]) found += 1;
  return found === own.length;
}
