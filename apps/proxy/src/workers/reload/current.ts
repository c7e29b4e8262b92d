import type { ParsedConfig } from '../../config/parse-config.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { InbandListener } from '../../run/running.ts';
import type { Plan } from '../../run/plan/planned.ts';

/** The configuration that all workers have. */
export interface Current {
  readonly parsed: ParsedConfig;
  readonly source: ConfigSource;
  readonly plan: Plan;
  readonly generation: number;
  /** Empty while the workers start. */
  readonly listeners: readonly InbandListener[];
}
