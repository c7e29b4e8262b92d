import { ProxyError } from '../base/errors.ts';

/** For a descriptor that is to be adopted. */
export function notListening(descriptor: number): ProxyError {
  const what = `The descriptor ${descriptor} that the program was started with is no listening stream socket`;
  return new ProxyError('proxy_configuration_error', `${what}; a socket unit must have ListenStream= and Accept=no.`);
}
