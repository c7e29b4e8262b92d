import { Agent, request } from 'node:http';
import { describe, expect } from 'vitest';
import { textOf } from './bodies.ts';
import { e2e, type Lab, type LabProxy, reverse } from './lab.ts';

interface Answer {
  /** The name of the server, and the cookies that it got. */
  readonly body: string;
  /** What the client is to keep. */
  readonly cookie: string | undefined;
}

async function ask(lab: Lab, port: number, cookie?: string, fields: Record<string, string> = {}): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const agent = new Agent();
  lab.defer(() => agent.destroy());
  const headers = { ...fields, ...(cookie !== undefined && { cookie }) };
  request({ agent, host: '127.0.0.1', port, headers }, (head) => {
    const [setCookie] = head.headers['set-cookie'] ?? [];
    textOf(head).then((body) => resolve({ body, cookie: setCookie }), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}

/** Servers that answer with their names and the cookies that reached them. */
async function namedServers(lab: Lab, names: readonly string[]): Promise<string[]> {
  const servers = names.map(async (name) => {
    const { port } = await lab.origin((req, res) => void res.end(`${name} ${req.headers.cookie ?? '-'}`));
    return `127.0.0.1:${port}`;
  });
  return Promise.all(servers);
}

function sticky(lab: Lab, servers: readonly string[]): Promise<LabProxy> {
  const options = { balance: 'round-robin', sticky: { cookie: 'srv', secret: 'correct horse battery' } } as const;
  return lab.inband(reverse({ type: 'pool', servers: [...servers], ...options }));
}

describe('a sticky cookie', () => {
  e2e('leads back to the server, at another instance too, and does not reach it', async (lab) => {
    const servers = await namedServers(lab, ['a', 'b', 'c']);
    const proxy = await sticky(lab, servers);
    const first = await ask(lab, proxy.port, 'theme=dark');
    expect(first.body).toMatch(/^[abc] theme=dark$/);
    expect(first.cookie).toMatch(/^srv=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
    const [pair = ''] = first.cookie?.split(';') ?? [];
    const other = await sticky(lab, servers.toReversed());
    for (const { port } of [proxy, proxy, proxy, other, other]) {
      expect(await ask(lab, port, `theme=dark; ${pair}`)).toEqual({ body: first.body, cookie: undefined });
    }
  });

  e2e('that was changed, or names a server that is gone, is replaced', async (lab) => {
    const servers = await namedServers(lab, ['a', 'b', 'c']);
    const proxy = await sticky(lab, servers);
    const first = await ask(lab, proxy.port);
    const [pair = ''] = first.cookie?.split(';') ?? [];
    const [name = ''] = first.body.split(' ');
    const changed = await ask(
      lab,
      proxy.port,
      pair.replace(/=./, ([, letter]) => (letter === 'A' ? '=B' : '=A')),
    );
    expect(changed.cookie).toMatch(/^srv=/);
    const left = servers.filter((_server, index) => index !== ['a', 'b', 'c'].indexOf(name));
    const moved = await ask(lab, (await sticky(lab, left)).port, pair);
    expect(moved.body[0]).not.toBe(name);
    expect(moved.cookie).toMatch(/^srv=/);
    expect(moved.cookie).not.toContain(pair);
  });
});

describe('a hash of the request', () => {
  e2e('gives each user one server, whoever asks', async (lab) => {
    const servers = await namedServers(lab, ['a', 'b', 'c']);
    const proxy = await lab.inband(reverse({ type: 'pool', servers, balance: { hash: 'header.x-user' } }));
    const owners = new Set<string>();
    // Ports are part of what is hashed, so that few users may happen to have the same server.
    for (let user = 0; user < 30; user += 1) {
      owners.add((await ask(lab, proxy.port, undefined, { 'x-user': `user-${user}` })).body);
    }
    expect(owners.size).toBeGreaterThan(1);
    const one = await ask(lab, proxy.port, undefined, { 'x-user': 'ann' });
    for (let again = 0; again < 3; again += 1) {
      expect((await ask(lab, proxy.port, undefined, { 'x-user': 'ann' })).body).toBe(one.body);
    }
  });
});
