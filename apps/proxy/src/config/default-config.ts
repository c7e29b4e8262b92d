import type { ConfigInput } from './input/config-input.ts';

/** The configuration if none is given: a forward proxy for this machine. */
export const defaultConfig: ConfigInput = {
  listeners: [{ bind: '127.0.0.1:3128', service: 'default' }],
  services: { default: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
};

/** Returns its argument. For the types in a configuration module. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
