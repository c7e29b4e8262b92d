import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { askAdmin } from '../../test-support/admin-client.ts';
import { startAdminProgram } from '../../test-support/program-with-admin.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const LONG = { timeout: 20_000, interval: 200 };

const configOf = (workers: number): string => `
workers: ${workers}
admin: { bind: "127.0.0.1:0", anonymous: change }
listeners: [{ bind: "127.0.0.1:0", service: web }]
services:
  web: { mode: forward, routes: [{ chainer: { type: inband } }] }
`;

/** Starts a program, and returns what changes its configuration. */
async function startChanging(workers: number) {
  const started = await startAdminProgram(configOf(workers));
  const { admin } = started;
  const current = async () => (await askAdmin(admin, ['GET', '/config'])).body;
  const change = async (patch: object, query = '', ifMatch?: string) => {
    const headers = { 'if-match': ifMatch ?? `"${String((await current()).hash)}"` };
    return askAdmin(admin, ['PATCH', `/config${query}`], { body: patch, headers });
  };
  const effective = async () => (await current()).effective;
  return { ...started, current, change, effective };
}

describe.each([1, 2])('a change of the configuration of %i process(es)', (workers) => {
  test('lies over the file, is told, survives a reload, and can be taken back', async () => {
    const { admin, file, program, current, change, effective } = await startChanging(workers);
    const before = await current();
    expect(before).toMatchObject({ file, overlays: [], effective: { services: { web: { mode: 'forward' } } } });
    const changed = await change({
      services: { other: { mode: 'reverse', routes: [{ chainer: { type: 'directed', remote: 'h:1' } }] } },
    });
    expect(changed).toMatchObject({
      status: 200,
      headers: { etag: expect.stringMatching(/^"[0-9a-f]{20}"$/) },
      body: {
        overlay: { id: 'o1', by: 'anonymous' },
        reloaded: { generation: 2, added: expect.arrayContaining([{ kind: 'service', name: 'services.other' }]) },
      },
    });
    expect(await program.logged('the configuration was changed by the admin API')).toMatchObject({ overlay: 'o1' });
    expect(await askAdmin(admin, ['GET', '/config/overlays/o1.json'])).toMatchObject({
      body: { services: { other: { mode: 'reverse' } } },
    });
    // Every worker has it.
    const { body: pools } = await askAdmin(admin, ['GET', '/pools']);
    expect(pools).toMatchObject({ pools: [{ name: 'services.other.routes[0].chainer' }], missing: [] });
    await writeFile(file, `${configOf(workers)}limits: { connections: 77 }\n`);
    expect(await askAdmin(admin, ['POST', '/reload'])).toMatchObject({ status: 200 });
    expect(await effective()).toMatchObject({ limits: { connections: 77 }, services: { other: { mode: 'reverse' } } });
    expect(await askAdmin(admin, ['DELETE', '/config/overlays/o1'])).toMatchObject({
      status: 200,
      body: { overlay: { id: 'o1' } },
    });
    expect(await current()).toMatchObject({ overlays: [], effective: { services: { web: {} } } });
    expect(await askAdmin(admin, ['GET', '/pools'])).toMatchObject({ body: { pools: [] } });
    expect(await askAdmin(admin, ['DELETE', '/config/overlays/o1'])).toMatchObject({ status: 404 });
  });
});

test('a change that is wrong, stale or not for the API is refused, and nothing changes', async () => {
  const { admin, current, change } = await startChanging(2);
  const before = await current();
  expect(await change({ services: { web: { mode: 'sideways' } } })).toMatchObject({
    status: 422,
    body: { setting: 'services.web.mode', problems: [expect.stringContaining('"forward"')] },
  });
  expect(await change({ limits: { connections: 5 } }, '', '"stale"')).toMatchObject({ status: 412 });
  expect(await askAdmin(admin, ['PATCH', '/config'], { body: { limits: {} } })).toMatchObject({ status: 428 });
  expect(await change({ plugins: ['/tmp/x.mjs'] })).toMatchObject({ status: 422, body: { setting: 'plugins' } });
  expect(await change({ tracing: { sdk: '/tmp/x.mjs' } })).toMatchObject({ status: 422, body: { setting: 'tracing' } });
  expect(await change({ log: { file: '/tmp/x' } })).toMatchObject({ status: 422, body: { setting: 'log.file' } });
  expect(await change({ admin: null })).toMatchObject({ status: 422, body: { setting: 'admin' } });
  expect(await change({ transport: 'node' })).toMatchObject({ status: 422, body: { setting: 'transport' } });
  expect(await change({ limits: {} }, '?expires=1y')).toMatchObject({ status: 400 });
  expect(await change({ limits: {} }, '?expires=8d')).toMatchObject({ status: 400 });
  expect(await current()).toEqual(before);
});

test('a change that does not fit the file any more is dropped, and told', async () => {
  const { admin, file, program, change, current } = await startChanging(1);
  await change({ services: { web: { http: { maxBody: '1KiB' } } } });
  const without = (await readFile(file, 'utf8')).replaceAll('web', 'renamed');
  await writeFile(file, without);
  expect(await askAdmin(admin, ['POST', '/reload'])).toMatchObject({ status: 200 });
  expect(await program.logged('a change of the configuration does not fit any more, and is dropped')).toMatchObject({
    overlay: 'o1',
  });
  expect(await current()).toMatchObject({ overlays: [] });
});

test('a change is taken back when its time is over', async () => {
  const { program, change, effective } = await startChanging(1);
  await change({ limits: { connections: 5 } }, '?expires=1s');
  expect(await program.logged('a change of the configuration was taken back')).toMatchObject({
    overlay: 'o1',
    why: 'its time is over',
  });
  await vi.waitFor(async () => expect(await effective()).not.toHaveProperty('limits'), LONG);
});
