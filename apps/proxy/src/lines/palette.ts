/** What makes a part of a line stand out on a terminal. */
export interface Palette {
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  magenta(text: string): string;
}

const colour =
  (code: number) =>
  (text: string): string =>
    text === '' ? '' : `\u001b[${code}m${text}\u001b[0m`;
const plain = (text: string): string => text;

const COLOURED: Palette = {
  dim: colour(2),
  green: colour(32),
  yellow: colour(33),
  red: colour(31),
  magenta: colour(35),
};
const PLAIN: Palette = { dim: plain, green: plain, yellow: plain, red: plain, magenta: plain };

/** Colours for a terminal that shows some, unless the user does not want them (https://no-color.org). */
export function paletteFor(isTerminal: boolean, environment: NodeJS.ProcessEnv = process.env): Palette {
  const isUnwanted = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  return isTerminal && !isUnwanted ? COLOURED : PLAIN;
}
