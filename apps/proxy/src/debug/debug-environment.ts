import type { Logger } from '@inband/core';
import { outputSink } from '../log/outputs/log-batch.ts';
import { parseDebugNames } from './debug-names.ts';
import { printTo } from './print-diagnostics.ts';

const VARIABLE = 'INBAND_DEBUG';
const STDERR = 2;

/** Prints what INBAND_DEBUG asks for until the process ends. `shared`: other processes write to standard error as well. */
export function printAsEnvironmentSays(shared: boolean): void {
  const { names } = asked();
  if (names.size > 0) printTo(names, outputSink(STDERR, shared));
}

/** What cannot be printed is no reason not to run. Said once for all workers. */
export function warnOfEnvironment(logger: Logger): void {
  for (const problem of asked().problems) logger.warn({}, `${VARIABLE}: ${problem}`);
}

function asked(): ReturnType<typeof parseDebugNames> {
  return parseDebugNames(process.env[VARIABLE] ?? '');
}
