import { inetAddr } from '@inband/core';
import { closeSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetTunnelsOf, openTunnelTable, TunnelTable } from './tunnel-table.ts';

let descriptor: number;
beforeEach(() => {
  descriptor = openTunnelTable()!;
});
afterEach(() => closeSync(descriptor));

const [one, same, last] = [inetAddr('127.0.0.1', 40_000)!, inetAddr('10.0.0.1', 40_000)!, inetAddr('::1', 65_535)!];

test('a worker knows how deep the tunnels of another are, by address and port', () => {
  const [first, second] = [new TunnelTable(descriptor, 1), new TunnelTable(descriptor, 2)];
  first.add(one, 3);
  first.add(last, 8);
  expect([second.depthOf(one), second.depthOf(same), second.depthOf(last)]).toEqual([3, 0, 8]);
  second.remove(one);
  expect(second.depthOf(one)).toBe(3);
  first.remove(one);
  expect([first.depthOf(one), first.depthOf(last)]).toEqual([0, 8]);
});

test('the tunnels of a worker that ended are forgotten, and nobody else’s', () => {
  const [first, second] = [new TunnelTable(descriptor, 1), new TunnelTable(descriptor, 300)];
  first.add(one, 2);
  second.add(last, 4);
  forgetTunnelsOf(descriptor, 1);
  expect([second.depthOf(one), first.depthOf(last)]).toEqual([0, 4]);
});
