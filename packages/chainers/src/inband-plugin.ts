import { definePlugin } from '@inband/core';
import { z } from 'zod';
import { inbandFactory } from './inband.ts';
import { connecting, connectShape } from './options/options.ts';

export const inbandOptions = connecting(z.strictObject(connectShape)).describe(
  'Connects to the host and port that the client asked for.',
);

export const inbandPlugin = definePlugin<z.output<typeof inbandOptions>>({ ...inbandFactory, schema: inbandOptions });
