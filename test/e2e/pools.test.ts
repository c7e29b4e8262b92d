import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { describe, expect } from 'vitest';
import type { ConfigInput } from 'inband';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { textOf } from './bodies.ts';
import { e2e, type Lab, type LabProxy, reverse } from './lab.ts';

type Services = ConfigInput['services'];
type Chainer = NonNullable<NonNullable<Services[string]['routes']>[number]['chainer']>;
type PoolOptions = Omit<Extract<Chainer, { type: 'pool' }>, 'type' | 'servers'>;

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

async function ask(agent: Agent, port: number, method = 'GET', body = ''): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asking = request({ agent, host: '127.0.0.1', port, method, path: '/' }, (head) => {
    textOf(head).then((text) => resolve({ status: head.statusCode, body: text, headers: head.headers }), reject);
  });
  asking.on('error', reject).end(body);
  return promise;
}

/** How a server is dead. Each returns its port. */
const DEATHS: Readonly<Record<string, (lab: Lab) => Promise<number>>> = {
  refuses: () => freePort(),
  'accepts and resets': async (lab) => (await lab.tcpOrigin((socket) => socket.resetAndDestroy())).port,
  'resets each request': async (lab) => {
    const { port } = await lab.tcpOrigin((socket) => socket.once('data', () => socket.resetAndDestroy()));
    return port;
  },
  'is silent': async (lab) => (await lab.tcpOrigin((socket) => socket.resume())).port,
  'answers 503': async (lab) => (await lab.origin((_req, res) => void res.writeHead(503).end('busy'))).port,
  'answers 503 and closes': async (lab) => {
    const { port } = await lab.origin((_req, res) => {
      res.writeHead(503, { connection: 'close' }).end('busy');
    });
    return port;
  },
};

const PATIENT: PoolOptions = {
  balance: 'round-robin',
  retry: { on: ['connect', 'reset', 'timeout', 503], perTry: '150ms', budget: '100%' },
};

async function poolOf(lab: Lab, ports: readonly number[], options: PoolOptions = {}): Promise<LabProxy> {
  const servers = ports.map((port) => `127.0.0.1:${port}`);
  return lab.inband(reverse({ type: 'pool', servers, ...options }));
}

async function wellServer(lab: Lab): Promise<number> {
  return (await lab.origin((_req, res) => void res.end('well'))).port;
}

function agentOf(lab: Lab): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  lab.defer(() => agent.destroy());
  return agent;
}

describe('a pool of three', () => {
  for (const [death, die] of Object.entries(DEATHS)) {
    e2e(`fails no GET where one server ${death}`, async (lab) => {
      const ports = [await wellServer(lab), await die(lab), await wellServer(lab)];
      const proxy = await poolOf(lab, ports, PATIENT);
      const agent = agentOf(lab);
      const answers = await Promise.all(Array.from({ length: 40 }, () => ask(agent, proxy.port)));
      expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(Array(40).fill('200 well'));
    });
  }

  e2e('gives the client the answer that a server gave where no other has a better one', async (lab) => {
    const ports = [
      await DEATHS['answers 503 and closes']!(lab),
      await freePort(),
      await DEATHS['accepts and resets']!(lab),
    ];
    const proxy = await poolOf(lab, ports, PATIENT);
    const agent = agentOf(lab);
    for (let number = 0; number < 6; number += 1) {
      expect(await ask(agent, proxy.port)).toMatchObject({ status: 503, body: 'busy' });
    }
  });

  e2e('sends no POST twice, and each PUT with its body', async (lab) => {
    const asked: string[] = [];
    const origin = (status: number) =>
      lab.origin((req, res) => {
        void textOf(req).then((body) => {
          asked.push(`${req.method} ${body.length}`);
          res.writeHead(status).end('answered');
        });
      });
    const ports = [(await origin(503)).port, (await origin(200)).port];
    const proxy = await poolOf(lab, ports, PATIENT);
    const agent = agentOf(lab);
    const statuses: unknown[] = [];
    for (const method of ['PUT', 'PUT', 'POST', 'POST']) {
      statuses.push((await ask(agent, proxy.port, method, 'x'.repeat(60_000))).status);
    }
    expect(statuses.slice(0, 2)).toEqual([200, 200]);
    expect(asked.filter((one) => one === 'POST 60000')).toHaveLength(2);
    expect(asked.filter((one) => one === 'PUT 60000').length).toBeGreaterThan(2);
  });
});

