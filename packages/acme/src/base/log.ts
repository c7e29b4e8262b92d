/** Where the client says what it does. The loggers of pino are such ones. */
export interface AcmeLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
