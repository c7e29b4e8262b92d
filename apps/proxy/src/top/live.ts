import type { ReadStream, WriteStream } from 'node:tty';

/** What the live view needs of whoever shows it. */
export interface LiveView {
  /** The lines that fit now. */
  lines(width: number, height: number): string[];
  /** A key was pressed, as the terminal sends it. */
  key(pressed: string): void;
  /** Settled when the view is to be left. Rejects with what went wrong. */
  readonly over: Promise<void>;
}

const ESCAPE = '\u001b';
/** The alternate screen without a cursor, and back. */
const ENTER = `${ESCAPE}[?1049h${ESCAPE}[?25l`;
const LEAVE = `${ESCAPE}[?25h${ESCAPE}[?1049l`;
const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;
const CONTROL_C = '\u0003';
const LEAVING: ReadonlySet<string> = new Set(['q', 'Q', CONTROL_C, ESCAPE]);

/** Takes over a terminal until the view is over, someone leaves by a key or a signal, or the terminal is gone, and gives it back as it was. */
export class LiveTerminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
  }

  async show(view: LiveView): Promise<void> {
    const left = Promise.withResolvers<void>();
    const leave = (): void => left.resolve();
    const pressed = (bytes: Buffer): void => {
      const text = bytes.toString('latin1');
      // Keys that have names come as a sequence, and an escape alone is one.
      if (LEAVING.has(text)) return leave();
      for (const key of text.startsWith(ESCAPE) ? [] : text) view.key(key);
    };
    const resized = (): void => this.draw(view);
    this.#input.setRawMode(true).resume().on('data', pressed).on('end', leave);
    this.#output.on('resize', resized).on('error', leave);
    for (const signal of SIGNALS) process.on(signal, leave);
    this.#output.write(ENTER);
    try {
      await Promise.race([left.promise, view.over]);
    } finally {
      for (const signal of SIGNALS) process.off(signal, leave);
      this.#output.off('resize', resized);
      this.#input.off('data', pressed).setRawMode(false).pause();
      this.#output.write(LEAVE);
    }
  }

  /** Writes over what is there, so that nothing flickers. */
  draw(view: LiveView): void {
    const { columns, rows } = this.#output;
    const lines = view.lines(columns, rows).map((line) => `${line}${ESCAPE}[K`);
    this.#output.write(`${ESCAPE}[H${lines.join('\r\n')}${ESCAPE}[J`);
  }
}
