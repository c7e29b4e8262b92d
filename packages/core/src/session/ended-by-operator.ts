import { ProxyError } from '../base/errors.ts';

/** The error of a session that an operator has ended. */
export function endedByOperator(): ProxyError {
  return new ProxyError('connection_terminated', 'The operator of the proxy ended it.', { fault: 'proxy' });
}
