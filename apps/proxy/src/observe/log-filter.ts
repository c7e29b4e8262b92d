/** Which lines a reader of the log wants. What is left out is no condition. */
export interface LogFilter {
  readonly verdict?: string | undefined;
  readonly service?: string | undefined;
  /** The address of the client, with or without its port. */
  readonly client?: string | undefined;
  /** A part of what was asked for. */
  readonly target?: string | undefined;
  /** The least severe messages. Default `info`. */
  readonly level?: LogLevelName | undefined;
}

export type LogLevelName = 'debug' | 'info' | 'warn' | 'error';

const SEVERITY: Readonly<Record<LogLevelName, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** What a filter looks at in a line about a session. */
export interface SessionFacts {
  readonly verdict: string;
  readonly service: string;
  /** With its port. */
  readonly client: string;
  readonly target: string;
}

export function wantsSession(filter: LogFilter, facts: SessionFacts): boolean {
  const { verdict, service, client, target } = filter;
  if (verdict !== undefined && verdict !== facts.verdict) return false;
  if (service !== undefined && service !== facts.service) return false;
  if (client !== undefined && client !== facts.client && !isAddressOf(client, facts.client)) return false;
  return target === undefined || facts.target.includes(target);
}

/** Messages are about no session, so a reader who asks for certain sessions gets none. */
export function wantsMessage(filter: LogFilter, level: LogLevelName): boolean {
  const { verdict, service, client, target } = filter;
  const wantsSessions = [verdict, service, client, target].some((one) => one !== undefined);
  return !wantsSessions && SEVERITY[level] >= SEVERITY[filter.level ?? 'info'];
}

/** Whether `full` is `address` with a port: `192.0.2.7:5000`, `[2001:db8::7]:5000`. */
export function isAddressOf(address: string, full: string): boolean {
  const host = full.slice(0, full.lastIndexOf(':'));
  return host === address || host === `[${address}]`;
}
