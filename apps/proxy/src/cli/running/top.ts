import type { Pools, Sessions, Stats } from '@inband/admin';
import { setTimeout as pause } from 'node:timers/promises';
import { paletteFor } from '../../lines/palette.ts';
import { safeSentence } from '../../lines/values/safe-text.ts';
import { LiveTerminal, type LiveView } from '../../top/live.ts';
import { sessionsPath, SORTS, type TopData, type TopOrder, type TopSort } from '../../top/top-data.ts';
import { type Screen, topLines } from '../../top/top-view.ts';
import { askRunning } from './ask-running.ts';

/** What is to be shown, and of which program. */
interface Asked {
  readonly config: string | undefined;
  readonly sort?: TopSort;
  readonly json?: true;
}

/** Milliseconds between two looks, and for each answer. */
const EVERY = 1_000;
const SOON = 5_000;
/** The most sessions that are asked for. */
const MOST = 200;
/** The width where there is no terminal. */
const PAGE = 160;

/** Shows what the running program does: live on a terminal, once elsewhere. Resolves with the exit status. */
export async function top({ config, sort = 'seconds', json }: Asked): Promise<number> {
  const { stdin, stdout } = process;
  const order: TopOrder = { sort, isReversed: false };
  if (json !== true && stdin.isTTY && stdout.isTTY) {
    const terminal = new LiveTerminal(stdin, stdout);
    const view = new TopView(config, order, () => terminal.draw(view));
    await terminal.show(view);
    view.stop();
    return 0;
  }
  const data = await look(config, order);
  if (json === true) stdout.write(`${JSON.stringify(data, undefined, 2)}\n`);
  else stdout.write(`${topLines(data, order, { width: PAGE, height: Infinity, ...colours(false) }).join('\n')}\n`);
  return 0;
}

async function look(config: string | undefined, order: TopOrder): Promise<TopData> {
  const get = (path: string) => askRunning(config, { method: 'GET', path, timeout: SOON });
  const answers = await Promise.all([get('/stats'), get('/pools'), get(sessionsPath(order, MOST))]);
  const [stats, pools, sessions] = answers.map(({ body }) => body);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it is what the API answers
  return { stats: stats as Stats, pools: pools as Pools, sessions: sessions as Sessions };
}

function colours(isTerminal: boolean): Pick<Screen, 'palette' | 'hasBlocks'> {
  const { LC_ALL, LC_CTYPE, LANG } = process.env;
  const locale = [LC_ALL, LC_CTYPE, LANG].find((name) => name !== undefined && name !== '') ?? '';
  return { palette: paletteFor(isTerminal), hasBlocks: isTerminal && /utf-?8/i.test(locale) };
}

const HELP = 'q quit  a age  b bytes  c client  t target  r reverse  p pause';

/** What the program did at the last look, and what the keys say. */
class TopView implements LiveView {
  readonly over: Promise<void>;
  readonly #config: string | undefined;
  readonly #changed: () => void;
  readonly #stopping = new AbortController();
  #order: TopOrder;
  #isPaused = false;
  #data: TopData | undefined = undefined;
  /** Why there is no newer data. */
  #problem: string | undefined = undefined;

  constructor(config: string | undefined, order: TopOrder, changed: () => void) {
    this.#config = config;
    this.#order = order;
    this.#changed = changed;
    this.over = this.#lookAgainAndAgain();
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #lookAgainAndAgain(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (!this.#isPaused) await this.#look();
      await pause(EVERY, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** Rejects only at the first look, because later the program may be on its way to another version. */
  async #look(): Promise<void> {
    try {
      this.#data = await look(this.#config, this.#order);
      this.#problem = undefined;
    } catch (error) {
      if (this.#data === undefined) throw error;
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    if (!this.#stopping.signal.aborted) this.#changed();
  }

  key(pressed: string): void {
    const sort: TopSort | undefined = Object.entries(SORTS).find(([key]) => key === pressed)?.[1];
    if (pressed === 'p') this.#isPaused = !this.#isPaused;
    else if (pressed === 'r') this.#order = { ...this.#order, isReversed: !this.#order.isReversed };
    else if (sort !== undefined) this.#order = { sort, isReversed: false };
    else return;
    if (pressed === 'p') this.#changed();
    else void this.#look().catch(() => undefined);
  }

  lines(width: number, height: number): string[] {
    const screen = { width, height: height - 1, ...colours(true) };
    const lines = this.#data === undefined ? [] : topLines(this.#data, this.#order, screen);
    const state = this.#problem ?? (this.#isPaused ? `paused; p goes on  ${HELP}` : HELP);
    const filled = [...lines, ...Array.from({ length: Math.max(height - 1 - lines.length, 0) }, () => '')];
    const footer = safeSentence(state).slice(0, width - 1);
    return [...filled, this.#problem === undefined ? screen.palette.dim(footer) : screen.palette.red(footer)];
  }
}
