import {
  createMemoryNetwork,
  definePlugin,
  inetAddr,
  type Session,
  type ChainerDeps,
  type ProxyErrorCode,
  type SessionRecord,
} from '@inband/core';
import { z } from 'zod';
import { expect, test } from 'vitest';
import { address, exchange, startOrigin } from '../../test-support/memory/memory-http.ts';
import type { ConfigInput } from '../config/input/config-input.ts';
import * as entry from '../index.ts';
import { createInband } from '../single/inband.ts';

declare module '../index.ts' {
  interface ChainerKinds {
    meddling: object;
  }
}

const listening = address('127.0.0.1', 3128);
const forged = { host: 'forged.example', port: 1 };

/** The properties of a session, its client or its service, without the methods and the chainer's own note. */
function propertiesOf(object: object): string[] {
  const inherited = Object.entries(Object.getOwnPropertyDescriptors(Reflect.getPrototypeOf(object)!))
    .filter(([, descriptor]) => 'get' in descriptor)
    .map(([name]) => name);
  const own = Object.keys(object).filter((name) => name !== 'chainerNote');
  return [...inherited, ...own].filter((name) => name !== '__proto__');
}

/** The properties from which the audit line is made. */
const audited = {
  session:
    'id client service target method user route serverAddress resolvedAddress decision connected attempts parent',
  client: 'address listener originalDestination',
  service: 'name policy',
};
const auditedPaths = Object.entries(audited).flatMap(([name, properties]) =>
  properties.split(' ').map((property) => `${name}.${property}`),
);

interface Attempts {
  /** The properties that could be written. */
  readonly written: string[];
  /** The properties that could not be written, and the errors. */
  readonly refused: string[];
  readonly errors: unknown[];
}

/** Tries to write every property of the session and of its client. */
function writeAll(session: Session): Attempts {
  const attempts: Attempts = { written: [], refused: [], errors: [] };
  for (const [name, object] of Object.entries({ session, client: session.client, service: session.service })) {
    for (const property of propertiesOf(object)) {
      const path = `${name}.${property}`;
      try {
        // As a plugin in JavaScript would, which no type keeps from it.
        (object as unknown as Record<string, unknown>)[property] = forged;
        attempts.written.push(path);
      } catch (error) {
        attempts.refused.push(path);
        attempts.errors.push(error);
      }
    }
  }
  return attempts;
}

type Access = ConfigInput['services'][string]['access'];

/** Asks by way of a chainer that does what the built-in one does, with `meddle` before it connects and once it has. */
async function audit(meddle: (session: Session) => void, access: Access = []) {
  const network = createMemoryNetwork();
  const origin = await startOrigin(network, address('127.0.0.1', 8000), 'origin');
  const create = (_: object, { establishConnection }: ChainerDeps) => ({
    kind: 'meddling',
    async connectServer(session: Session) {
      meddle(session);
      try {
        return await establishConnection(session, undefined, inetAddr('127.0.0.1', 8000)!);
      } finally {
        meddle(session);
      }
    },
  });
  const plugin = definePlugin({ provides: 'chainer', kind: 'meddling', schema: z.strictObject({}), create });
  const config: ConfigInput = {
    plugins: [plugin],
    listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
    services: { browser: { mode: 'forward', access, routes: [{ chainer: { type: 'meddling' } }] } },
  };
  const lines: object[] = [];
  const codes: (ProxyErrorCode | undefined)[] = [];
  const info = (fields: object) => void lines.push(fields);
  const logger = { debug: () => {}, warn: () => {}, error: () => {}, info };
  const onSession = ({ error }: SessionRecord) => void codes.push(error?.code);
  const inband = await createInband(config, { transport: network.transport(), logger, onSession });
  const head = 'GET http://127.0.0.1:8000/x HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nConnection: close\r\n\r\n';
  await exchange(network, '127.0.0.1', listening, head);
  await inband.close();
  await origin.close();
  return { line: stable(lines.at(-1)), codes };
}

/** An access line without what differs from one time to the next. */
function stable(line: object = {}): object {
  const changing = ['id', 'session', 'ms', 'waitMs', 'attempts'];
  return Object.fromEntries(Object.entries(line).filter(([name]) => !changing.includes(name)));
}

test.each<[string, Access, ProxyErrorCode | undefined]>([
  ['lets through', [], undefined],
  ['denies', [{ deny: { servers: ['loopback'] } }], 'destination_ip_prohibited'],
] as const)(
  'a chainer that tries to write each property of a session that policy %s fails, and the audit line stays true',
  async (_, access, code) => {
    const honest = await audit(() => {}, access);
    const attempts: Attempts[] = [];
    const meddled = await audit((session) => void attempts.push(writeAll(session)), access);
    expect(honest.codes).toEqual([code]);
    expect(honest.line).toMatchObject({ target: 'http://127.0.0.1:8000/x', server: '127.0.0.1:8000' });
    expect(meddled).toEqual(honest);
    expect(attempts).toHaveLength(2);
    for (const { written, refused, errors } of attempts) {
      expect(written).toEqual([]);
      expect(refused).toEqual(expect.arrayContaining(auditedPaths));
      for (const error of errors) expect(error).toBeInstanceOf(TypeError);
    }
  },
);

test('what policy decided cannot be changed in place, nor the route that was chosen', async () => {
  const thrown: unknown[] = [];
  const meddled = await audit(({ decision, route }) => {
    for (const shared of [decision, route]) {
      try {
        if (shared !== undefined) Object.assign(shared, { rule: 'forged', name: 'forged' });
      } catch (error) {
        thrown.push(error);
      }
    }
  });
  // The route twice, the decision once it was made.
  expect(thrown.map((error) => error instanceof TypeError)).toEqual([true, true, true]);
  expect(meddled.line).toEqual((await audit(() => {})).line);
});

test('the entry for plugins has nothing that writes a session', () => {
  expect(Object.keys(entry)).toContain('Session');
  expect(Object.keys(entry).filter((name) => /writer/i.test(name))).toEqual([]);
});

test('what a chainer remembers about a session is its own to write', async () => {
  const notes: unknown[] = [];
  await audit((session) => {
    notes.push(session.chainerNote);
    session.chainerNote = 'mine';
  });
  expect(notes).toEqual([undefined, 'mine']);
});
