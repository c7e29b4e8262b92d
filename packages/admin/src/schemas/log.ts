import { type Static, Type } from 'typebox';

export const LogQuery = Type.Object(
  {
    verdict: Type.Optional(Type.Enum(['accepted', 'denied-by-policy', 'connection-failed', 'aborted'])),
    service: Type.Optional(Type.String()),
    client: Type.Optional(Type.String({ description: 'The address of a client, with or without its port.' })),
    target: Type.Optional(Type.String({ description: 'A part of what was asked for.' })),
    level: Type.Optional(
      Type.Enum(['debug', 'info', 'warn', 'error'], { description: 'The least severe messages. Default: info.' }),
    ),
  },
  { additionalProperties: false },
);
/** Which lines of the log a reader wants. With a condition about sessions it gets no messages. */
export type LogQuery = Static<typeof LogQuery>;

/** A line of the log. */
export interface LogLine {
  readonly event: 'session' | 'message';
  readonly id: string;
  /** One line of JSON. */
  readonly data: string;
  /** The places of the queries that want it. */
  readonly readers: readonly number[];
}

/** What has come since the last time. */
export interface LogLines {
  readonly lines: readonly LogLine[];
  /** Lines that were too many, by the places of the queries. */
  readonly lost: readonly number[];
}
