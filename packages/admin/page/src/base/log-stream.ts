import { useEffect, useState } from 'preact/hooks';
import { type ApiError, send } from './api.ts';
import { EventLines } from './event-lines.ts';
import { asApiError } from './hooks.ts';

/** Lines that are kept. */
const KEPT = 500;
/** Milliseconds before it is tried again. */
const PAUSE = 2_000;

/** A line of the log, with what the page shows of it. */
export interface LogEntry {
  readonly key: string;
  readonly event: string;
  readonly data: string;
}

export interface LogState {
  readonly entries: readonly LogEntry[];
  readonly connected: boolean;
  readonly error: ApiError | undefined;
}

const EMPTY: LogState = { entries: [], connected: false, error: undefined };

/** Follows the log while `running`; what came before stays. Another path begins anew. */
export function useLog(path: string, running: boolean): LogState {
  const [state, setState] = useState(EMPTY);
  useEffect(() => setState(EMPTY), [path]);
  useEffect(() => {
    if (!running) return undefined;
    const abort = new AbortController();
    const add = (entries: LogEntry[]): void =>
      setState((before) => ({ ...before, entries: [...entries.toReversed(), ...before.entries].slice(0, KEPT) }));
    void follow(path, abort.signal, add, (change) => setState((before) => ({ ...before, ...change })));
    return () => {
      abort.abort();
      setState((before) => ({ ...before, connected: false }));
    };
  }, [path, running]);
  return state;
}

async function follow(
  path: string,
  signal: AbortSignal,
  add: (entries: LogEntry[]) => void,
  change: (change: Partial<LogState>) => void,
): Promise<void> {
  let count = 0;
  while (!signal.aborted) {
    try {
      const response = await send(path, { signal });
      change({ connected: true, error: undefined });
      const lines = new EventLines();
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read()) {
        const events = lines.take(piece.value);
        if (events.length > 0) add(events.map(({ event, data }) => ({ key: String((count += 1)), event, data })));
      }
      if (!signal.aborted) change({ connected: false });
    } catch (error) {
      if (!signal.aborted) change({ connected: false, error: asApiError(error) });
    }
    if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
