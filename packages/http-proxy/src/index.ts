export { createHttpProxy } from './http-proxy.ts';
export type { HttpProxyDeps } from './context.ts';
export { defaultHttpOptions, type HttpOptions } from './options.ts';
export { USUAL_CONNECT_PORTS } from './exchange/connect-ports.ts';
