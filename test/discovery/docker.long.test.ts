import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { silentLogger } from '../chainers/fake-establisher.ts';
import docker from '../../docs/examples/docker.ts';
import { addressesIn, follow, playApi } from './played-api.ts';

const RECORDED = join(import.meta.dirname, 'recorded');
/** Answers of Docker 20.10 (API 1.41): two running containers, and what happened to them. */
const CONTAINERS = JSON.parse(await readFile(join(RECORDED, 'docker-containers.json'), 'utf8')) as readonly object[];
const EVENTS = (await readFile(join(RECORDED, 'docker-events.jsonl'), 'utf8')).split(/(?<=\n)/);

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
  const { asked, found } = await playDocker(() => CONTAINERS);
  expect(await found({ port: 8080 })()).toEqual([
    { address: '172.17.0.3:8080', weight: 1 },
    { address: '172.17.0.2:8080', weight: 3 },
  ]);
  expect(asked.map(({ pathname }) => pathname)).toEqual(['/events', '/containers/json']);
  const filters: unknown = JSON.parse(asked[1]?.searchParams.get('filters') ?? '');
  expect(filters).toEqual({ label: ['com.example.service=web'], status: ['running'], health: ['healthy', 'none'] });
});

test('a container that is not in the network is none', async () => {
  const { found } = await playDocker(() => CONTAINERS);
  expect(addressesIn(await found({ network: 'bridge' })())).toHaveLength(2);
  expect(await found({ network: 'other' })()).toEqual([]);
});

test('containers are listed again after each event, however its bytes arrive', async () => {
  let listed: readonly object[] = CONTAINERS.slice(1);
  const { happens, found } = await playDocker(() => listed);
  const next = found();
  expect(addressesIn(await next())).toEqual(['172.17.0.2:80']);
  listed = CONTAINERS;
  const [first = '', second = ''] = EVENTS;
  const more = next();
  happens(first.slice(0, 20));
  await vi.waitFor(() => happens(first.slice(20)));
  expect(addressesIn(await more)).toEqual(['172.17.0.3:80', '172.17.0.2:80']);
  listed = [];
  happens(second);
  expect(await next()).toEqual([]);
});

test('the list is asked for a while after the event, because Docker tells some events before its list has them', async () => {
  let listed: readonly object[] = CONTAINERS;
  const { happens, found } = await playDocker(() => listed);
  const next = found();
  await next();
  const more = next();
  happens(EVENTS.at(-1) ?? '');
  setTimeout(() => (listed = CONTAINERS.slice(0, 1)), 100);
  expect(addressesIn(await more)).toEqual(['172.17.0.3:80']);
});

test('it ends with the stream of events, so that the pool begins anew', async () => {
  const { found, ends } = await playDocker(() => CONTAINERS);
  const next = found();
  await next();
  const more = next();
  ends();
  await expect(more).rejects.toThrow('The discovery has ended.');
});
