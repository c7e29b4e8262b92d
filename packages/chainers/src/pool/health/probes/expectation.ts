/** The statuses from one to another, both included. */
export type StatusRange = readonly [from: number, to: number];

/** What an answer must be like. */
export interface Expectation {
  /** One of these. */
  readonly statuses: readonly StatusRange[];
  /** A text that its body must contain. */
  readonly body?: string | undefined;
}

export const DEFAULT_EXPECTATION: Expectation = { statuses: [[200, 399]] };

/** A status, `2xx`, or `200-399`. */
export const STATUSES = /^[1-5](?:xx|\d\d(?:-[1-5]\d\d)?)$/;

/** `text` matches {@link STATUSES}. */
export function statusRange(text: string): StatusRange {
  if (text.endsWith('xx')) {
    const first = Number(text[0]) * 100;
    return [first, first + 99];
  }
  const [from = '', to = from] = text.split('-');
  return [Number(from), Number(to)];
}

export function isExpected({ statuses }: Expectation, status: number): boolean {
  return statuses.some(([from, to]) => status >= from && status <= to);
}

/** `200-399 or 404`. */
export function formatStatuses({ statuses }: Expectation): string {
  return statuses.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(' or ');
}
