import {
  type ConfigInput,
  createInband,
  definePlugin,
  type InbandOptions,
  type MaybePromise,
  ProxyError,
  type ServerConnection,
  z,
} from 'inband';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, vi } from 'vitest';
import { testTransport } from '../support/transport.ts';
import { e2e, forward, type Lab, type LabOrigin } from './lab.ts';
import { RawClient } from './raw-client.ts';

declare module 'inband' {
  interface ChainerKinds {
    moody: object;
  }
}

const ROUNDS = 10;

function broken(): never {
  throw new Error('broken by the test: s3cret');
}

/** Starts a proxy whose callbacks are the test's; every test is leak-checked. */
async function start(lab: Lab, options: InbandOptions, config: ConfigInput = forward()) {
  const counted: InbandOptions['onSession'] = (record) => {
    lab.records += 1;
    return options.onSession?.(record);
  };
  const inband = await createInband({ transport: testTransport, ...config }, { ...options, onSession: counted });
  lab.defer(() => inband.close({ grace: 0 }));
  const address = inband.listeners[0]?.address;
  return { inband, port: address === undefined || address.family === 'unix' ? 0 : address.port };
}

/** Requests on one connection, one after the other, then a tunnel. */
async function use(port: number, origin: LabOrigin): Promise<void> {
  const client = await RawClient.connect(port);
  for (let round = 0; round < ROUNDS; round += 1) {
    client.sendHead(`GET ${origin.url}/${round} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
    expect(await client.until(`you asked for /${round}`)).toMatch(/^HTTP\/1\.1 200 /);
  }
  client.socket.end();
  await client.closed;
  const tunnel = await RawClient.connect(port);
  tunnel.sendHead(`CONNECT 127.0.0.1:${origin.port} HTTP/1.1`, `Host: 127.0.0.1:${origin.port}`);
  expect(await tunnel.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  tunnel.sendHead('GET /inside HTTP/1.1', 'Host: h', 'Connection: close');
  expect(await tunnel.toEnd()).toContain('you asked for /inside');
  tunnel.socket.end();
  await tunnel.closed;
}

function echoingOrigin(lab: Lab): Promise<LabOrigin> {
  return lab.origin((req, res) => void res.end(`you asked for ${req.url}`));
}

describe('onSession', () => {
  for (const [how, onSession] of [
    ['throws', broken],
    ['rejects', async () => broken()],
  ] as const) {
    e2e(`that ${how} is a logged defect: clients get their answers, and no socket is left`, async (lab) => {
      const server = await echoingOrigin(lab);
      const defects: unknown[] = [];
      const nothing = (): void => {};
      const logger = {
        debug: nothing,
        info: nothing,
        warn: nothing,
        error: (fields: object, message: string) => void defects.push([message, fields]),
      };
      // oxlint-disable-next-line typescript/no-misused-promises -- what this is about
      const { port, inband } = await start(lab, { onSession, logger });
      await use(port, server);
      await vi.waitUntil(() => defects.length === ROUNDS + 1, { interval: 1, timeout: 10_000 });
      expect(new Set(defects.map((defect) => (defect as string[])[0]))).toEqual(
        new Set(['defect of a session listener']),
      );
      // One server connection for all of the requests: it went back to the pool each time. One for the tunnel.
      expect(server.connections).toHaveLength(2);
      await inband.close();
    });
  }
});

describe('a logger', () => {
  e2e('that throws at everything changes nothing for clients', async (lab) => {
    const server = await echoingOrigin(lab);
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', warned);
    lab.defer(() => process.off('warning', warned));
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    const { port } = await start(lab, { logger, onSession: broken }, { ...forward(), log: { access: true } });
    await use(port, server);
    await vi.waitUntil(() => warnings.length > 0, { interval: 1, timeout: 10_000 });
    expect(warnings).toEqual([expect.stringContaining('The logger that was given to Inband threw')]);
  });
});

/** A server connection that cannot be given back. */
async function keeping(pending: MaybePromise<ServerConnection>): Promise<ServerConnection> {
  const { connection, remote, local, reused } = await pending;
  return { connection, remote, local, reused, release: broken, destroy: broken };
}

describe('a plugin', () => {
  /** Each of its moments that can throw does when the host says so. */
  const moody = definePlugin<object>({
    provides: 'chainer',
    kind: 'moody',
    schema: z.strictObject({}),
    create: (_options, deps) => ({
      kind: 'moody',
      connectServer(session, host, port) {
        switch (host) {
          case 'throws':
            return broken();
          case 'rejects':
            return Promise.reject(new Error('broken by the test: s3cret'));
          case 'rejects-with-nothing':
            // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- plugins do
            return Promise.reject(Object.create(null));
          case 'denies':
            return Promise.reject(new ProxyError('http_request_denied', 'Not at this hour.'));
          case 'throws-when-aborted':
            session.addEventListener('abort', broken);
            return Promise.reject(new ProxyError('dns_error', 'There is no such name.'));
          case 'keeps':
            return keeping(
              deps.establishConnection(session, undefined, { family: 'inet', address: '127.0.0.1', port }),
            );
          default:
            return deps.establishConnection(session, undefined, { family: 'inet', address: '127.0.0.1', port });
        }
      },
      close: broken,
    }),
  });
  const config: ConfigInput = {
    plugins: [moody],
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: { browser: { mode: 'forward', http: { connectPorts: 'any' }, routes: [{ chainer: { type: 'moody' } }] } },
  };

  e2e.each([
    ['throws', 500],
    ['rejects', 500],
    ['rejects-with-nothing', 500],
    ['denies', 403],
    ['throws-when-aborted', 502],
  ] as const)('that %s gets its client an answer, %d, and no word of its exception', async (lab, [host, status]) => {
    const server = await echoingOrigin(lab);
    const { port, inband } = await start(lab, {}, config);
    const client = await RawClient.connect(port);
    client.sendHead(`GET http://${host}/ HTTP/1.1`, `Host: ${host}`, 'Connection: close');
    const answer = await client.toEnd();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toContain('s3cret');
    client.socket.end();
    await client.closed;
    await use(port, server);
    await inband.close();
    const again = connect(port, '127.0.0.1');
    await once(again, 'error');
  });

  e2e('whose server connections cannot be given back: clients go on, and the sockets are closed', async (lab) => {
    const server = await echoingOrigin(lab);
    const { port } = await start(lab, {}, config);
    const client = await RawClient.connect(port);
    for (let round = 0; round < ROUNDS; round += 1) {
      client.sendHead(`GET http://keeps:${server.port}/${round} HTTP/1.1`, `Host: keeps:${server.port}`);
      expect(await client.until(`you asked for /${round}`)).toMatch(/^HTTP\/1\.1 200 /);
    }
    client.socket.end();
    await client.closed;
    await vi.waitUntil(() => server.connections.every(({ destroyed }) => destroyed), { interval: 1, timeout: 10_000 });
    expect(server.connections).toHaveLength(ROUNDS);
  });
});
