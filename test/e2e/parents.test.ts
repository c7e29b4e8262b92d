// oxlint-disable unicorn/no-thenable -- `then` is an option of parents, and no function
import type { ConfigInput } from 'inband';
import { fileURLToPath } from 'node:url';
import { ProxyAgent, request as ask } from 'undici';
import { expect } from 'vitest';
import { freePort } from '../../packages/core/test-support/free-port.ts';
import { certificate } from '../support/certificate.ts';
import { e2e, type Lab } from './lab.ts';
import { RawClient } from './raw-client.ts';
import { startParent } from './test-parent.ts';

const certificateFile = fileURLToPath(new URL('../fixtures/tls/localhost.crt', import.meta.url));

type ServiceInput = ConfigInput['services'][string];
type ChainerInput = NonNullable<NonNullable<ServiceInput['routes']>[number]['chainer']>;

/** A forward proxy that goes out through a chainer, to every name. */
function through(chainer: ChainerInput, access: ServiceInput['access'] = [{ allow: { hosts: ['*'] } }]): ConfigInput {
  return {
    listeners: [{ bind: '127.0.0.1:0', service: 'browser' }],
    services: { browser: { mode: 'forward', http: { connectPorts: 'any' }, access, routes: [{ chainer }] } },
  };
}

function parent(...servers: readonly string[]) {
  return { type: 'parent' as const, protocol: 'http' as const, servers: [...servers] };
}

async function clientOf(lab: Lab, config: ConfigInput): Promise<RawClient> {
  const client = await RawClient.connect((await lab.inband(config)).port);
  lab.defer(() => client.socket.destroy());
  return client;
}

/** Asks for a URL and returns the answer, which says how long its body is. */
async function get(client: RawClient, url: string, ...fields: readonly string[]): Promise<string> {
  client.sendHead(`GET ${url} HTTP/1.1`, `Host: ${new URL(url).host}`, ...fields);
  return answerOf(client);
}

async function answerOf(client: RawClient): Promise<string> {
  const head = await client.until('\r\n\r\n');
  const [, length = '0'] = /\r\ncontent-length: (\d+)/i.exec(head) ?? [];
  return head + (await client.bytes(Number(length)));
}

async function connect(client: RawClient, target: string, ...fields: readonly string[]): Promise<string> {
  client.sendHead(`CONNECT ${target} HTTP/1.1`, `Host: ${target}`, ...fields);
  return answerOf(client);
}

e2e('plain requests go to a parent with their whole URL, for every host on the same connection', async (lab) => {
  const { address, asked, connections } = await startParent(lab);
  const client = await clientOf(lab, through(parent(address)));
  expect(await get(client, 'http://one.example/a?b=c')).toContain('GET http://one.example/a?b=c\n');
  expect(await get(client, 'http://two.example:8080')).toContain('GET http://two.example:8080/\n');
  expect(await get(client, 'http://127.0.0.7?q')).toContain('GET http://127.0.0.7/?q\n');
  client.sendHead('OPTIONS http://one.example HTTP/1.1', 'Host: one.example');
  expect(await answerOf(client)).toContain('OPTIONS http://one.example\n');
  expect(asked.map(({ headers }) => headers.host)).toEqual([
    'one.example',
    'two.example:8080',
    '127.0.0.7',
    'one.example',
  ]);
  expect(asked[0]?.headers.via).toMatch(/^1\.1 inband-/);
  expect(connections).toHaveLength(1);
});

e2e('a tunnel goes by CONNECT, with what the parent sends at once', async (lab) => {
  const origin = await lab.tcpOrigin((socket) => socket.pipe(socket));
  const { address, asked } = await startParent(lab, { leadsTo: origin.port, early: '220 ready\n' });
  const client = await clientOf(lab, through(parent(address)));
  expect(await connect(client, 'mail.example:25')).toContain('200');
  expect(await client.until('\n')).toBe('220 ready\n');
  client.socket.write('hello\n');
  expect(await client.until('\n')).toBe('hello\n');
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['CONNECT mail.example:25']);
});

