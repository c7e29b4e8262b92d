/** The few levels on which a plugin logs. The loggers of pino are such ones. The fields come first, then the message. */
export interface Logger {
  /** What only helps to find a fault. */
  debug(fields: object, message: string): void;
  /** What happens as it should, and is worth a line. */
  info(fields: object, message: string): void;
  /** What an operator may want to change, while clients are served. */
  warn(fields: object, message: string): void;
  /** What keeps a client or the program from what it wants, and is not the client's doing. */
  error(fields: object, message: string): void;
}
