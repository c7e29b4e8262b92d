import { type Static, Type } from 'typebox';
import { Reloaded, reloadedExample } from './operations.ts';

/** A JSON merge patch (RFC 7396) of a mapping. */
export const Patch = Type.Record(Type.String(), Type.Unknown(), {
  description: 'A JSON merge patch (RFC 7396): null removes a key.',
  examples: [{ limits: { connections: 1000 } }],
});
export type Patch = Static<typeof Patch>;

export const OverlayLine = Type.Object(
  {
    id: Type.String(),
    patch: Patch,
    by: Type.String(),
    at: Type.String(),
    expires: Type.String(),
  },
  { title: 'Overlay' },
);
/** A change by this API, which lies over the file until it expires. */
export type OverlayLine = Static<typeof OverlayLine>;

const overlay = {
  id: 'o1',
  patch: { limits: { connections: 1000 } },
  by: 'ops',
  at: '2026-11-28T23:00:00.000Z',
  expires: '2026-11-29T00:00:00.000Z',
};

export const EffectiveConfig = Type.Object(
  {
    hash: Type.String({ description: 'Of the content. The same as in ETag.' }),
    file: Type.Union([Type.String(), Type.Null()], { description: 'What it was read from; null for none.' }),
    pushed: Type.Union([Type.String(), Type.Null()], {
      description: 'What was pushed to all members of a cluster and lies over the file: version 17. Null for nothing.',
    }),
    effective: Type.Record(Type.String(), Type.Unknown(), {
      description: 'What the files say, with the overlays, and without secrets. Defaults are left out.',
    }),
    overlays: Type.Array(OverlayLine),
  },
  {
    title: 'Configuration',
    examples: [
      {
        hash: '0f3a9c1b2d4e5f60718a',
        file: '/etc/inband/inband.yaml',
        pushed: null,
        effective: {
          listeners: [{ bind: '127.0.0.1:3128', service: 'default' }],
          services: { default: { mode: 'forward', routes: [{ chainer: { type: 'inband' } }] } },
          limits: { connections: 1000 },
        },
        overlays: [overlay],
      },
    ],
  },
);
/** The configuration that is current. */
export type EffectiveConfig = Static<typeof EffectiveConfig>;

export const ConfigChanged = Type.Object(
  {
    overlay: OverlayLine,
    hash: Type.String({ description: 'Of the configuration from now on.' }),
    reloaded: Reloaded,
  },
  { title: 'Change', examples: [{ overlay, hash: '0f3a9c1b2d4e5f60718a', reloaded: reloadedExample }] },
);
/** What a change of the configuration has done. */
export type ConfigChanged = Static<typeof ConfigChanged>;
