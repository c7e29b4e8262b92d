import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { askAdmin } from '../../test-support/admin-client.ts';
import { type Program, startProgram } from '../../test-support/program.ts';

// Programs are started, which takes seconds on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-admin-'));
});
afterAll(() => rm(folder, { recursive: true }));

const config = (admin: string, more = ''): string => `
admin: ${admin}
listeners: [{ bind: "127.0.0.1:0", service: browser }]
services: { browser: { mode: forward, routes: [{ chainer: { type: inband } }] } }
${more}
`;

interface Started {
  readonly program: Program;
  readonly file: string;
  /** Of the admin server. */
  readonly address: string;
}

async function start(name: string, text: string): Promise<Started> {
  const file = join(folder, name);
  await writeFile(file, text);
  const program = startProgram(['--config', file]);
  onTestFinished(async () => {
    program.kill('SIGTERM');
    expect(await program.ended).toMatchObject({ status: 0 });
  });
  const [{ address }] = await program.during(
    Promise.all([program.logged('the admin server listens'), program.logged('listening')]),
  );
  return { program, file, address: String(address) };
}

describe.each([1, 2])('the admin server beside %i process(es) that serve clients', (workers) => {
  test('says that it is ready, reloads with the difference, and drains', async () => {
    const text = config('{ bind: "127.0.0.1:0", anonymous: operate }', `workers: ${workers}`);
    const { program, file, address } = await start(`whole-${workers}.yaml`, text);
    const ready = await askAdmin(address, ['GET', '/health/ready']);
    expect(ready).toMatchObject({
      status: 200,
      body: { status: 'ready', reasons: [], listeners: [{ name: 'browser', state: 'listening' }] },
    });
    await writeFile(file, `${text}\nshutdown: { grace: 20s }\n`);
    const reloaded = await askAdmin(address, ['POST', '/reload']);
    expect(reloaded).toMatchObject({ status: 200, body: { generation: 2, changed: [{ name: 'shutdown' }] } });
    const { body } = await askAdmin(address, ['GET', '/generations']);
    const numbers = workers === 1 ? [0] : [1, 2];
    expect(body).toMatchObject({
      missing: [],
      workers: numbers.map((worker) => ({ worker, generations: [{ number: 2, state: 'current' }] })),
    });
    if (workers > 1) {
      const [, first = 0] = await program.processes();
      process.kill(first, 'SIGKILL');
      await program.during(program.logged('restarted'));
      expect((await askAdmin(address, ['GET', '/generations'])).body).toEqual({
        missing: [],
        workers: numbers.map((worker) => ({ worker, generations: [expect.objectContaining({ number: 2 })] })),
      });
    }
    expect(await askAdmin(address, ['POST', '/drain'])).toMatchObject({ status: 202, body: { grace: 20_000 } });
    expect(await program.ended).toMatchObject({ status: 0 });
  });

  test('is not ready while every server of a required pool is taken out', async () => {
    const pool = '{ type: pool, servers: ["127.0.0.1:1"], required: true }';
    const text = config('{ bind: "127.0.0.1:0", anonymous: operate }', `workers: ${workers}`);
    const { address } = await start(`required-${workers}.yaml`, text.replace('{ type: inband }', pool));
    expect(await askAdmin(address, ['GET', '/health/ready'])).toMatchObject({ status: 200 });
    const place = 'services.browser.routes[0].chainer';
    const server = `/pools/${encodeURIComponent(place)}/servers/127.0.0.1:1`;
    expect(await askAdmin(address, ['POST', `${server}/drain`])).toMatchObject({ status: 200 });
    expect(await askAdmin(address, ['GET', '/health/ready'])).toMatchObject({
      status: 503,
      body: { status: 'not-ready', reasons: [`no server of ${place} is up`] },
    });
    expect(await askAdmin(address, ['GET', '/health/live'])).toMatchObject({ status: 200 });
    await askAdmin(address, ['POST', `${server}/undrain`]);
    expect(await askAdmin(address, ['GET', '/health/ready'])).toMatchObject({ status: 200 });
  });

  test('refuses a file with errors, says what is wrong, and nothing changes', async () => {
    const text = config('{ bind: "127.0.0.1:0", anonymous: operate }', `workers: ${workers}`);
    const { file, address } = await start(`refused-${workers}.yaml`, text);
    await writeFile(file, `${text}\nshutdown: { grase: 20s }\n`);
    const { status, body } = await askAdmin(address, ['POST', '/reload']);
    expect(status).toBe(422);
    expect(body).toMatchObject({
      setting: 'shutdown.grase',
      problems: [expect.stringContaining('did you mean "grace"?')],
    });
    expect(await askAdmin(address, ['GET', '/health/ready'])).toMatchObject({ status: 200 });
  });
});

test.each([1, 2])(
  'with %i process(es), a reload whose address is taken is refused with that reason',
  async (workers) => {
    const text = config('{ bind: "127.0.0.1:0", anonymous: operate }', `workers: ${workers}`);
    const { file, address } = await start(`taken-${workers}.yaml`, text);
    // The admin server has this one.
    await writeFile(file, text.replace('[{ bind: "127.0.0.1:0"', `[{ bind: "${address}"`));
    const reason = 'another process listens there';
    expect(await askAdmin(address, ['POST', '/reload'])).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining(reason), problems: [expect.stringContaining(reason)] },
    });
    expect(await askAdmin(address, ['GET', '/health/ready'])).toMatchObject({ status: 200 });
  },
);

test('a unix socket has the mode 0600, belongs to one program, and goes with it', async () => {
  const socket = join(folder, 'admin.sock');
  const text = config(`{ bind: "unix:${socket}" }`);
  const first = await start('socket.yaml', text);
  const { mode } = await stat(socket);
  expect(mode & 0o777).toBe(0o600);
  const other = startProgram(['--config', first.file]);
  expect(await other.ended).toMatchObject({ status: 1, stderr: expect.stringContaining('another process listens') });
  expect(await askAdmin(first.address, ['POST', '/drain'])).toMatchObject({ status: 202 });
  await first.program.ended;
  await expect(stat(socket)).rejects.toThrow('ENOENT');
});

test('a worker that does not answer is named, and nobody waits for it', async () => {
  const text = config('{ bind: "127.0.0.1:0" }', 'workers: 2');
  const { program, address } = await start('stopped.yaml', text);
  const [, first = 0] = await program.processes();
  process.kill(first, 'SIGSTOP');
  try {
    const { body } = await askAdmin(address, ['GET', '/generations']);
    expect(body.missing).toHaveLength(1);
    expect(body.workers).toHaveLength(1);
  } finally {
    process.kill(first, 'SIGCONT');
  }
  await vi.waitFor(async () => expect((await askAdmin(address, ['GET', '/generations'])).body.missing).toEqual([]), {
    timeout: 15_000,
  });
});
