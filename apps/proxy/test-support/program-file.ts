import { fileURLToPath } from 'node:url';

/**
 * What tests start as the program: what is built of the sources, as a package has it. It starts in a third of the processor time that the sources
 * take. They are built before the first test (`test/support/tiers/built-program.ts`).
 */
export const PROGRAM_FILE = fileURLToPath(new URL('../build/start.mjs', import.meta.url));

/** The program of a checkout, which runs its sources as they are. */
export const SOURCES_FILE = fileURLToPath(new URL('../bin/inband.mjs', import.meta.url));