e2e('a request that asks for another protocol goes by CONNECT', async (lab) => {
  const origin = await lab.origin((_request, response) => response.end('no\n'));
  const { address, asked } = await startParent(lab, { leadsTo: origin.port });
  const client = await clientOf(lab, through(parent(address)));
  const answer = await get(client, 'http://chat.example/', 'Connection: Upgrade', 'Upgrade: chat');
  expect(answer).toContain('no\n');
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['CONNECT chat.example:80']);
});

e2e('this proxy logs in, and what its client logs in with stays here', async (lab) => {
  const origin = await lab.tcpOrigin((socket) => socket.pipe(socket));
  const { address, asked } = await startParent(lab, { leadsTo: origin.port });
  const auth = { user: 'ann', password: 'secret' };
  const client = await clientOf(lab, through({ ...parent(address), auth }));
  await get(client, 'http://one.example/', 'Proxy-Authorization: Basic Ym9iOmI=');
  await connect(client, 'one.example:443', 'Proxy-Authorization: Basic Ym9iOmI=');
  const ours = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
  expect(asked.map(({ headers }) => headers['proxy-authorization'])).toEqual([ours, ours]);
});

e2e('a parent that refuses the login is a matter of our configuration, which the client never sees', async (lab) => {
  const { address } = await startParent(lab, { refuse: () => [407, { 'Proxy-Authenticate': 'Basic realm="corp"' }] });
  const client = await clientOf(lab, through({ ...parent(address), auth: { user: 'ann', password: 'secret' } }));
  const status = /\r\nProxy-Status: inband-\w+; error=proxy_configuration_error; received-status=407;/;
  const answers = [await get(client, 'http://one.example/'), await connect(client, 'one.example:443')];
  for (const answer of answers) {
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(answer).toMatch(status);
    expect(answer.toLowerCase()).not.toContain('proxy-authenticate');
    expect(answer).not.toContain('secret');
  }
});

e2e('only an allow rule with hosts lets a name through that the parent resolves', async (lab) => {
  const { address, asked } = await startParent(lab);
  const access = [{ deny: { hosts: ['evil.example'] } }, { allow: { hosts: ['*.example'] } }];
  const proxy = await lab.inband(through(parent(address), access));
  const outcomes: string[] = [];
  for (const url of ['http://good.example/', 'http://evil.example/', 'http://other.test/', 'http://169.254.1.1/']) {
    const client = await RawClient.connect(proxy.port);
    outcomes.push((await get(client, url)).slice(9, 12));
    client.socket.destroy();
  }
  expect(outcomes).toEqual(['200', '403', '403', '403']);
  expect(asked.map(({ url }) => url)).toEqual(['http://good.example/']);
  const rules = (await proxy.recorded(4)).map(({ session }) => session.decision?.rule);
  expect(rules).toEqual([
    'services.browser.access[1]',
    undefined,
    'default: servers that only a parent proxy resolves',
    'default: link-local and reserved addresses',
  ]);
});

e2e('with resolve: local the parent is asked for addresses, which rules know', async (lab) => {
  const origin = await lab.origin((_request, response) => response.end('here\n'));
  const { address, asked } = await startParent(lab);
  const access = [{ deny: { servers: ['127.0.0.9/32'] } }, { allow: { servers: ['loopback'] } }];
  const client = await clientOf(lab, through({ ...parent(address), resolve: 'local' }, access));
  expect(await get(client, `http://localhost:${origin.port}/`)).toContain('here\n');
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([`CONNECT 127.0.0.1:${origin.port}`]);
  expect(await get(client, `http://127.0.0.9:${origin.port}/`)).toContain('403');
  expect(asked).toHaveLength(1);
});

e2e('a parent that is down is passed over, and one whose target is not is as good as before', async (lab) => {
  const good = await startParent(lab);
  const dead = `127.0.0.1:${await freePort()}`;
  const chainer = { ...parent(dead, good.address), balance: 'round-robin', eject: { consecutive: 1 } } as const;
  const proxy = await lab.inband(through(chainer));
  const client = await RawClient.connect(proxy.port);
  lab.defer(() => client.socket.destroy());
  for (let round = 0; round < 3; round += 1) expect(await get(client, 'http://one.example/')).toContain('HTTP/1.1 200');
  const refused = await connect(client, `127.0.0.1:${await freePort()}`);
  expect(refused).toContain('destination_unavailable');
});

