import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { anchorsIn } from './pages/anchors.ts';
import { codeIn } from './pages/named.ts';
import { root } from './pages/source-names.ts';

/**
 * At night nobody wants to find out that a page names what is not there. So this holds everything that docs/operations.md
 * names: settings, commands, endpoints, metrics, alerts, and what the program says.
 */
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const page = read('docs/operations.md');
const spans = codeIn(page);
const blocks = Array.from(page.matchAll(/^```\w+\n([^]*?)^```/gm), ([, block = '']) => block);
const code = [...spans, ...blocks];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function found(pattern: RegExp, texts: readonly string[] = code): string[] {
  return texts.flatMap((text) => Array.from(text.matchAll(pattern), ([, name = '']) => name));
}

/** `parent.child` of every key of the schema; `*` is a name that the operator chooses. */
function keysOf(schema: unknown): Set<string> {
  const pairs = new Set<string>();
  const definitions = isRecord(schema) && isRecord(schema.$defs) ? schema.$defs : {};
  const seen = new Set<string>();
  const visit = (node: unknown, parent: string): void => {
    if (Array.isArray(node)) return (node as unknown[]).forEach((one) => visit(one, parent));
    if (!isRecord(node)) return;
    const { $ref: reference, properties, additionalProperties, items, anyOf, oneOf, allOf } = node;
    if (typeof reference === 'string' && !seen.has(`${parent} ${reference}`)) {
      seen.add(`${parent} ${reference}`);
      visit(definitions[reference.replace('#/$defs/', '')], parent);
    }
    if (isRecord(properties)) {
      for (const [key, inner] of Object.entries(properties)) {
        pairs.add(`${parent}.${key}`);
        visit(inner, key);
      }
    }
    if (isRecord(additionalProperties)) pairs.add(`${parent}.*`);
    visit(additionalProperties, '*');
    for (const inner of [items, anyOf, oneOf, allOf]) visit(inner, parent);
  };
  visit(schema, '');
  return pairs;
}

const schemaPairs = keysOf(JSON.parse(read('apps/proxy/schema/inband.schema.json')));
const keys = new Set([...schemaPairs].map((pair) => pair.split('.').at(-1)));

/** `http.maxBody`, `services.web.access[0]`: whether each part is a key of the one before. */
function isSetting(text: string): boolean {
  const parts = text.replaceAll(/\[\d*\]/g, '').split('.');
  let parent = parts[0] ?? '';
  if (!keys.has(parent)) return false;
  for (const part of parts.slice(1)) {
    if (schemaPairs.has(`${parent}.${part}`)) parent = part;
    else if (schemaPairs.has(`${parent}.*`)) parent = '*';
    else return false;
  }
  return true;
}

