import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { textOf } from './bodies.ts';
import { e2e, type Lab, reverse } from './lab.ts';
import { startProgram } from './program.ts';

async function folderOf(lab: Lab): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'inband-unix-'));
  lab.defer(() => rm(folder, { recursive: true }));
  return folder;
}

/** What the proxy behind a unix socket answers. */
async function ask(socketPath: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const asking = request({ socketPath, path: '/', host: 'origin.example', agent: false }, (response) => {
    textOf(response).then(resolve, reject);
  });
  asking.on('error', reject);
  asking.end();
  return promise;
}

e2e(
  'the end of an old program leaves the socket file of the new one, and the old one says that its own is gone',
  async (lab) => {
    const path = join(await folderOf(lab), 'proxy.sock');
    const origin = await lab.origin((_request, response) => response.end('answered'));
    const { services } = reverse({ type: 'directed', remote: `127.0.0.1:${origin.port}` });
    const config = { listeners: [{ bind: `unix:${path}`, service: 'web', mode: '0600' }], services };
    const old = await startProgram(lab, config);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await ask(path)).toBe('answered');
    await rm(path);
    const young = await startProgram(lab, config);
    const [gone] = await old.logged(
      'the socket file of a listener is gone, or is another process’s: no client gets here; restart to make it anew',
    );
    expect(gone).toMatchObject({ level: 'error', address: `unix:${path}` });
    old.kill('SIGTERM');
    expect(await old.ended).toMatchObject({ status: 0 });
    expect(await ask(path)).toBe('answered');
    young.kill('SIGTERM');
    expect(await young.ended).toMatchObject({ status: 0 });
    expect(await readdir(join(path, '..'))).toEqual([]);
  },
);

e2e('an abstract name serves, and is free again at once', async (lab) => {
  if (process.platform !== 'linux') return;
  const name = `inband-e2e-${process.pid}`;
  const origin = await lab.origin((_request, response) => response.end('answered'));
  const { services } = reverse({ type: 'directed', remote: `127.0.0.1:${origin.port}` });
  const config = { listeners: [{ bind: `unix:@${name}`, service: 'web' }], services };
  for (let times = 0; times < 2; times += 1) {
    const program = await startProgram(lab, config);
    expect(await program.logged('listening')).toMatchObject([{ address: `unix:@${name}` }]);
    expect(await ask(`\0${name}`)).toBe('answered');
    program.kill('SIGTERM');
    await program.ended;
  }
});
