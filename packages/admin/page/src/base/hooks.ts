import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, ask } from './api.ts';

/** What was asked for: the last answer stays while the next one is missing. */
export interface Polled<Answer> {
  readonly answer: Answer | undefined;
  readonly error: ApiError | undefined;
  /** Asks at once. */
  readonly refresh: () => void;
}

/** Asks for JSON again and again, `pause` milliseconds after each answer, while the page is visible. `alsoGood`: a status. */
export function usePolled<Answer>(path: string, pause = 1_000, alsoGood?: number): Polled<Answer> {
  const [state, setState] = useState<{ path: string; answer?: Answer; error?: ApiError }>({ path });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    let timer: number | undefined;
    const next = async (): Promise<void> => {
      if (document.hidden) return;
      try {
        const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(10_000)]);
        const answer = await ask<Answer>(path, { signal, ...(alsoGood !== undefined && { alsoGood }) });
        if (!abort.signal.aborted) setState({ path, answer });
      } catch (error) {
        if (!abort.signal.aborted) setState((before) => ({ ...before, error: asApiError(error) }));
      }
      if (!abort.signal.aborted) timer = window.setTimeout(() => void next(), pause);
    };
    const onVisible = (): void => {
      window.clearTimeout(timer);
      void next();
    };
    document.addEventListener('visibilitychange', onVisible);
    void next();
    return () => {
      abort.abort();
      window.clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
    };
  }, [path, pause, alsoGood, round]);
  const refresh = useCallback(() => setRound((count) => count + 1), []);
  const isOfThisPath = state.path === path;
  return { answer: isOfThisPath ? state.answer : undefined, error: state.error, refresh };
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, { title: 'The admin side does not answer', detail: 'The proxy may still work.' });
}

/** The part of the address after `#/`. */
export function useHashRoute(): string {
  const [route, setRoute] = useState(hashRoute);
  useEffect(() => {
    const onChange = (): void => setRoute(hashRoute());
    addEventListener('hashchange', onChange);
    return () => removeEventListener('hashchange', onChange);
  }, []);
  return route;
}

function hashRoute(): string {
  return location.hash.replace(/^#\/?/, '');
}

/** A value that follows another one when it has not changed for so many milliseconds: for what is typed. */
export function useSettled<Value>(value: Value, pause = 250): Value {
  const [settled, setSettled] = useState(value);
  const timer = useRef<number>(undefined);
  useEffect(() => {
    timer.current = window.setTimeout(() => setSettled(value), pause);
    return () => window.clearTimeout(timer.current);
  }, [value, pause]);
  return settled;
}