const sources = globSync('{packages,apps}/*/{src,bin}/**/!(*.test).{ts,mjs}', { cwd: root })
  .filter((file) => !file.includes('node_modules'))
  .map(read)
  .join('\n')
  // Texts that are written on two lines.
  .replaceAll(/['`]\s*\+\s*['`]/g, '')
  .replaceAll(String.raw`\'`, "'");

/** What a sentence has in common with every other of its kind: without numbers, addresses, and what stands in quotes. */
function constantParts(sentence: string): string[] {
  const parts = sentence.split(/"[^"]*"|\S*\d\S*|\([^)]*\)|\bE[A-Z]{4,}: .*|: |[.:](?=$|\s)/);
  return parts.map((part) => part.trim()).filter((part) => part.split(' ').length > 1);
}

/** Settings, commands and requests have tests of their own. */
const isSentence = (text: string): boolean =>
  /^[A-Za-z"\d].* .* /.test(text) && !/^(inband|curl|ip|ss|nstat|getent|GET|POST|DELETE|PATCH) |[{}$]/.test(text);

describe('docs/operations.md', () => {
  test('every section is in the table of symptoms, or is linked to from another one', () => {
    const linked = new Set(Array.from(page.matchAll(/\]\(#([\w-]+)\)/g), ([, anchor]) => anchor));
    const anchors = [...anchorsIn(page)].filter((anchor) => !['operations', 'the-first-five-minutes'].includes(anchor));
    expect(anchors.length).toBeGreaterThan(20);
    expect(anchors.filter((anchor) => !linked.has(anchor))).toEqual([]);
  });

  test('every setting that it names exists', () => {
    const named = spans.filter((text) => /^[a-z]\w*(?:\[\d*\])?(?:\.\w+(?:\[\d*\])?)+$/.test(text));
    const settings = named.filter((text) => !/\.(?:ya?ml|md|json|ts)$/.test(text));
    expect(settings.length).toBeGreaterThan(30);
    expect(settings.filter((text) => !isSetting(text))).toEqual([]);
    expect(isSetting('http.maxbody') || isSetting('limits.idleTimeout')).toBe(false);
  });

  test('every command and option that it names exists', () => {
    const table = read('apps/proxy/src/cli/command-table.ts');
    const known = new Set(found(/name: '([\w-]+)'/g, [table]));
    const commands = found(/(?:^|[$] )inband ([a-z]+)/gm);
    expect(commands.length).toBeGreaterThan(10);
    const options = found(/(?<=\binband .*)--([a-z]+)/g);
    expect(options).toContain('config');
    expect([...commands, ...options].filter((name) => !known.has(name))).toEqual([]);
  });

  test('every endpoint that it names exists', () => {
    const routes = globSync('packages/admin/src/routes/!(*.test).ts', { cwd: root }).map(read).join('\n');
    const patterns = found(/'(\/[\w/:.-]*)'/g, [routes]).map(
      (path) => new RegExp(`^${path.replaceAll('.', String.raw`\.`).replaceAll(/:\w+/g, '[^/]+')}$`),
    );
    const paths = found(/(?:(?:GET|POST|DELETE|PATCH) |127\.0\.0\.1:9901)(\/[\w/%.-]*)/g);
    expect(paths.length).toBeGreaterThan(20);
    const isThere = (path: string): boolean => patterns.some((pattern) => pattern.test(path));
    // The page has the beginning of this one in a variable.
    const whole = paths.map((path) => (/^\/pools\/[^/]+$/.test(path) ? `${path}/servers/10.0.0.2:80/drain` : path));
    expect(whole.filter((path) => !isThere(path))).toEqual([]);
    expect(isThere('/session')).toBe(false);
  });

  test('every metric and code that it names exists', () => {
    const known = new Set(found(/^\| `(\w+)` \|/gm, [read('docs/metrics.md'), read('docs/errors.md')]));
    const named = found(/^([a-z]+(?:_[a-z]+)+)$/g, spans);
    expect(named.length).toBeGreaterThan(40);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  test('what it says that the program says is in the sources', () => {
    const sentences = [
      ...spans.filter(isSentence),
      ...found(/"(?:msg|why|detail)":"([^"]*)"/g, blocks),
      ...found(/^```text\n([^]*?)^```/gm, [page]).flatMap((block) => block.trim().split('\n')),
    ];
    expect(sentences.length).toBeGreaterThan(40);
    const unknown = sentences.filter((text) => constantParts(text).some((part) => !sources.includes(part)));
    expect(unknown).toEqual([]);
    expect(constantParts('127.0.0.1:80 refused the connection (ECONNREFUSED).')).toEqual(['refused the connection']);
  });

  test('lines of the log in it have the keys that the program writes', () => {
    const lines = found(/^```json\n([^]*?)^```/gm, [page]).flatMap((block) => block.trim().split('\n'));
    expect(lines.length).toBeGreaterThan(4);
    for (const line of lines) {
      const fields: unknown = JSON.parse(line);
      expect(isRecord(fields)).toBe(true);
      for (const key of Object.keys(fields as object)) expect(sources, line).toMatch(new RegExp(`\\b${key}\\b`));
    }
  });

  test('each alert leads to a section that names it, and each alert that is named exists', () => {
    const rules: unknown = parse(read('docs/operations/alerts.yml'));
    const groups = isRecord(rules) ? (rules.groups as { rules: { alert: string; annotations: object }[] }[]) : [];
    const alerts = groups.flatMap((group) => group.rules);
    expect(alerts.length).toBeGreaterThan(10);
    const sections = page.split(/^## /m);
    for (const { alert, annotations } of alerts) {
      const url = isRecord(annotations) ? String(annotations.runbook_url) : '';
      const [address, anchor = ''] = url.split('#');
      expect(address).toBe('https://github.com/inband/inband/blob/main/docs/operations.md');
      const section = sections.find((text) => anchorsIn(`## ${text}`).has(anchor));
      expect(section, url).toContain(`\`${alert}\``);
    }
    const names = new Set(alerts.map(({ alert }) => alert));
    expect(found(/^(Inband\w+)$/g, spans).filter((name) => !names.has(name))).toEqual([]);
  });
});