e2e('a pool that hedges does not wait for one slow server', async (lab) => {
  let isSlow = false;
  const sometimes = await lab.origin((_req, res) => {
    if (!isSlow) res.end('well');
  });
  const ports = [sometimes.port, await wellServer(lab)];
  const proxy = await poolOf(lab, ports, { balance: 'round-robin', hedge: 'p95' });
  const agent = agentOf(lab);
  for (let number = 0; number < 40; number += 1) await ask(agent, proxy.port);
  isSlow = true;
  for (let number = 0; number < 6; number += 1) {
    expect(await ask(agent, proxy.port)).toMatchObject({ status: 200, body: 'well' });
  }
});

describe('limits of a pool', () => {
  e2e('let requests wait their turn, and answer 503 to those that wait too long or are too many', async (lab) => {
    let most = 0;
    let now = 0;
    const slow = await lab.origin((_req, res) => {
      most = Math.max(most, (now += 1));
      setTimeout(() => {
        now -= 1;
        res.end('well');
      }, 20);
    });
    const never = await lab.origin(() => {});
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    lab.defer(() => agent.destroy());
    const proxy = await poolOf(lab, [slow.port], { maxConnections: 2, queue: { timeout: '10s' } });
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(agent, proxy.port)));
    expect([answers.map(({ status }) => status), most]).toEqual([Array(10).fill(200), 2]);
    const full = await poolOf(lab, [never.port], { maxConnections: 1, queue: { size: 1, timeout: '50ms' } });
    void ask(agent, full.port).catch(() => {});
    while (never.connections.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const refused = await Promise.all([ask(agent, full.port), ask(agent, full.port)]);
    for (const { status, headers } of refused) {
      expect([status, headers['retry-after']]).toEqual([503, '1']);
      expect(headers['proxy-status']).toContain('connection_limit_reached');
    }
  });
});

describe('a pool behind another service', () => {
  const INSIDE: Services = { inside: { mode: 'transparent', http: { via: 'inside' } } };

  async function stacked(lab: Lab, ports: readonly number[], options: PoolOptions): Promise<LabProxy> {
    const servers = ports.map((port) => `127.0.0.1:${port}`);
    const pool: Chainer = { type: 'pool', servers, ...options };
    const config = reverse({ type: 'sidestack', service: 'inside', chainer: pool });
    return lab.inband({ ...config, services: { ...config.services, ...INSIDE } });
  }

  e2e('takes out a server that fails the service in between', async (lab) => {
    const ports = [await wellServer(lab), await DEATHS['resets each request']!(lab)];
    const proxy = await stacked(lab, ports, { balance: 'round-robin' });
    const agent = agentOf(lab);
    const statuses: (number | undefined)[] = [];
    for (let number = 0; number < 20; number += 1) statuses.push((await ask(agent, proxy.port)).status);
    expect(statuses.filter((status) => status === 502)).toHaveLength(5);
    expect(statuses.slice(-8)).toEqual(Array(8).fill(200));
  });

  e2e('tries another server for answers of the service in between, too', async (lab) => {
    const ports = [await wellServer(lab), await DEATHS['resets each request']!(lab), await DEATHS['answers 503']!(lab)];
    const proxy = await stacked(lab, ports, { balance: 'round-robin', retry: { on: [502, 503], budget: '100%' } });
    const agent = agentOf(lab);
    for (let number = 0; number < 12; number += 1) expect((await ask(agent, proxy.port)).status).toBe(200);
  });
});
