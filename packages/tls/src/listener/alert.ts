/** Fatal alerts that are sent before there is any encryption (RFC 8446 section 6.2). */
export const ALERTS = {
  unexpected_message: 10,
  handshake_failure: 40,
  decode_error: 50,
  internal_error: 80,
  unrecognized_name: 112,
  no_application_protocol: 120,
} as const;

export type PlainAlert = keyof typeof ALERTS;

const ALERT = 21;
const FATAL = 2;

/** The record of a fatal alert. */
export function alertRecord(alert: PlainAlert): Buffer {
  return Buffer.from([ALERT, 3, 3, 0, 2, FATAL, ALERTS[alert]]);
}
