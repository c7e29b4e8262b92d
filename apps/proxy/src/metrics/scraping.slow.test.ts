import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { describeRequiring, PYTHON } from '../../../../test/support/requires.ts';
import { type Program, startProgram } from '../../test-support/program.ts';

const operations = fileURLToPath(new URL('../../../../docs/operations/', import.meta.url));

/** Runs a command, and resolves with its exit status and all that it said. */
function run(command: string, argv: readonly string[], input = ''): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    const child = execFile(command, argv, { cwd: operations }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr }),
    );
    // A command that does not read its input may have ended by now.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

// For a slow machine.
vi.setConfig({ testTimeout: 120_000 });

let folder: string;
/** Requests for /held, until they are answered. */
const held: (() => void)[] = [];
const origin = createServer(({ url }, response) => {
  const answer = (): void => void response.end('x'.repeat(1_000));
  if (url === '/held') held.push(answer);
  else answer();
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inband-metrics-'));
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  origin.close();
  origin.closeAllConnections();
  await rm(folder, { recursive: true });
});

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

interface Counting {
  readonly program: Program;
  readonly file: string;
  /** Asks the proxy for the origin, `times` times, each on a connection of its own. */
  readonly ask: (times: number, method?: string) => Promise<void>;
  /** The same once, for what the origin does not answer yet. */
  readonly askHeld: () => Promise<void>;
  /** Resolves with the metrics in the format that `accept` asks for. */
  readonly scrape: (accept?: string) => Promise<string>;
  readonly stats: () => Promise<unknown>;
}

async function start(workers: number): Promise<Counting> {
  const file = join(folder, `${workers}.yaml`);
  const text = `
admin: { bind: "127.0.0.1:0" }
workers: ${workers}
metrics: { hosts: 2 }
listeners: [{ bind: "127.0.0.1:0", service: web }]
services:
  web:
    mode: reverse
    access: [{ deny: { methods: PUT } }]
    routes: [{ chainer: { type: failover, hosts: ["127.0.0.1:${portOf(origin.address())}"] } }]
`;
  await writeFile(file, text);
  const program = startProgram(['--config', file]);
  const [admin, proxy] = await program.during(
    Promise.all([program.logged('the admin server listens'), program.logged('listening')]),
  );
  const port = Number(String(proxy.address).split(':').at(-1));
  const scrape = (accept = '*/*', path = '/metrics') =>
    new Promise<string>((resolve, reject) => {
      get(`http://${String(admin.address)}${path}`, { headers: { accept } }, (response) => {
        const type = response.headers['content-type'] ?? '';
        if (accept !== '*/*' && !type.startsWith(accept)) reject(new Error(`It is ${type}.`));
        let body = '';
        response.setEncoding('utf8').on('data', (more: string) => (body += more));
        response.on('end', () => resolve(body));
      }).on('error', reject);
    });
  const askOnce = (method: string, path = '/') =>
    new Promise<void>((resolve, reject) => {
      request({ host: '127.0.0.1', port, method, path, agent: false }, (response) =>
        response.resume().on('end', resolve),
      )
        .on('error', reject)
        .end();
    });
  return {
    program,
    file,
    ask: async (times, method = 'GET') => {
      for (let left = times; left > 0; left -= 1) await askOnce(method);
    },
    askHeld: () => askOnce('GET', '/held'),
    scrape,
    stats: async () => JSON.parse(await scrape('*/*', '/stats')),
  };
}

async function end({ program }: Counting): Promise<void> {
  program.kill('SIGTERM');
  expect(await program.ended).toMatchObject({ status: 0 });
}

