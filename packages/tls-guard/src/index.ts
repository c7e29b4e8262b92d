export { createTlsGuard } from './tls-guard.ts';
export type { TlsGuardDeps } from './context.ts';
export { defaultTlsGuardOptions, type TlsGuardOptions } from './options.ts';
