import type { Plugin } from '@inband/core';
import { addressAuth } from './address.ts';
import { basicAuth } from './basic.ts';
import { bearerAuth } from './bearer.ts';
import { certificateAuth } from './certificate.ts';
import { digestAuth } from './digest.ts';
import { httpAuth } from './http.ts';
import { tokenAuth } from './token.ts';

/** The built-in ways by which clients say who they are. What they need is loaded where one is configured. */
export const builtinAuth: readonly Plugin[] = [
  addressAuth,
  basicAuth,
  bearerAuth,
  certificateAuth,
  digestAuth,
  httpAuth,
  tokenAuth,
];
