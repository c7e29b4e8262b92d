import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documentedEvents, sectionOf } from './documented-events.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(resolve(root, 'docs/diagnostics.md'), 'utf8');
const events = documentedEvents();

describe('docs/diagnostics.md', () => {
  test.each(events.map((event) => [`${event.channel} ${event.event}`, event] as const))(
    'says what %s holds, in the words of its type',
    (_name, event) => {
      expect(page).toContain(sectionOf(event));
    },
  );

  test.each(events.map(({ type }) => type))('names the type %s, which a program can import', (type) => {
    const entry = readFileSync(resolve(root, 'apps/proxy/src/index.ts'), 'utf8');
    expect(entry).toMatch(new RegExp(`^  type ${type},$`, 'm'));
  });

  test('has no event that is not published', () => {
    const headings = Array.from(
      page.matchAll(/^### (\w+) `([\w-]+)`$/gm),
      ([, channel, event]) => `${channel} ${event}`,
    );
    expect(headings).toEqual(events.map(({ channel, event }) => `${channel} ${event}`));
  });

  test('says why a server connection is closed, with every reason', () => {
    const source = readFileSync(resolve(root, 'packages/core/src/diagnostics/pool-messages.ts'), 'utf8');
    const [, type = ''] = /type PoolCloseReason =([^;]*);/.exec(source) ?? [];
    const reasons = Array.from(type.matchAll(/'([\w-]+)'/g), ([, reason]) => reason);
    const written = Array.from(page.matchAll(/^\| `([\w-]+)` \| (?!`)/gm), ([, reason]) => reason);
    expect(reasons.length).toBeGreaterThan(5);
    expect(written).toEqual(expect.arrayContaining(reasons));
  });
});
