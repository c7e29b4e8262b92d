import { AccessDeniedError, ProxyError, sessionWriter, type SessionRecord } from '@inband/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runs } from '../../../../test/support/tiers/runs.ts';
import { unicodeText } from '../../../../test/support/unicode-text.ts';
import { jsonObject } from '../../test-support/json.ts';
import { NASTY, policy, sessionRecord as record } from '../../test-support/session-record.ts';
import { accessFields } from '../lines/access-log.ts';
import { createLogging } from './logging.ts';

/** What stands in every line of the log. */
const COMMON = new Set(['level', 'time', 'pid', 'msg']);

const anyQuery = {
  client: { family: 'inet', address: '127.0.0.1', port: 40000 },
  server: { family: 'inet', address: '127.0.0.1', port: 80 },
  serverChosenBy: 'client',
  target: undefined,
  method: 'GET',
  user: undefined,
} as const;

/** Writes one access line as the program does. */
function lineOf(written: SessionRecord): string {
  const lines: string[] = [];
  const sink = {
    write: (line: Buffer) => void lines.push(line.toString()),
    flush: () => undefined,
    flushSync: () => undefined,
  };
  const logging = createLogging({ level: 'info', access: true }, sink);
  logging.onSession?.(written);
  logging.flushSync();
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

describe('accessFields', () => {
  test('says who asked for what, how it was reached and what became of it', () => {
    expect(accessFields(record())).toMatchObject({
      client: '127.0.0.1:40000',
      service: 'web',
      method: 'GET',
      target: 'http://a/',
      server: '[::1]:80',
      attempts: [
        { server: '127.0.0.1:81', ms: 1.23, error: 'connection_refused' },
        { server: '[::1]:80', ms: 2 },
      ],
      status: 200,
      bytesOut: 12,
      ms: 4.26,
      waitMs: 2.5,
    });
  });

  test('names the rule that denied', () => {
    const error = new AccessDeniedError('destination_ip_prohibited', 'Not there.', 'services.web.access[0]');
    expect(accessFields(record({ error, status: 403 }))).toMatchObject({
      error: 'destination_ip_prohibited',
      verdict: 'denied-by-policy',
      why: 'Not there.',
      rule: 'services.web.access[0]',
    });
  });
});

describe('an access line', () => {
  const anyText = fc.oneof(unicodeText(), fc.string(), fc.constantFrom('GET', NASTY, '/a?b'));
  const anyDuration = fc.oneof(
    fc.double({ min: 0, max: 1e6, noNaN: true }),
    fc.constantFrom(0, 0.004, 0.005, 1, 1.1, 1.099, 3e9),
  );
  const anyAddress = fc.oneof(
    fc.record({ family: fc.constant('inet' as const), address: fc.ipV4(), port: fc.nat(65_535) }),
    fc.record({ family: fc.constant('unix' as const), path: anyText }),
  );
  const anything = fc.record(
    {
      url: anyText,
      user: anyText,
      tls: fc.record({
        version: fc.constantFrom('TLSv1.2', 'TLSv1.3'),
        cipher: anyText,
        serverName: fc.option(anyText, { nil: undefined }),
        alpn: fc.constantFrom(undefined, 'http/1.1'),
        resumed: fc.boolean(),
        certificate: fc.constant(undefined),
        covers: fc.constant(() => true),
      }),
      serverTls: fc.record({
        version: fc.constantFrom('TLSv1.2' as const, 'TLSv1.3' as const),
        cipher: anyText,
        serverName: anyText,
        verified: fc.constantFrom('chain' as const, 'pin' as const, 'no' as const),
        resumed: fc.boolean(),
      }),
      protocol: fc.constantFrom('socks4' as const, 'socks5' as const),
      peer: anyAddress,
      method: anyText,
      target: fc.record({ host: anyText, port: fc.nat(65_535) }),
      server: anyAddress,
      resolved: anyAddress,
      status: fc.nat(999),
      bytesIn: fc.nat(),
      bytesOut: fc.maxSafeNat(),
      duration: anyDuration,
      wait: anyDuration,
      reused: fc.boolean(),
      aborted: fc.boolean(),
      error: fc.constantFrom(
        new AccessDeniedError('destination_ip_prohibited', 'Not "there".', 'services.web.access[0]'),
        new ProxyError('connection_refused', NASTY),
      ),
      attempts: fc.boolean(),
    },
    { requiredKeys: ['duration', 'status', 'bytesIn', 'bytesOut', 'reused', 'aborted'] },
  );

  test('says what accessFields says, in its order, whatever that is', () => {
    fc.assert(
      fc.property(
        anything,
        ({ user, tls, serverTls, protocol, peer, method, target, server, resolved, attempts, ...change }) => {
          const written = record(
            { url: undefined, wait: undefined, ...change },
            { user, tls, serverTls, protocol, peer, method, target, server, resolved, attempts },
          );
          const { level, time, pid, ...rest } = jsonObject(lineOf(written));
          const { msg, ...fields } = rest;
          expect([level, pid, msg]).toEqual(['info', process.pid, 'request']);
          expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
          const wanted = jsonObject(JSON.stringify(accessFields(written)));
          expect(Object.entries(fields)).toEqual(Object.entries(wanted));
        },
      ),
      { numRuns: runs(500) },
    );
  });

  test('says so of one session after another, whatever was said of the same target before', () => {
    const target = { host: 'a', port: 80 };
    const servers = [{ family: 'inet', address: '127.0.0.1', port: 81 } as const, undefined];
    const decisions = ['one', 'two'].map((rule) => ({ ...policy.decide(anyQuery), rule }));
    const session = fc.record({
      server: fc.constantFrom(...servers),
      decision: fc.constantFrom(undefined, ...decisions),
      reused: fc.boolean(),
      aborted: fc.boolean(),
      error: fc.constantFrom(undefined, new ProxyError('connection_refused', 'No.')),
      resolved: fc.constantFrom(undefined, servers[0]),
      status: fc.nat(999),
    });
    fc.assert(
      fc.property(fc.array(session, { minLength: 1, maxLength: 12 }), (sessions) => {
        const records = sessions.map(({ server, decision, resolved, ...change }) =>
          record(change, { method: 'GET', target, server, resolved, decision }),
        );
        const lines: string[] = [];
        const sink = {
          write: (bytes: Buffer) => void lines.push(bytes.toString()),
          flush: () => {},
          flushSync: () => {},
        };
        const logging = createLogging({ level: 'info', access: true }, sink);
        for (const written of records) logging.onSession?.(written);
        logging.flushSync();
        const said = lines.join('').trim().split('\n').map(jsonObject);
        const wanted = records.map((written) => jsonObject(JSON.stringify(accessFields(written))));
        expect(said).toEqual(wanted.map((fields) => expect.objectContaining(fields)));
        const keys = (all: object[]) => all.map((line) => Object.keys(line).filter((key) => !COMMON.has(key)));
        expect(keys(said)).toEqual(keys(wanted));
      }),
      { numRuns: runs(100) },
    );
  });

  test('has the kind of session as its message', () => {
    expect(JSON.parse(lineOf(record({ kind: 'tunnel' })))).toMatchObject({ level: 'info', msg: 'tunnel' });
  });

  test('says what was asked for, unless no host was named', () => {
    const named = record();
    sessionWriter.setTarget(named.session, { host: '::1', port: 81 });
    expect(jsonObject(lineOf(named)).asked).toBe('[::1]:81');
    const nameless = record();
    sessionWriter.setTarget(nameless.session, { host: '', port: 80 });
    expect(jsonObject(lineOf(nameless))).not.toHaveProperty('asked');
  });

  test('stays one line with the same fields whatever the client sends', () => {
    const hostile = record({ url: NASTY });
    sessionWriter.setUser(hostile.session, NASTY);
    sessionWriter.setMethod(hostile.session, NASTY);
    const line = lineOf(hostile);
    // oxlint-disable-next-line no-control-regex -- controls are what this is about
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
    expect(line.endsWith('}\n')).toBe(true);
    const parsed = jsonObject(line);
    const harmless = record();
    sessionWriter.setUser(harmless.session, 'someone');
    const usual = jsonObject(lineOf(harmless));
    expect(Object.keys(parsed)).toEqual(Object.keys(usual));
    expect([parsed.target, parsed.user, parsed.method]).toEqual([NASTY, NASTY, NASTY]);
  });
});
