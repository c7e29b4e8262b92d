import { COMMANDS, EXIT_STATUS, type OptionEntry, OPTIONS } from './command-table.ts';

const WIDTH = 100;

/** What `inband --help` prints. */
export function helpText(): string {
  const synopses = COMMANDS.flatMap(({ name, synopsis }) =>
    synopsis.map((rest) => [name === 'run' ? '[run]' : name, rest] as const),
  );
  const usage = synopses.map(([name, rest], index) => {
    const start = `${index === 0 ? 'Usage: ' : '       '}inband ${name} `;
    return start + wrapped(rest, WIDTH - start.length, start.length);
  });
  const commands = COMMANDS.map(({ name, text }) => name.padEnd(13) + wrapped(text, WIDTH - 13, 13));
  const options = OPTIONS.map((option) => spelling(option).padEnd(29) + wrapped(option.text, WIDTH - 31, 29));
  return [
    ...usage,
    '       inband --version | --help',
    '',
    ...commands,
    '',
    ...options.map((line) => `  ${line}`.replaceAll('\n', '\n  ')),
    '',
    wrapped(EXIT_STATUS, WIDTH, 0),
    '',
  ].join('\n');
}

/** `-c, --config FILE`. */
function spelling({ name, short, value }: OptionEntry): string {
  const letter = short === undefined ? '    ' : `-${short}, `;
  return `${letter}--${name}${value === undefined ? '' : ` ${value}`}`;
}

/** The text in lines of at most `width` characters, all but the first of them indented. What stands in brackets stays together. */
function wrapped(text: string, width: number, indent: number): string {
  const lines: string[] = [];
  for (const word of text.match(/\[[^\]]*\]…?|\S+/g) ?? []) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}
