import { beforeEach, expect, test } from 'vitest';
import { InstantClock } from '../../test-support/clocks.ts';
import { BASE, FakeCa } from '../../test-support/fake-ca.ts';
import { LinesLog, MemoryAccount, newAccountKey } from '../../test-support/stand-ins.ts';
import { Board, type OpenChallenges } from '../challenges/board.ts';
import { type DnsRecords, DnsSolver } from '../challenges/dns-solver.ts';
import { AcmeClient } from '../client/acme-client.ts';
import { issue, type PlacedOrder } from './issue.ts';
import type { IssueDeps } from './issue-deps.ts';

const { signal } = new AbortController();
const log = new LinesLog();
let clock: InstantClock;
let ca: FakeCa;
let deps: IssueDeps;
let open: OpenChallenges;
let kept: (PlacedOrder | undefined)[];

beforeEach(async () => {
  clock = new InstantClock();
  ca = new FakeCa(clock);
  ca.behaviour.validate = (_, token) => open.http[token];
  open = { http: {}, tls: {} };
  kept = [];
  const publish = async (now: OpenChallenges): Promise<void> => void (open = now);
  const options = { directory: `${BASE}/directory` };
  const client = new AcmeClient(options, ca.ask, await newAccountKey(), new MemoryAccount(), clock);
  deps = { client, solver: new Board('http-01', publish, clock), clock, log, signal };
});

const keep = async (order: PlacedOrder | undefined): Promise<void> => void kept.push(order);

function get(hosts: readonly string[], begun?: PlacedOrder) {
  return issue({ hosts }, begun, keep, deps);
}

test('a certificate for several hosts comes when each of them was shown', async () => {
  const issued = await get(['a.example', 'www.a.example']);
  expect(issued.hosts).toEqual(['a.example', 'www.a.example']);
  expect(issued.renewalId).toMatch(/^[\w-]+\.[\w-]+$/u);
  expect(ca.count('POST /challenge')).toBe(2);
  // Nothing is left to be answered.
  expect(open).toEqual({ http: {}, tls: {} });
});

test('the CA is asked when it wants to be asked', async () => {
  ca.behaviour.looks = 2;
  ca.behaviour.retryAfter = '7';
  await get(['a.example']);
  expect(clock.waits).toEqual([7000, 7000, 7000, 7000, 7000]);
});

test('without such a wish the waits double, and end after five minutes', async () => {
  ca.behaviour.looks = 1000;
  await expect(get(['a.example'])).rejects.toMatchObject({ kind: 'unreachable' });
  expect(clock.waits.slice(0, 6)).toEqual([500, 1000, 2000, 4000, 8000, 15_000]);
  expect(clock.waits.reduce((sum, wait) => sum + wait)).toBeLessThanOrEqual(300_000);
  // The order may still become something.
  expect(kept).toHaveLength(1);
});

test('a validation that fails says why, and the order is not gone on with', async () => {
  ca.behaviour.validate = () => undefined;
  await expect(get(['a.example'])).rejects.toMatchObject({
    kind: 'refused',
    message: 'The CA could not validate a.example by http-01: the answer is another one.',
  });
  expect(kept.at(-1)).toBeUndefined();
  expect(open.http).toEqual({});
});

test('an order that was under way is gone on with, with the key that it has', async () => {
  ca.behaviour.intercept = ({ url }) => (url.includes('/certificate/') ? { status: 503 } : undefined);
  await expect(get(['a.example'])).rejects.toMatchObject({ kind: 'unreachable' });
  ca.behaviour.intercept = () => undefined;
  const [placed] = kept;
  const issued = await get(['a.example'], placed);
  expect(issued.key).toBe(placed?.key);
  expect(ca.orders).toHaveLength(1);
});

test('an order that has expired is placed again', async () => {
  await get(['a.example'], { url: `${BASE}/order/99`, key: '' });
  expect(ca.orders).toHaveLength(1);
});

test('a certificate that was replaced by somebody else does not keep the new one away', async () => {
  ca.behaviour.window = { start: '2026-01-02T00:00:00Z', end: '2026-01-03T00:00:00Z' };
  let refused = 0;
  ca.behaviour.intercept = ({ url, body }) => {
    const { payload = '' } = url.endsWith('/order') ? (JSON.parse(body ?? '{}') as { payload?: string }) : {};
    if (!Buffer.from(payload, 'base64url').toString().includes('replaces')) return undefined;
    refused++;
    return { status: 409, body: { type: 'urn:ietf:params:acme:error:alreadyReplaced', detail: 'late' } };
  };
  const issued = await issue({ hosts: ['a.example'], replaces: 'x.y' }, undefined, keep, deps);
  expect([issued.hosts, refused]).toEqual([['a.example'], 1]);
});

test('a challenge that the CA does not offer is said with those that it does', async () => {
  ca.behaviour.challenges = ['dns-01'];
  await expect(get(['a.example'])).rejects.toMatchObject({
    kind: 'setting',
    message: 'acme.challenge: the CA does not accept http-01 for a.example. It accepts: dns-01.',
  });
});

test('a certificate for other hosts or of another key is not used', async () => {
  const other = await get(['b.example']);
  ca.behaviour.intercept = ({ url }) => (url.includes('/certificate/') ? { body: other.certificate } : undefined);
  await expect(get(['a.example'])).rejects.toMatchObject({ kind: 'unexpected' });
  // The order would lead to the same one.
  expect(kept.at(-1)).toBeUndefined();
});

test('a wildcard and its host are shown by records in the DNS, which are removed afterwards', async () => {
  const records: string[] = [];
  const seen: string[] = [];
  const dns: DnsRecords = {
    addText: async (name, value) => {
      records.push(`${name} ${value}`);
      seen.push(name);
    },
    removeText: async (name, value) => void records.splice(records.indexOf(`${name} ${value}`), 1),
  };
  ca.behaviour.validate = (_, token) => (records.length > 0 ? deps.client.keyAuthorization(token) : undefined);
  deps = { ...deps, solver: new DnsSolver(dns, log) };
  const issued = await get(['a.example', '*.a.example']);
  expect(issued.hosts).toEqual(['a.example', '*.a.example']);
  expect(seen).toEqual(['_acme-challenge.a.example', '_acme-challenge.a.example']);
  expect(records).toEqual([]);
});

test('a record that cannot be added is a failure on this side', async () => {
  const dns = { addText: () => Promise.reject(new Error('no such zone.')), removeText: async () => undefined };
  deps = { ...deps, solver: new DnsSolver(dns, log) };
  await expect(get(['a.example'])).rejects.toMatchObject({
    kind: 'local',
    message: 'The TXT record _acme-challenge.a.example could not be added: no such zone.',
  });
});
