import { readFileSync } from 'node:fs';

/** The text of the fenced block of a language below a heading of a page in `docs`: what the page says, literally. */
export function documented(page: string, heading: string, language: string): string {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  const block = new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\``, 'm').exec(section ?? '')?.[1];
  if (block === undefined) throw new Error(`docs/${page} has no ${language} below "${heading}".`);
  return block;
}
