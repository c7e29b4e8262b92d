import { KEEP_ALIVE_AFTER, KEEP_ALIVE_EVERY, KEEP_ALIVE_TIMES } from '../../keep-alive.ts';
import { SO_KEEPALIVE, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, type System } from './system.ts';

/** Turns on TCP keep-alive. Accepted sockets inherit it from the listening socket. */
export function keepAlive(system: Pick<System, 'setOption'>, descriptor: number): void {
  system.setOption(descriptor, SO_KEEPALIVE, 1);
  system.setOption(descriptor, TCP_KEEPIDLE, KEEP_ALIVE_AFTER);
  system.setOption(descriptor, TCP_KEEPINTVL, KEEP_ALIVE_EVERY);
  system.setOption(descriptor, TCP_KEEPCNT, KEEP_ALIVE_TIMES);
}
