import { exitNow } from '@inband/core';

/**
 * Ends this process with `status` by `_exit(2)`, after the listeners of its `exit` event. Node.js would wait for its threads,
 * which a write without a reader or an unanswered look-up may block. Where `_exit` is not available, Node.js ends the
 * process, or SIGKILL does if `isHeld` says that a thread is blocked.
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

/** Whether Node.js must end the process itself, because it writes profiles or coverage. */
function isProfiled(): boolean {
  const options = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  return process.env['NODE_V8_COVERAGE'] !== undefined || options.some((option) => option.includes('-prof'));
}