e2e.each([
  ['http', 'says nothing'],
  ['socks5', 'says nothing'],
  ['socks5', 'closes'],
] as const)('a parent by %s that %s is given up, and leaves nothing open', async (lab, [protocol, how]) => {
  const silent = await lab.tcpOrigin((socket) => void (how === 'closes' && socket.end()));
  const chainer = { ...parent(`127.0.0.1:${silent.port}`), protocol, connectTimeout: 100 };
  const client = await clientOf(lab, through(chainer));
  const error = how === 'closes' ? 'connection_terminated' : 'connection_timeout';
  expect(await connect(client, 'one.example:443')).toContain(`error=${error}`);
});

e2e('a client that goes away while a parent is asked leaves nothing open', async (lab) => {
  const asked = Promise.withResolvers<void>();
  const silent = await lab.tcpOrigin((socket) => {
    socket.once('data', () => asked.resolve());
    socket.on('end', () => socket.end());
  });
  const client = await clientOf(lab, through(parent(`127.0.0.1:${silent.port}`)));
  client.sendHead('CONNECT one.example:443 HTTP/1.1', 'Host: one.example:443');
  await asked.promise;
  client.socket.destroy();
  await new Promise((resolve) => silent.connections[0]?.once('close', resolve));
});

e2e('a target that does not answer is no failure of the parent', async (lab) => {
  const parents = [
    await startParent(lab, { ignores: 'slow.example' }),
    await startParent(lab, { ignores: 'slow.example' }),
  ];
  const chainer = {
    ...parent(...parents.map(({ address }) => address)),
    balance: 'round-robin' as const,
    eject: { consecutive: 1 },
  };
  const config = through(chainer);
  const { browser } = config.services;
  const http = { connectPorts: 'any' as const, responseTimeout: 50 };
  const proxy = await lab.inband({ ...config, services: { browser: { ...browser, mode: 'forward', http } } });
  for (let round = 0; round < 4; round += 1) {
    const client = await RawClient.connect(proxy.port);
    lab.defer(() => client.socket.destroy());
    expect(await get(client, 'http://slow.example/')).toContain('http_response_timeout');
  }
  expect(parents.map(({ asked }) => asked.length)).toEqual([2, 2]);
});

e2e('the connections of another chainer go through a parent, those of other parents included', async (lab) => {
  const origin = await lab.origin((request, response) => response.end(`${request.url}\n`));
  const [outer, inner] = [await startParent(lab), await startParent(lab)];
  const server = `127.0.0.1:${origin.port}`;
  const pool = { type: 'pool' as const, servers: [server] };
  const client = await clientOf(
    lab,
    through({ ...parent(outer.address), then: { ...parent(inner.address), then: pool } }),
  );
  expect(await get(client, 'http://one.example/a')).toContain('/a\n');
  expect(await get(client, 'http://one.example/b')).toContain('/b\n');
  expect(outer.asked.map(({ url }) => url)).toEqual([inner.address]);
  expect(inner.asked.map(({ url }) => url)).toEqual([server]);
});

