/** A link of the page: what it says, and the file that it leads to, from the root of the repository. */
export interface Reference {
  readonly text: string;
  readonly file: string;
}

/** One line of a table of `docs/seed.md`. */
export interface Row {
  /** The heading that it stands under. */
  readonly section: string;
  /** The first cell, as read: without the marks of code. */
  readonly item: string;
  readonly symbols: readonly Reference[];
  readonly tests: readonly Reference[];
  /** What stands in the last cell beside its links: nobody could check it. */
  readonly unlinked: string;
}

const LINK = /\[((?:[^\]\\]|\\.)+)\]\(([^)]+)\)/g;

/** Reads the tables of the page: an item of the seed, what implements it (links, with remarks), what shows it. */
export function readPage(markdown: string): readonly Row[] {
  const rows: Row[] = [];
  let section = '';
  for (const line of markdown.split('\n')) {
    section = /^## (.+)$/.exec(line)?.[1] ?? section;
    const [, item, symbols, tests] = /^\| (.+?) \| (.+?) \| (.+?) \|$/.exec(line) ?? [];
    if (item === undefined || symbols === undefined || tests === undefined) continue;
    if (item === 'seed' || /^-+$/.test(item)) continue;
    const unlinked = tests.replaceAll(LINK, '').replaceAll(/[\s,]/g, '');
    rows.push({ section, item: item.replaceAll('`', ''), symbols: linksIn(symbols), tests: linksIn(tests), unlinked });
  }
  return rows;
}

function linksIn(cell: string): readonly Reference[] {
  return Array.from(cell.matchAll(LINK), ([, text = '', file = '']) => ({
    text: text.replace(/^`(.*)`$/, '$1').replaceAll(/\\(.)/g, '$1'),
    file: file.startsWith('../') ? file.slice('../'.length) : `docs/${file}`,
  }));
}
