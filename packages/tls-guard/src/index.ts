export { createTlsGuard } from './tls-guard.ts';
export type { TlsGuardDeps } from './context.ts';
export { defaultTlsGuardOptions, type TlsGuardOptions } from './options.ts';
export type { ClientHello } from './client-hello.ts';
export { HelloFault } from './hello-fault.ts';
export { HelloReader } from './hello-reader.ts';
