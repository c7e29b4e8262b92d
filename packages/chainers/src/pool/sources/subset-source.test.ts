import { expect, test } from 'vitest';
import type { KnownServer, ServerSource } from './server-source.ts';
import { SubsetSource } from './subset-source.ts';

function server(number: number, more: Partial<KnownServer> = {}): KnownServer {
  const id = `10.0.0.${number}:80`;
  return { id, written: id, name: '', remote: { family: 'inet', address: `10.0.0.${number}`, port: 80 }, ...more };
}

function source(servers: readonly KnownServer[] | undefined): ServerSource {
  return { servers, follow() {}, start() {}, ready: () => Promise.resolve(), close() {} };
}

function subset(servers: readonly KnownServer[], instance: string, size = 4): string[] {
  return new SubsetSource(source(servers), { size, instance }).servers?.map(({ id }) => id) ?? [];
}

const twenty = Array.from({ length: 20 }, (_, index) => server(index + 1));

test('an instance has the same servers whatever their order is', () => {
  const first = subset(twenty, 'proxy-1');
  expect(first).toHaveLength(4);
  expect(subset(twenty.toReversed(), 'proxy-1').toSorted()).toEqual(first.toSorted());
});

test('many instances use all servers, each about as often as the others', () => {
  const counts = new Map<string, number>();
  for (let number = 0; number < 1_000; number += 1) {
    for (const id of subset(twenty, `proxy-${number}`)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  expect(counts.size).toBe(20);
  for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(70);
});

test('a server that goes is replaced, and the others stay', () => {
  const before = subset(twenty, 'proxy-1');
  const [gone] = before;
  const after = subset(
    twenty.filter(({ id }) => id !== gone),
    'proxy-1',
  );
  expect(after).toHaveLength(4);
  expect(after).toEqual(expect.arrayContaining(before.slice(1)));
});

test('each tier has its own', () => {
  const servers = [
    server(1),
    server(2),
    server(3, { priority: 1 }),
    server(4, { priority: 1 }),
    server(5, { backup: true }),
  ];
  const chosen = subset(servers, 'proxy-1', 1);
  expect(chosen).toHaveLength(3);
  expect(chosen).toContain('10.0.0.5:80');
});

test('servers that are not known yet stay unknown', () => {
  expect(new SubsetSource(source(undefined), { size: 1, instance: 'a' }).servers).toBeUndefined();
});
