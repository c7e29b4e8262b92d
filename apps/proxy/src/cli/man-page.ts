import { COMMANDS, EXIT_STATUS, type OptionEntry, OPTIONS } from './command-table.ts';

/** The day of the last change of what the page says. */
const DATE = 'November 28, 2026';
/** Bytes of the longest line, as manual pages have it. */
const WIDTH = 78;

/** The manual page, in mdoc(7): the table of commands and options with what surrounds it. */
export function manPage(): string {
  const lines = [
    `.Dd ${DATE}`,
    '.Dt INBAND 1',
    '.Os',
    '.Sh NAME',
    '.Nm inband',
    '.Nd programmable HTTP proxy',
    '.Sh SYNOPSIS',
    ...COMMANDS.flatMap(({ name, synopsis }) => synopsis.flatMap((rest) => synopsisLines(name, rest))),
    '.Nm',
    '.Fl -version | Fl -help',
    '.Sh DESCRIPTION',
    ...prose(
      'A forward, reverse or transparent proxy for HTTP. It parses every request strictly and forwards only what it understood. Without an argument it is a forward proxy for this machine.',
    ),
    '.Pp',
    'The commands are:',
    ...list(COMMANDS.map(({ name, text }) => [`Cm ${name}`, text])),
    '.Pp',
    'The options are:',
    ...list(OPTIONS.map((option) => [optionMacro(option), option.text])),
    '.Sh ENVIRONMENT',
    ...list([
      ['Ev PORT', 'The port on which forward and reverse listen if their address has none.'],
      ['Ev INBAND_DEBUG', 'Prints what the proxy does, one line an event: exchange,pool or others.'],
    ]),
    '.Pp',
    ...prose('In YAML and JSON, ${NAME} and ${NAME:default} are replaced by the variable NAME.'),
    '.Sh EXIT STATUS',
    ...prose(EXIT_STATUS.replace('Exit status: 0', 'The status is 0')),
    '.Sh EXAMPLES',
    'Each line is a whole command.',
    ...example('A forward proxy for the local network:', 'inband forward 0.0.0.0:3128'),
    ...example('A reverse proxy in front of two servers:', 'inband reverse :8080 10.0.0.1:80 10.0.0.2:80'),
    ...example('The same as the beginning of a file:', 'inband reverse :8080 10.0.0.1:80 10.0.0.2:80 --print'),
    ...example(
      'What would become of a request:',
      'inband explain -c inband.yaml --client 10.0.0.7 http://shop.example/',
    ),
    '',
  ];
  return lines.join('\n');
}

function synopsisLines(name: string, rest: string): string[] {
  const parts: readonly string[] = rest.match(/\[[^\]]*\]…?|\S+/g) ?? [];
  const isChoice = parts.includes('|');
  const lines = isChoice ? [`.Cm ${parts.join(' ')}`] : parts.map(synopsisPart);
  return ['.Nm', name === 'run' ? '.Op Cm run' : `.Cm ${name}`, ...lines];
}

/** `[--allow CLIENTS]…` is `.Op Fl -allow Ar CLIENTS ...`. */
function synopsisPart(part: string): string {
  const [, optional = '', again = ''] = /^\[([^\]]*)\](…?)$/.exec(part) ?? [];
  if (optional === '') return `.${macro(part.replace('…', ' ...'))}`;
  const macros = optional.split(' ').map(macro).join(' ');
  return `.Op ${macros}${again === '' ? '' : ' ...'}`;
}

function macro(word: string): string {
  if (word === '|') return word;
  return word.startsWith('--') ? `Fl ${word.slice(1)}` : `Ar ${word}`;
}

function optionMacro({ name, short, value }: OptionEntry): string {
  const letter = short === undefined ? '' : `Fl ${short} , `;
  return `${letter}Fl -${name}${value === undefined ? '' : ` Ar ${value}`}`;
}

function list(items: readonly (readonly [string, string])[]): string[] {
  const entries = items.flatMap(([tag, text]) => [`.It ${tag}`, ...prose(text)]);
  return ['.Bl -tag -width Ds', ...entries, '.El'];
}

function example(text: string, command: string): string[] {
  return ['.Pp', text, `.Dl ${command.replaceAll('-', String.raw`\-`)}`];
}

/** Each sentence on lines of its own, and no line that begins like a request. */
function prose(text: string): string[] {
  return escaped(text)
    .split(/(?<=\.) (?=[A-Z])/)
    .flatMap(wrapped);
}

function wrapped(sentence: string): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length < WIDTH) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => (/^[.']/.test(line) ? String.raw`\&${line}` : line));
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', String.raw`\e`)
    .replaceAll('…', '...')
    .replaceAll(/(?<!\w)--?(?=\w)/g, (dashes) => dashes.replaceAll('-', String.raw`\-`));
}
