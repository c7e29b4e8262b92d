import type { Setup } from './setup.ts';
import type { Site } from './site.ts';

/** How requests are addressed to a proxy. */
export type RequestForm = 'absolute' | 'origin';

/** How a proxy is started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** How it wants its requests. */
  readonly form: RequestForm;
  /** It closes connections after an answer that did not say so: that is not a fault of the run. */
  readonly closesUnannounced?: boolean;
  /** File for its standard output, where that is its access log. */
  readonly stdoutFile?: string;
}

/** A proxy that can be measured. */
export interface Peer {
  readonly name: string;
  readonly family: 'ours' | 'c' | 'node';
  readonly version: string;
  /** Takes part in every case, also in those that name others only. */
  readonly everywhere?: boolean;
  /** Takes part only in cases that name it. */
  readonly onlyWhenNamed?: boolean;
  /** Writes its configuration into `site` and says how to start it; undefined when it cannot do what `setup` asks. */
  launch(setup: Setup, site: Site): Launch | undefined;
}
