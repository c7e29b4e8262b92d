import { globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const SOURCES = 'packages/core/src/diagnostics';

export interface DocumentedField {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
}

/** One message of one channel, as its source describes it. */
export interface DocumentedEvent {
  readonly channel: string;
  readonly event: string;
  readonly type: string;
  readonly meaning: string;
  readonly fields: readonly DocumentedField[];
}

const INTERFACE = /\/\*\*((?:(?!\*\/)[^])*)\*\/\nexport interface (\w+) \{\n([^]*?)\n\}/g;
const FIELD = / {2}(?:\/\*\*((?:(?!\*\/)[^])*)\*\/\n {2})?readonly (\w+): ([^;]+);/g;

/** A doc comment as one line. */
function textOf(comment: string): string {
  return comment
    .replaceAll(/\n\s*\*/g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function eventsIn(file: string): DocumentedEvent[] {
  const source = readFileSync(join(root, SOURCES, file), 'utf8');
  const channel = basename(file, '-messages.ts');
  return Array.from(source.matchAll(INTERFACE), ([, comment = '', type = '', body = '']) => {
    const [event, ...fields] = Array.from(body.matchAll(FIELD), ([, meaning = '', name = '', written = '']) => {
      return { name, type: written, meaning: textOf(meaning) };
    });
    if (event?.name !== 'event') throw new Error(`${file}: ${type} does not begin with its event.`);
    return { channel, event: event.type.replaceAll("'", ''), type, meaning: textOf(comment), fields };
  });
}

/** Every message that is published, from the sources of its types. */
export function documentedEvents(): DocumentedEvent[] {
  return globSync('*-messages.ts', { cwd: join(root, SOURCES) })
    .toSorted()
    .flatMap(eventsIn);
}

/** The section of docs/diagnostics.md about it. */
export function sectionOf({ channel, event, type, meaning, fields }: DocumentedEvent): string {
  const rows = fields.map((field) => {
    const written = field.type.replaceAll('|', '\\|');
    return `| \`${field.name}\` | \`${written}\` |${field.meaning === '' ? '' : ` ${field.meaning}`} |`;
  });
  const table = ['| field | type | |', '| --- | --- | --- |', ...rows].join('\n');
  return `### ${channel} \`${event}\`\n\n${meaning} (\`${type}\`)\n\n${table}\n`;
}
