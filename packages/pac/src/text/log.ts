/** Lines about a PAC file. The fields come first, then the message. */
export interface PacLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
