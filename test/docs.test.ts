import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { anchorsIn } from './pages/anchors.ts';

const root = resolve(import.meta.dirname, '..');
const pages = globSync(['*.md', 'docs/**/*.md', '{packages,apps}/*/*.md', 'test/**/*.md', 'bench/*.md'], {
  cwd: root,
  exclude: (name) => name === 'node_modules',
});

const textOf = once((page: string): string => readFileSync(join(root, page), 'utf8'));
const anchorsOf = once((page: string): Set<string> => anchorsIn(textOf(page)));
const withoutCode = (text: string): string => text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');

/** What `read` says of each page, which many others link to. */
function once<T>(read: (page: string) => T): (page: string) => T {
  const known = new Map<string, T>();
  return (page) => {
    const before = known.get(page);
    if (before !== undefined) return before;
    const found = read(page);
    known.set(page, found);
    return found;
  };
}

/** Links of a page that lead nowhere. */
function brokenLinks(page: string): string[] {
  const links = Array.from(withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? page : join(dirname(page), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(target).has(anchor);
  });
}

describe('decisions', () => {
  const decisions = pages.filter((page) => /^docs\/adr\/\d{4}-/.test(page));

  test.each(decisions)('%s has the shape of all of them, and is in the list', (page) => {
    const text = textOf(page);
    const [, number = ''] = /(\d{4})-/.exec(page) ?? [];
    expect(text.split('\n')[0]).toMatch(new RegExp(`^# ${number}: .`));
    expect(text).toMatch(
      /^\*\*Status\.\*\* (?:Accepted|Proposed|Superseded by \[\d{4}\]\(\d{4}-[^)]+\)), \d{4}-\d\d-\d\d\.$/m,
    );
    for (const part of ['Context', 'Decision']) expect(text).toContain(`\n**${part}.**`);
    expect(textOf('docs/adr/README.md')).toContain(`[${number}](${page.replace('docs/adr/', '')})`);
  });
});

describe('CONTRIBUTING.md', () => {
  test('has a table with every kind of change that it says something about', () => {
    const [, part = ''] = /^## Where to begin$([^]*?)^## /m.exec(textOf('CONTRIBUTING.md')) ?? [];
    const [table = ''] = part.split(/^### /m);
    const linked = Array.from(table.matchAll(/\]\(#([^)]+)\)/g), ([, anchor = '']) => anchor);
    expect(linked.toSorted()).toEqual([...anchorsIn(part)].toSorted());
  });
});

describe('the README', () => {
  const packages = globSync('packages/*', { cwd: root });

  test.each(packages)('of %s has about fifteen lines, and names every folder of its sources', (folder) => {
    const text = textOf(`${folder}/README.md`);
    expect(text.split('\n').length).toBeLessThanOrEqual(20);
    const folders = readdirSync(join(root, folder, 'src'), { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const missing = folders.filter(({ name }) => !text.includes(`\`src/${name}\``) && !text.includes(`\`${name}/\``));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});

describe('documentation', () => {
  test('there are pages', () => expect(pages.length).toBeGreaterThan(30));

  test.each(pages)('every link of %s leads somewhere', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  test('every page of docs is linked to from the README or from another page', () => {
    const linked = new Set(
      pages.flatMap((page) =>
        Array.from(textOf(page).matchAll(/\]\(([^)#\s]+\.md)(?:#[^)]*)?\)/g), ([, link = '']) =>
          join(dirname(page), link),
        ),
      ),
    );
    const unlinked = pages.filter((page) => page.startsWith('docs/') && !linked.has(page));
    expect(unlinked.filter((page) => !page.startsWith('docs/adr/'))).toEqual([]);
  });
});
