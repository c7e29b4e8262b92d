import { registerHooks } from 'node:module';

/** How often each test file and set-up file was imported in this process. */
const imported = new Map<string, number>();
let isRegistered = false;

/**
 * Vitest imports them as `FILE?vitest=TIME`, so that each time is another module, and the compile cache of Node.js would keep
 * every time of them for ever. From the first call on, a number counts instead.
 */
export function keepUrlsStable(): void {
  if (isRegistered) return;
  isRegistered = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const [file = '', time] = resolved.url.split('?vitest=');
      if (time === undefined) return resolved;
      const times = (imported.get(file) ?? 0) + 1;
      imported.set(file, times);
      return { ...resolved, url: `${file}?vitest=${times}` };
    },
  });
}
