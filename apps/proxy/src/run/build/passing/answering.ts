import { type Chainer, ProxyError } from '@inband/core';

/** Stands in a route that the proxy answers by itself, where others have their chainer: the log and the counters have its kind. */
export function answering(kind: 'respond' | 'redirect'): Chainer {
  return kind === 'respond' ? RESPOND : REDIRECT;
}

const RESPOND = withoutServer('respond');
const REDIRECT = withoutServer('redirect');

function withoutServer(kind: string): Chainer {
  return Object.freeze({
    kind,
    connectServer: () =>
      Promise.reject(new ProxyError('proxy_internal_error', 'A route without a server was asked to connect.')),
  });
}
