import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { silentLogger } from '../chainers/fake-establisher.ts';
import kubernetes from '../../docs/examples/kubernetes.ts';
import { addressesIn, follow, playApi } from './played-api.ts';

interface Told {
  readonly address: string;
  readonly ready?: boolean;
  readonly zone?: string;
}

/** An EndpointSlice of the Service `web`. */
function slice(name: string, version: string, endpoints: readonly Told[], more: object = {}) {
  return {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: {
      name,
      generateName: 'web-',
      namespace: 'shop',
      uid: '2c5e1a9b-0d0d-4a46-a9a6-3b9a0e7a1f7d',
      resourceVersion: version,
      generation: 3,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': 'web',
      },
    },
    addressType: 'IPv4',
    endpoints: endpoints.map(({ address, ready, zone }) => ({
      addresses: [address],
      conditions: ready === undefined ? {} : { ready, serving: ready, terminating: !ready },
      targetRef: { kind: 'Pod', namespace: 'shop', name: `web-${address}`, uid: '9f0c' },
      nodeName: 'node-1',
      ...(zone && { zone }),
    })),
    ports: [
      { name: 'metrics', port: 9100, protocol: 'TCP' },
      { name: 'http', port: 8080, protocol: 'TCP' },
    ],
    ...more,
  };
}

function list(version: string, items: readonly object[]): string {
  const metadata = { resourceVersion: version };
  return JSON.stringify({ kind: 'EndpointSliceList', apiVersion: 'discovery.k8s.io/v1', metadata, items });
}

async function playKubernetes(items: () => string) {
  const folder = await mkdtemp(join(tmpdir(), 'inband-kubernetes-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, 'one\n');
  const watches: ServerResponse[] = [];
  const tokens = new Set<string>();
  const { url, asked } = await playApi((request, response) => {
    tokens.add(request.headers.authorization ?? '');
    if (request.url?.includes('watch=true') === true) {
      response.flushHeaders();
      watches.push(response);
    } else response.end(items());
  });
  const found = (options: object = {}) => {
    const all = { service: 'web', namespace: 'shop', api: url, tokenFile, ...options };
    const validated = kubernetes.schema['~standard'].validate(all);
    if ('then' in validated || validated.issues !== undefined) throw new Error('The options are wrong.');
    return follow(kubernetes.create(validated.value, { logger: silentLogger, baseDirectory: '/' }));
  };
  /** Says something on the last watch, once there are so many. */
  const says = async (type: string, object: object, watch = 1): Promise<void> => {
    await vi.waitFor(() => expect(watches.length).toBe(watch));
    watches.at(-1)?.write(`${JSON.stringify({ type, object })}\n`);
  };
  return { asked, found, says, tokens, tokenFile, endWatch: () => watches.at(-1)?.end() };
}

test('ready endpoints of all slices of a Service are servers, at the port of that name, with their zones', async () => {
  const { asked, found, tokens } = await playKubernetes(() =>
    list('100', [
      slice('web-a', '90', [
        { address: '10.244.1.5', ready: true, zone: 'eu-1a' },
        { address: '10.244.1.6', ready: false },
      ]),
      slice('web-b', '95', [{ address: '10.244.2.7' }]),
      slice('web-6', '95', [{ address: 'fd00::1', ready: true }], { addressType: 'IPv6' }),
      slice('web-none', '96', [], { endpoints: null, ports: null }),
    ]),
  );
  expect(await found({ port: 'http' })()).toEqual([
    { address: '10.244.1.5:8080', zone: 'eu-1a' },
    { address: '10.244.2.7:8080' },
  ]);
  expect(addressesIn(await found({ family: 'IPv6' })())).toEqual(['[fd00::1]:9100']);
  expect(asked[0]?.pathname).toBe('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices');
  expect(asked[0]?.searchParams.get('labelSelector')).toBe('kubernetes.io/service-name=web');
  expect([...tokens]).toEqual(['Bearer one']);
});

test('slices are watched from the version of the list on: they come, change and go', async () => {
  const { asked, found, says } = await playKubernetes(() =>
    list('100', [slice('web-a', '90', [{ address: '10.0.0.1' }])]),
  );
  const next = found({ port: 'http' });
  expect(addressesIn(await next())).toEqual(['10.0.0.1:8080']);
  const more = next();
  await says('ADDED', slice('web-b', '101', [{ address: '10.0.0.2' }]));
  expect(addressesIn(await more)).toEqual(['10.0.0.1:8080', '10.0.0.2:8080']);
  await says(
    'MODIFIED',
    slice('web-a', '102', [
      { address: '10.0.0.3', ready: true },
      { address: '10.0.0.1', ready: false },
    ]),
  );
  expect(addressesIn(await next())).toEqual(['10.0.0.3:8080', '10.0.0.2:8080']);
  await says('DELETED', slice('web-b', '103', [{ address: '10.0.0.2' }]));
  expect(addressesIn(await next())).toEqual(['10.0.0.3:8080']);
  expect(asked[1]?.searchParams.get('resourceVersion')).toBe('100');
});

test('a watch that the API ends is taken up where it was, also after a bookmark, with the token of that time', async () => {
  const { asked, found, says, endWatch, tokens, tokenFile } = await playKubernetes(() => list('100', []));
  const next = found({ port: 'http' });
  expect(await next()).toEqual([]);
  const more = next();
  await says('BOOKMARK', {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { resourceVersion: '240' },
  });
  await writeFile(tokenFile, 'two\n');
  endWatch();
  await says('ADDED', slice('web-a', '250', [{ address: '10.0.0.1' }]), 2);
  expect(addressesIn(await more)).toEqual(['10.0.0.1:8080']);
  expect(asked.map(({ searchParams }) => searchParams.get('resourceVersion'))).toEqual([null, '100', '240']);
  expect([...tokens]).toEqual(['Bearer one', 'Bearer two']);
});

test('a version that is not known any more ends it, so that the pool begins anew with a list', async () => {
  const { found, says } = await playKubernetes(() => list('100', []));
  const next = found();
  await next();
  const more = next();
  const message = 'too old resource version: 100 (2000)';
  await Promise.all([
    expect(more).rejects.toThrow(`the watch has ended: 410 ${message}`),
    says('ERROR', {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason: 'Expired',
      code: 410,
    }),
  ]);
});
