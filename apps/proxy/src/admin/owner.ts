import type { Draining, Health } from '@inband/admin';
import type { Reloaded } from '../run/running.ts';
import type { Answers } from './questions/process-question.ts';

/** The process to which the admin side belongs: one that serves clients itself, or the supervisor of those that do. */
export interface AdminOwner {
  health(): Health;
  /** Rejects with a `ConfigError` if the configuration is refused. `by`: who asks, for the log. */
  reload(by: string): Promise<Reloaded>;
  /** Begins to end the process. */
  drain(by: string): Draining;
  /** Asks every process that serves clients. */
  askAll(question: string, argument: unknown): Promise<Answers>;
}
