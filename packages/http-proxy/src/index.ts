export { createHttpProxy, type HttpProxyDeps } from './http-proxy.ts';
export type { Call, Step } from './exchange/steps/step.ts';
export { defaultHttpOptions, type HttpOptions } from './service/options.ts';
export { USUAL_CONNECT_PORTS } from './exchange/steps/connect-ports.ts';