e2e('a parent behind a parent gets requests with their whole URL, through the first one', async (lab) => {
  const [outer, inner] = [await startParent(lab), await startParent(lab)];
  const client = await clientOf(lab, through({ ...parent(outer.address), then: parent(inner.address) }));
  expect(await get(client, 'http://one.example/a')).toContain('GET http://one.example/a\n');
  expect(outer.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([`CONNECT ${inner.address}`]);
});

const TRUSTED = { verify: true, servername: 'localhost', ca: [certificateFile] };

e2e('a parent over TLS is verified, and TLS to the target goes through it', async (lab) => {
  const origin = await lab.tlsOrigin((request, response) => response.end(`secure ${request.url}`));
  const secure = await startParent(lab, { isSecure: true, leadsTo: origin.port });
  const chainer = { ...parent(secure.address), protocol: 'https' as const, tls: TRUSTED };
  const client = await clientOf(lab, through(chainer));
  expect(await get(client, 'http://one.example/')).toContain('GET http://one.example/\n');
  // Another client, whose route has TLS to the target behind the parent.
  const then = { type: 'inband' as const, tls: TRUSTED };
  const other = await clientOf(lab, through({ ...chainer, then }));
  expect(await get(other, 'https://two.example/a')).toContain('secure /a');
  expect(secure.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET http://one.example/',
    'CONNECT two.example:443',
  ]);
  const stranger = await clientOf(lab, through({ ...parent(secure.address), protocol: 'https' as const }));
  expect(await get(stranger, 'http://one.example/')).toContain('error=tls_certificate_error');
});

e2e('undici gets requests and tunnels through a parent', async (lab) => {
  const origin = await lab.tlsOrigin((request, response) => response.end(`secure ${request.url}`));
  const { address, asked } = await startParent(lab, { leadsTo: origin.port });
  const proxy = await lab.inband(through(parent(address)));
  const dispatcher = new ProxyAgent({ uri: proxy.url, proxyTunnel: false, requestTls: { ca: certificate.cert } });
  lab.defer(() => dispatcher.destroy());
  const plain = await ask('http://one.example/a', { dispatcher });
  expect(await plain.body.text()).toBe('GET http://one.example/a\n');
  const secure = await ask('https://localhost/b', { dispatcher });
  expect(await secure.body.text()).toBe('secure /b');
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET http://one.example/a',
    'CONNECT localhost:443',
  ]);
});

e2e('a parent behind another service of this proxy gets what that service sends', async (lab) => {
  const origin = await lab.tcpOrigin((socket) => socket.pipe(socket));
  const { address, asked } = await startParent(lab, { leadsTo: origin.port });
  const config = through({ type: 'sidestack', service: 'inner', chainer: parent(address) });
  const inner = { mode: 'transparent', http: { via: 'inner' } } as const;
  const client = await clientOf(lab, { ...config, services: { ...config.services, inner } });
  expect(await get(client, 'http://one.example/a')).toContain('GET http://one.example/a\n');
  expect(await get(client, 'http://two.example/b')).toContain('GET http://two.example/b\n');
  expect(asked.map(({ headers }) => headers.via)).toEqual([expect.stringMatching(/, 1\.1 inner$/), expect.anything()]);
});

e2e('a check has a parent connect to its target, whatever that says', async (lab) => {
  lab.hasOwnSessions = true;
  const target = await lab.tcpOrigin((socket) => socket.end());
  const up = await startParent(lab);
  const forbids = await startParent(lab, { refuse: () => [403] });
  const fails = await startParent(lab, { refuse: () => [503] });
  const asksForLogin = await startParent(lab, { refuse: () => [407] });
  const parents = [up, forbids, fails, asksForLogin];
  const check = { type: 'connect' as const, target: `127.0.0.1:${target.port}`, interval: 20, fall: 1, rise: 1 };
  const chainer = { ...parent(...parents.map(({ address }) => address)), check, balance: 'round-robin' as const };
  const client = await clientOf(lab, through(chainer));
  // Each look is followed by another one soon.
  while (parents.some(({ asked }) => asked.length < 3)) await new Promise((resolve) => setTimeout(resolve, 10));
  for (let round = 0; round < 8; round += 1) await get(client, 'http://one.example/');
  const requests = parents.map(({ asked }) => asked.filter(({ method }) => method === 'GET').length);
  expect(requests).toEqual([4, 4, 0, 0]);
});

