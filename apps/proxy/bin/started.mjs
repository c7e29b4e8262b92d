import { keepCompiled } from './compile-cache.mjs';
import { setServingFlags } from './engine-flags.mjs';

/** To be called by a process of the program when it accepts clients. */
export function started() {
  keepCompiled();
  setServingFlags();
}
