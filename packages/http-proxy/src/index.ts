export { createHttpProxy } from './http-proxy.ts';
export type { HttpProxyDeps } from './service/context.ts';
export { defaultHttpOptions, type HttpOptions } from './service/options.ts';
export { USUAL_CONNECT_PORTS } from './exchange/steps/connect-ports.ts';