/** The parent of a company that logs in connections as NTLM does: the third step names the user, and from then on the connection is theirs. */
async function loginParent(lab: Lab): Promise<{ readonly address: string; readonly heads: readonly string[] }> {
  const heads: string[] = [];
  const { port } = await lab.tcpOrigin((socket) => {
    let user = '';
    let received = '';
    let isTunnel = false;
    socket.on('data', (bytes) => {
      if (isTunnel) return void socket.write(bytes);
      received += bytes.toString('latin1');
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        const head = received.slice(0, end);
        received = received.slice(end + 4);
        heads.push(head);
        const [, message] = /\r\nproxy-authorization: ntlm (\S+)/i.exec(head) ?? [];
        if (message?.startsWith('I-AM-') === true) user = message.slice('I-AM-'.length);
        const challenge = message === undefined ? 'NTLM' : 'NTLM CHALLENGE';
        if (user === '')
          socket.write(`HTTP/1.1 407 No\r\nProxy-Authenticate: ${challenge}\r\nContent-Length: 2\r\n\r\nno`);
        else if (head.startsWith('CONNECT')) {
          isTunnel = true;
          socket.write('HTTP/1.1 200 Connection established\r\n\r\n220 ready\n');
        } else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${user.length}\r\n\r\n${user}`);
      }
    });
    socket.on('end', () => socket.end());
  });
  return { address: `127.0.0.1:${port}`, heads };
}

e2e('with auth: pass clients log in at the parent by themselves, on a connection of their own', async (lab) => {
  const { address } = await loginParent(lab);
  const proxy = await lab.inband(through({ ...parent(address), auth: 'pass' }));
  const join = async (): Promise<RawClient> => {
    const client = await RawClient.connect(proxy.port);
    lab.defer(() => client.socket.destroy());
    return client;
  };
  const [alice, bob] = [await join(), await join()];
  for (const [client, name] of [
    [alice, 'alice'],
    [bob, 'bob'],
  ] as const) {
    const challenge = await get(client, 'http://one.example/');
    expect(challenge).toMatch(/^HTTP\/1.1 407 /);
    expect(challenge).toContain('Proxy-Authenticate: NTLM\r\n');
    expect(await get(client, 'http://one.example/', 'Proxy-Authorization: NTLM HI')).toContain('NTLM CHALLENGE');
    expect(await get(client, 'http://one.example/', `Proxy-Authorization: NTLM I-AM-${name}`)).toContain(name);
  }
  // Without another login, for every host; and nobody gets the connection of somebody else.
  expect(await get(alice, 'http://two.example/')).toContain('alice');
  expect(await get(bob, 'http://two.example/')).toContain('bob');
  expect(await get(await join(), 'http://two.example/')).toMatch(/^HTTP\/1.1 407 /);
});

e2e('with auth: pass a client logs in with CONNECT on one connection, and then has its tunnel', async (lab) => {
  const { address, heads } = await loginParent(lab);
  const client = await clientOf(lab, through({ ...parent(address), auth: 'pass' }));
  expect(await connect(client, 'mail.example:25')).toMatch(/^HTTP\/1.1 407 /);
  expect(await connect(client, 'mail.example:25', 'Proxy-Authorization: NTLM HI')).toContain('NTLM CHALLENGE');
  expect(await connect(client, 'mail.example:25', 'Proxy-Authorization: NTLM I-AM-ann')).toMatch(/^HTTP\/1.1 200 /);
  expect(await client.until('\n')).toBe('220 ready\n');
  client.socket.write('hello\n');
  expect(await client.until('\n')).toBe('hello\n');
  expect(heads.map((head) => head.split('\r\n', 1)[0])).toEqual(Array(3).fill('CONNECT mail.example:25 HTTP/1.1'));
});

e2e(
  'with auth: pass Basic goes to the parent as well, and what follows a refused CONNECT is no request',
  async (lab) => {
    const { address, asked } = await startParent(lab, {
      refuse: ({ headers }) =>
        headers['proxy-authorization'] === undefined
          ? [407, { 'Proxy-Authenticate': 'Basic realm="corp"' }]
          : undefined,
    });
    const client = await clientOf(lab, through({ ...parent(address), auth: 'pass' }));
    expect(await get(client, 'http://one.example/', 'Proxy-Authorization: Basic Ym9iOmI=')).toMatch(/^HTTP\/1.1 200 /);
    client.socket.write(
      'CONNECT one.example:443 HTTP/1.1\r\nHost: one.example:443\r\n\r\nGET http://evil.example/ HTTP/1.1\r\n',
    );
    expect(await answerOf(client)).toMatch(
      /^HTTP\/1.1 407 [^]*\r\nProxy-Authenticate: Basic realm="corp"\r\n[^]*Connection: close/,
    );
    client.socket.end('Host: evil.example\r\n\r\n');
    await client.closed;
    expect(asked.map(({ url }) => url)).toEqual(['http://one.example/', 'one.example:443']);
  },
);

e2e('with auth: pass a request that asks for another protocol logs in at the parent with our CONNECT', async (lab) => {
  const origin = await lab.origin((_request, response) => response.end('no\n'));
  const { address, asked } = await startParent(lab, {
    leadsTo: origin.port,
    refuse({ headers: { 'proxy-authorization': login } }) {
      if (login === 'Basic Ym9iOmI=' || login === 'Basic YW5uOmE=') return undefined;
      const asksFor = login === undefined ? 'NTLM, Basic realm="corp"' : 'NTLM';
      return [407, { 'Proxy-Authenticate': asksFor }];
    },
  });
  const proxy = await lab.inband(through({ ...parent(address), auth: 'pass' }));
  const client = await RawClient.connect(proxy.port);
  lab.defer(() => client.socket.destroy());
  const chat = (...fields: readonly string[]): Promise<string> =>
    get(client, 'http://chat.example/', 'Connection: Upgrade', 'Upgrade: chat', ...fields);
  const challenge = await chat();
  expect(challenge).toMatch(/^HTTP\/1.1 407 [^]*\r\nProxy-Authenticate: basic realm="corp"\r\n/);
  expect(challenge).not.toContain('NTLM');
  expect(await chat('Proxy-Authorization: Basic Ym9iOmI=')).toContain('no\n');
  expect(await chat('Proxy-Authorization: Basic YW5uOmE=')).toContain('no\n');
  const refused = await chat('Proxy-Authorization: Basic bm9ib2R5');
  expect(refused).toMatch(/^HTTP\/1.1 502 /);
  expect(refused).toContain('ask for a tunnel by CONNECT');
  // The tunnel of one client is never that of another.
  expect(asked.map(({ method, headers }) => `${method} ${headers['proxy-authorization']}`)).toEqual([
    'CONNECT undefined',
    'CONNECT Basic Ym9iOmI=',
    'CONNECT Basic YW5uOmE=',
    'CONNECT Basic bm9ib2R5',
  ]);
});

e2e('a client that speaks SOCKS gets a tunnel by a parent at which clients log in by themselves', async (lab) => {
  const origin = await lab.tcpOrigin((socket) => socket.pipe(socket));
  const { address, asked } = await startParent(lab, { leadsTo: origin.port });
  const config = through({ ...parent(address), auth: 'pass' });
  const listeners = config.listeners.map((listener) => ({ ...listener, accept: ['http' as const, 'socks5' as const] }));
  const client = await clientOf(lab, { ...config, listeners });
  client.send('\x05\x01\x00\x05\x01\x00\x03\x09a.example\x01\xbb');
  expect((await client.bytes(12)).slice(0, 4)).toBe('\x05\x00\x05\x00');
  client.send('hello\n');
  await client.until('hello\n');
  expect(asked.map(({ method, url }) => `${method} ${url}`)).toEqual(['CONNECT a.example:443']);
});

e2e.each(['http', 'socks5'] as const)('a parent by %s that is this proxy itself ends soon', async (lab, protocol) => {
  const port = await freePort();
  const config = through({ ...parent(`127.0.0.1:${port}`), protocol });
  const listeners = [{ bind: `127.0.0.1:${port}`, service: 'browser', accept: ['http' as const, 'socks5' as const] }];
  const proxy = await lab.inband({ ...config, listeners });
  const client = await RawClient.connect(port);
  const answer = await connect(client, 'a.example:443');
  client.socket.destroy();
  expect(answer).toMatch(protocol === 'http' ? /^HTTP\/1\.1 508 / : /^HTTP\/1\.1 403 /);
  expect(await proxy.recorded(9)).toHaveLength(9);
});