/** The value of a series in the format of Prometheus, whatever its other labels; the sum if there are several. */
function valueOf(text: string, name: string, ...labels: readonly string[]): number {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const wanted = lines.filter((line) => labels.every((label) => line.includes(label)));
  return wanted.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** What the parsers of Prometheus' own Python client make of a text. */
const PARSE = `
import sys, json
module, = sys.argv[1:]
parser = __import__(module, fromlist=['x'])
families = list(parser.text_string_to_metric_families(sys.stdin.read()))
samples = [sample for family in families for sample in family.samples]
print(json.dumps({
  'families': sorted(family.name + ' ' + family.type for family in families),
  'exemplars': [sample.exemplar.labels['request_id'] for sample in samples if getattr(sample, 'exemplar', None)],
  'requests': sum(sample.value for sample in samples if sample.name == 'inband_requests_total'),
}))
`;

describe('one process', () => {
  let counting: Counting;
  beforeAll(async () => {
    counting = await start(1);
    await counting.ask(5);
    await counting.ask(1, 'PUT');
  });
  afterAll(() => end(counting));

  test('has its metrics at the admin address', async () => {
    const text = await counting.scrape();
    expect(valueOf(text, 'inband_requests_total', 'status="2xx"', 'verdict="accepted"')).toBe(5);
    const denied = ['rule="services.web.access[0]"', 'decision="deny"'];
    expect(valueOf(text, 'inband_access_decisions_total', ...denied)).toBe(1);
    const connected = ['chainer="failover"', `server="127.0.0.1:${portOf(origin.address())}"`, 'outcome="connected"'];
    expect(valueOf(text, 'inband_connect_attempts_total', ...connected)).toBeGreaterThan(0);
    expect(valueOf(text, 'inband_worker_up', 'worker="0"')).toBe(1);
    expect(text).not.toContain('worker="supervisor"');
    expect(await counting.stats()).toMatchObject({
      totals: { requests: 6, denials: 1 },
      workers: [{ worker: '0', state: 'up' }],
    });
  });

  describeRequiring({ commands: ['promtool'] }, 'and promtool', () => {
    test('finds nothing wrong with them', async () => {
      const text = await counting.scrape('text/plain');
      expect(await run('promtool', ['check', 'metrics'], text)).toEqual({ status: 0, output: '' });
    });
  });

  describeRequiring({ pythonModules: ['prometheus_client'] }, "and the parsers of Prometheus' Python client", () => {
    test.each([
      ['Prometheus', 'prometheus_client.parser', 'text/plain', []],
      [
        'OpenMetrics',
        'prometheus_client.openmetrics.parser',
        'application/openmetrics-text',
        expect.arrayContaining([expect.stringMatching(/^[0-9a-z]{8}-\d+$/)]),
      ],
    ])('read the format of %s', async (_format, parser, accept, exemplars) => {
      const { status, output } = await run(PYTHON, ['-c', PARSE, parser], await counting.scrape(accept));
      expect({ status, output }).toMatchObject({ status: 0 });
      const families = expect.arrayContaining(['inband_requests counter', 'inband_first_byte_seconds histogram']);
      expect(JSON.parse(output)).toMatchObject({ requests: 6, families, exemplars });
    });
  });
});

describe('several workers', () => {
  let counting: Counting;
  beforeAll(async () => (counting = await start(2)));
  afterAll(() => end(counting));

  type Series = readonly [name: string, ...labels: string[]];
  const REQUESTS: Series = ['inband_requests_total'];
  const RELOADS: Series = ['inband_reloads_total', 'outcome="done"'];
  const RESTARTS: Series = ['inband_worker_restarts_total'];

  const valueNow = async (of: Series): Promise<number> => valueOf(await counting.scrape(), ...of);
  const becomes = (count: number, of: Series) =>
    vi.waitFor(async () => expect(await valueNow(of)).toBe(count), { timeout: 60_000, interval: 200 });

  /** Reloads with the configuration changed like that. */
  async function reloadWith(change: (text: string) => string): Promise<void> {
    const { program, file } = counting;
    const before = await valueNow(RELOADS);
    await writeFile(file, change(await readFile(file, 'utf8')));
    program.kill('SIGHUP');
    await becomes(before + 1, RELOADS);
  }

  /** Reloads with so many workers, unless there are to be as many. */
  async function resize(to: 1 | 2): Promise<void> {
    const { program, file } = counting;
    if ((await readFile(file, 'utf8')).includes(`workers: ${to}`)) return;
    await reloadWith((text) => text.replace(/workers: \d/, `workers: ${to}`));
    if (to === 2) await program.during(program.logged('restarted'));
  }

  test('have counters that go on over a reload', async () => {
    const before = await valueNow(REQUESTS);
    await counting.ask(3);
    await reloadWith((text) => (text.includes('PUT') ? text.replace('PUT', 'DELETE') : text.replace('DELETE', 'PUT')));
    await counting.ask(3);
    expect(await valueNow(REQUESTS)).toBe(before + 6);
  });

  test('do not delay a scrape by one that hangs', async () => {
    const before = await valueNow(REQUESTS);
    const [, worker = 0] = await counting.program.processes();
    process.kill(worker, 'SIGSTOP');
    onTestFinished(() => void process.kill(worker, 'SIGCONT'));
    expect(await valueNow(REQUESTS)).toBe(before);
    // It hangs all the while: the supervisor ends it only after seconds.
    expect(await readFile(`/proc/${worker}/status`, 'utf8')).toMatch(/^State:\tT/m);
  });

  test('lose nothing of what was counted by one that is killed, and the next one goes on', async () => {
    const { program, ask, scrape, stats } = counting;
    const restarts = await valueNow(RESTARTS);
    const before = await scrape();
    const requests = valueOf(before, ...REQUESTS);
    const sent: Series = ['inband_content_bytes_total', 'direction="out"'];
    await ask(14);
    const [, worker = 0] = await program.processes();
    process.kill(worker, 'SIGKILL');
    // From memory, while nobody counts.
    expect(await valueNow(REQUESTS)).toBe(requests + 14);
    await program.during(program.logged('restarted'));
    await ask(20);
    const after = await scrape();
    expect(valueOf(after, ...REQUESTS)).toBe(requests + 34);
    expect(valueOf(after, ...sent)).toBe(valueOf(before, ...sent) + 34_000);
    await becomes(restarts + 1, RESTARTS);
    expect(await stats()).toMatchObject({
      totals: { requests: requests + 34, restarts: restarts + 1 },
      workers: [{ worker: 'supervisor' }, { worker: '1', state: 'up' }, { worker: '2', state: 'up' }],
    });
  });

  test('are not missed when there are to be fewer, and what they have counted stays', async () => {
    const { program, scrape } = counting;
    await resize(2);
    const before = await valueNow(REQUESTS);
    await resize(1);
    await program.during(program.logged('a worker has finished'));
    const text = await scrape();
    expect(valueOf(text, 'inband_worker_up')).toBe(2);
    expect(valueOf(text, 'inband_worker_up', 'worker="2"')).toBe(0);
    expect(valueOf(text, 'inband_worker_memory_bytes', 'worker="2"')).toBe(0);
    expect(valueOf(text, ...REQUESTS)).toBe(before);
  });

  test('that come back while one of the same number finishes have memory of their own', async () => {
    const isUp = (worker: number): Series => ['inband_worker_up', `worker="${worker}"`];
    const letGo = (): void => {
      for (const answer of held.splice(0)) answer();
    };
    onTestFinished(letGo);
    await resize(1);
    await becomes(2, ['inband_worker_up']);
    await resize(2);
    await becomes(1, isUp(2));
    const before = await valueNow(REQUESTS);
    // So many that both have some.
    const asked = Promise.all(Array.from({ length: 32 }, counting.askHeld));
    await vi.waitFor(() => expect(held).toHaveLength(32));
    await resize(1);
    await resize(2);
    await becomes(1, isUp(3));
    expect(await valueNow(['inband_worker_up'])).toBe(4);
    letGo();
    await asked;
    await becomes(0, isUp(2));
    await becomes(1, isUp(3));
    expect(await valueNow(REQUESTS)).toBe(before + 32);
  });
});

describeRequiring({ commands: ['promtool'] }, 'the alert rules', () => {
  test('are right for promtool, and each fires when it should', async () => {
    const checked = await run('promtool', ['check', 'rules', 'alerts.yml']);
    expect(checked.output).toContain('SUCCESS');
    const tested = await run('promtool', ['test', 'rules', 'alerts.test.yml']);
    expect(tested).toMatchObject({ status: 0, output: expect.stringContaining('SUCCESS') });
  });
});
