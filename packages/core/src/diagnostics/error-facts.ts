import { asErrno } from '../base/errno.ts';
import { DefectError, PROXY_ERRORS, type ProxyErrorCode, toProxyError } from '../base/errors.ts';

/** What a message says of an error. */
export interface ErrorFacts {
  /** See docs/errors.md. */
  readonly code: ProxyErrorCode;
  /** One sentence. Of a defect it is no more than the description of its code, because its message may hold anything. */
  readonly message: string;
  /** The configuration setting that would change the outcome. */
  readonly setting: string | undefined;
  /** What the system said, as `ECONNREFUSED`. */
  readonly errno: string | undefined;
}

export function errorFacts(error: Error): ErrorFacts {
  const known = toProxyError(error);
  const { code, setting, cause } = known;
  const message = known instanceof DefectError ? PROXY_ERRORS[code].description : known.message;
  return { code, message, setting, errno: cause instanceof Error ? asErrno(cause).code : undefined };
}
