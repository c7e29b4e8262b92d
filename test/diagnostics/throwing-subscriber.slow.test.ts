import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Run as a process of its own, because what a subscriber throws is raised again there. */
const PROGRAM = `
  import { createInband, createMemoryNetwork, diagnostics } from 'inband';

  const raised = [];
  process.on('uncaughtException', (error) => raised.push(error.message));
  const heard = [];
  for (const channel of Object.values(diagnostics)) {
    channel.subscribe(() => {
      throw new Error('a subscriber');
    });
    channel.subscribe(() => heard.push(1));
  }
  const network = createMemoryNetwork();
  const address = (port) => ({ family: 'inet', address: '127.0.0.1', port });
  const answer = Buffer.from('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok');
  await network.transport().listen(address(8000), {}, (connection) => {
    connection.handler = { data: () => connection.write(answer), drained() {}, ended: () => connection.end(), closed() {} };
    connection.resume();
  });
  const config = {
    listeners: [{ bind: '127.0.0.1:3128', service: 'browser' }],
    services: { browser: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
  };
  const errors = [];
  const logger = { debug() {}, info() {}, warn: (_, text) => errors.push(text), error: (_, text) => errors.push(text) };
  const inband = await createInband(config, { transport: network.transport(), logger });
  let received = '';
  await new Promise((resolve) => {
    network.transport().connect(address(3128), {}, (error, connection) => {
      connection.handler = {
        data: (bytes, start, end) => {
          received += bytes.toString('latin1', start, end);
          if (received.endsWith('ok')) connection.end();
        },
        drained() {},
        ended: () => connection.end(),
        closed: resolve,
      };
      connection.resume();
      connection.write(Buffer.from('GET http://127.0.0.1:8000/ HTTP/1.1\\r\\nHost: 127.0.0.1:8000\\r\\n\\r\\n'));
    });
  });
  await inband.close();
  await new Promise((resolve) => setImmediate(resolve));
  const onlyThose = raised.every((message) => message === 'a subscriber');
  console.log(JSON.stringify({ status: received.slice(9, 12), raised: raised.length, heard: heard.length, onlyThose, errors }));
`;

test('what a subscriber throws is raised by Node.js later, and neither the session nor other subscribers notice', async () => {
  const line = ['--input-type=module', '--eval', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, line, { cwd: import.meta.dirname });
  const { status, raised, heard, onlyThose, errors } = JSON.parse(stdout) as Record<string, unknown>;
  expect({ status, onlyThose, errors }).toEqual({ status: '200', onlyThose: true, errors: [] });
  expect(heard).toBeGreaterThan(10);
  expect(raised).toBe(heard);
});
