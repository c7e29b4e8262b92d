import type { Setup } from './setup.ts';
import type { Site } from './site.ts';

/** How requests are addressed to a proxy. */
export type RequestForm = 'absolute' | 'origin';

/** How a proxy is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The form of requests to it. */
  readonly form: RequestForm;
  /** It closes connections without `Connection: close`, which does not count as a fault. */
  readonly closesUnannounced?: boolean;
  /** A file for its standard output, if that is its access log. */
  readonly stdoutFile?: string;
}

/** A proxy that can be measured. */
export interface Peer {
  readonly name: string;
  readonly family: 'ours' | 'c' | 'node';
  readonly version: string;
  /** Takes part in every case, also in cases that name other peers. */
  readonly everywhere?: boolean;
  /** Takes part only in cases that name it. */
  readonly onlyWhenNamed?: boolean;
  /** Writes its configuration into `site`, and returns how to start it. Undefined when it does not support `setup`. */
  launch(setup: Setup, site: Site): Launch | undefined;
}
