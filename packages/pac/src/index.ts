/** Evaluates PAC files: whoever uses it has a way to look names up, and gets what `FindProxyForURL` returns. */
export { PacError, type PacErrorKind } from './base/pac-error.ts';

export { PacFile, type PacFileDeps } from './pac-file.ts';
export { type PacPlace, PacSource, type PacSourceDeps } from './pac-source.ts';
export { readPac } from './read-pac.ts';
export type { PacLog } from './text/log.ts';
