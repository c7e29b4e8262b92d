import type { Plugin } from '@inband/core';
import { basicAuth } from './basic.ts';
import { certificateAuth } from './certificate.ts';

/** The built-in ways by which clients say who they are. What they need is loaded where one is configured. */
export const builtinAuth: readonly Plugin[] = [basicAuth, certificateAuth];
