import type { SockAddr } from '../../base/address.ts';
import type { Accept, AdoptOptions, ListenOptions, TransportListener } from '../../base/connection.ts';
import { fromErrno } from '../../base/errno.ts';
import { notListening } from '../not-listening.ts';
import { refuseTransparent } from '../refuse-transparent.ts';
import { fileOf, isAbstract } from '../socket-file.ts';
import { closeOnce } from './close-server.ts';
import { listenOnFile } from './listen-on-file.ts';
import { boundAddress, shared, tryToAdopt, tryToListen } from './server.ts';

/** See `Transport.listen`. */
export async function listen(bind: SockAddr, options: ListenOptions, accept: Accept): Promise<TransportListener> {
  refuseTransparent('node', options);
  if (bind.family === 'unix' && !isAbstract(bind.path)) return listenOnFile(bind, options, accept);
  const server = await tryToListen(bind, options, accept);
  if (server instanceof Error) throw fromErrno(server, 'listen', bind);
  return { address: boundAddress(server, bind), share: () => shared(server), close: closeOnce(server) };
}

/** See `Transport.adopt`. */
export async function adopt(descriptor: number, options: AdoptOptions, accept: Accept): Promise<TransportListener> {
  refuseTransparent('node', options);
  const adopted = await tryToAdopt(descriptor, options, accept);
  if (adopted === undefined) throw notListening(descriptor);
  const { server, address } = adopted;
  const file = fileOf(address);
  const close = closeOnce(server, () => (options.ownsFile ? file?.remove() : undefined));
  const isFileThere = (): boolean => file === undefined || !server.listening || file.isThere();
  return { address, close, share: () => shared(server), isFileThere };
}
