import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * Who may import whom (docs/architecture.md). The rooms are folders; an import of our own is a relative path or a
 * workspace package.
 */
const root = resolve(import.meta.dirname, '..');

const ROOMS: Record<string, { readonly ours: readonly string[]; readonly platform: readonly RegExp[] }> = {
  // The DNS is not a socket that we own, but an answer.
  'packages/core': { ours: [], platform: [/^node:dns/] },
  'packages/core/src/machine': { ours: ['packages/core'], platform: [/^node:(fs|os)$/] },
  'packages/core/src/transport': { ours: ['packages/core'], platform: [/^node:/, /^koffi$/] },
  'packages/http-proxy': { ours: ['@inband/core'], platform: [] },
  'packages/tls-guard': { ours: ['@inband/core'], platform: [] },
  'packages/chainers': { ours: ['@inband/core'], platform: [/^zod$/] },
  'apps/proxy': {
    ours: ['@inband/core', '@inband/http-proxy', '@inband/tls-guard', '@inband/chainers'],
    platform: [/^node:(?!net|tls|http|dgram)/, /^(pino|yaml|zod)$/],
  },
};

interface Import {
  readonly file: string;
  readonly specifier: string;
}

function importsOf(file: string): Import[] {
  const source = readFileSync(join(root, file), 'utf8');
  const pattern =
    /^\s*(?:import|export)\s(?!type\s)[^;]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm;
  return [...source.matchAll(pattern)].map((match) => ({ file, specifier: match[1] ?? match[2] ?? match[3] ?? '' }));
}

function roomOf(file: string): string {
  const rooms = Object.keys(ROOMS).filter((room) => file.startsWith(`${room}/`));
  return rooms.toSorted((a, b) => b.length - a.length)[0] ?? '';
}

function crosses({ file, specifier }: Import): boolean {
  const room = roomOf(file);
  const walls = ROOMS[room];
  if (walls === undefined) return true;
  if (specifier.startsWith('.')) {
    const target = relative(root, resolve(root, dirname(file), specifier));
    // The public entry of core names the transports and the machine; nothing else in core reaches into these rooms.
    if (file === 'packages/core/src/index.ts') return !roomOf(target).startsWith('packages/core');
    return !(roomOf(target) === room || walls.ours.includes(roomOf(target)));
  }
  if (specifier.startsWith('@inband/') || specifier === 'inband') return !walls.ours.includes(specifier);
  return !walls.platform.some((allowed) => allowed.test(specifier));
}

const sources = globSync('{packages,apps}/*/src/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));

describe('walls between the rooms', () => {
  test('there are sources to look at in every room', () => {
    expect(new Set(sources.map(roomOf))).toEqual(new Set(Object.keys(ROOMS)));
  });

  test('no import crosses a wall', () => {
    const crossing = sources.flatMap(importsOf).filter(crosses);
    expect(crossing).toEqual([]);
  });

  test('a crossing import would be seen', () => {
    expect(crosses({ file: 'packages/core/src/dial.ts', specifier: 'node:net' })).toBe(true);
    expect(crosses({ file: 'packages/core/src/dial.ts', specifier: './transport/node.ts' })).toBe(true);
    expect(crosses({ file: 'packages/core/src/resolver/dns-client.ts', specifier: 'node:dgram' })).toBe(true);
    expect(crosses({ file: 'packages/core/src/resolver/system-names.ts', specifier: 'node:fs' })).toBe(true);
    expect(crosses({ file: 'packages/chainers/src/inband.ts', specifier: '@inband/http-proxy' })).toBe(true);
    expect(crosses({ file: 'packages/http-proxy/src/exchange.ts', specifier: '../../core/src/relay.ts' })).toBe(true);
    expect(crosses({ file: 'packages/core/src/transport/node.ts', specifier: 'node:net' })).toBe(false);
  });

  test('tests that span packages use public entry points only', () => {
    const tests = globSync('{test,bench}/**/*.ts', { cwd: root, exclude: ['**/node_modules/**'] });
    const reaching = tests
      .flatMap(importsOf)
      .filter(({ specifier }) => /(^|\/)(packages|apps)\/|@inband\/[^/]+\//.test(specifier));
    expect(reaching).toEqual([]);
  });
});
