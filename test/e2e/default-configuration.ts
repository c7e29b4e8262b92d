import { type ConfigInput, defaultConfig } from 'inband';

/** What `npm start` runs, but on a free port. */
export function usualConfiguration(): ConfigInput {
  const listeners = defaultConfig.listeners.map((listener) => ({ ...listener, bind: '127.0.0.1:0' }));
  return { ...defaultConfig, listeners };
}
