import * as z from 'zod';
import { certificateKeys, trustKeys } from './tls-certificates.ts';

/** `listeners[].tls`. */
export const listenerTls = z.strictObject({ ...certificateKeys, ...trustKeys });
