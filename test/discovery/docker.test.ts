import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { silentLogger } from '../chainers/fake-establisher.ts';
import docker from '../../docs/examples/docker.ts';
import { addressesIn, follow, playApi } from './played-api.ts';

/** An entry of `GET /containers/json`. */
function container(id: string, address: string, labels: object = {}) {
  return {
    Id: id.repeat(64),
    Names: [`/web_${id}`],
    Image: 'nginx:latest',
    ImageID: 'sha256:d74508fb6632491cea586a1fd7d748dfc5274cd6fdfedee309ecdcbc2bf5cb82',
    Command: "/docker-entrypoint.sh nginx -g 'daemon off;'",
    Created: 1_367_854_155,
    Ports: [{ PrivatePort: 80, Type: 'tcp' }],
    Labels: { 'com.example.service': 'web', ...labels },
    State: 'running',
    Status: 'Up 3 minutes (healthy)',
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: {
      Networks: {
        bridge: { IPAMConfig: null, NetworkID: '7ea29fc1', Gateway: '172.17.0.1', IPAddress: address, IPPrefixLen: 16 },
        inner: { IPAMConfig: null, NetworkID: '2cdc4edb', Gateway: '10.9.0.1', IPAddress: '', IPPrefixLen: 24 },
      },
    },
    Mounts: [],
  };
}

/** A line of `GET /events`. */
function event(action: string): string {
  const id = 'ede54ee1afda366ab42f824e8a5ffd195155d853ceaec74a927f249ea270c743';
  const actor = { ID: id, Attributes: { 'com.example.service': 'web', image: 'nginx:latest', name: 'web_a' } };
  const text = { status: action, id, from: 'nginx:latest', Type: 'container', Action: action, Actor: actor };
  return `${JSON.stringify({ ...text, scope: 'local', time: 1_461_943_101 })}\n`;
}

async function playDocker(containers: () => readonly object[]) {
  const folder = await mkdtemp(join(tmpdir(), 'inband-docker-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const socket = join(folder, 'docker.sock');
  let events: ServerResponse | undefined;
  const { asked } = await playApi((request, response) => {
    if (request.url?.startsWith('/events?') === true) {
      response.flushHeaders();
      events = response;
    } else response.end(JSON.stringify(containers()));
  }, socket);
  const happens = (text: string): void => void events?.write(text);
  const found = (options: object = {}) => {
    const validated = docker.schema['~standard'].validate({
      label: 'com.example.service=web',
      port: 80,
      socket,
      ...options,
    });
    if ('then' in validated || validated.issues !== undefined) throw new Error('The options are wrong.');
    return follow(docker.create(validated.value, { logger: silentLogger, baseDirectory: '/' }));
  };
  return { asked, happens, found, ends: () => events?.end() };
}

test('running containers with the label that are healthy are servers, in the network and at the port that are said', async () => {
  const { asked, found } = await playDocker(() => [
    container('a', '172.17.0.2', { 'inband.weight': '3' }),
    container('b', '172.17.0.3'),
  ]);
  expect(await found({ port: 8080 })()).toEqual([
    { address: '172.17.0.2:8080', weight: 3 },
    { address: '172.17.0.3:8080', weight: 1 },
  ]);
  expect(asked.map(({ pathname }) => pathname)).toEqual(['/events', '/containers/json']);
  const filters: unknown = JSON.parse(asked[1]?.searchParams.get('filters') ?? '');
  expect(filters).toEqual({ label: ['com.example.service=web'], status: ['running'], health: ['healthy', 'none'] });
});

test('a container that has no address in the network is none', async () => {
  const { found } = await playDocker(() => [container('a', '172.17.0.2')]);
  expect(await found({ network: 'inner' })()).toEqual([]);
  expect(await found({ network: 'other' })()).toEqual([]);
});

test('containers are listed again after each event, however its bytes arrive', async () => {
  let listed = [container('a', '172.17.0.2')];
  const { happens, found } = await playDocker(() => listed);
  const next = found();
  expect(addressesIn(await next())).toEqual(['172.17.0.2:80']);
  listed = [container('b', '172.17.0.3')];
  const text = event('health_status: healthy');
  const more = next();
  happens(text.slice(0, 20));
  await vi.waitFor(() => happens(text.slice(20)));
  expect(addressesIn(await more)).toEqual(['172.17.0.3:80']);
  listed = [];
  happens(event('die'));
  expect(await next()).toEqual([]);
});

test('it ends with the stream of events, so that the pool begins anew', async () => {
  const { found, ends } = await playDocker(() => [container('a', '172.17.0.2')]);
  const next = found();
  await next();
  const more = next();
  ends();
  await expect(more).rejects.toThrow('The discovery has ended.');
});
