import { exitNow } from '@inband/core';

/**
 * Ends this process with `status` after the listeners of its `exit` event. Node would wait for its threads, and one may
 * be held in a write that nobody reads, or in a look-up that nobody answers. Where the system's own exit cannot be
 * reached, Node's has to do, unless `isHeld` says that it would not end: then a SIGKILL does.
 */
export function leave(status: number, isHeld = false): never {
  if (!isProfiled()) {
    process.once('exit', () => {
      exitNow(status);
      if (isHeld) process.kill(process.pid, 'SIGKILL');
    });
  }
  process.exit(status);
}

/** Profiles and coverage are written by Node's own end. */
function isProfiled(): boolean {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  return process.env['NODE_V8_COVERAGE'] !== undefined || options.some((option) => option.includes('-prof'));
}
