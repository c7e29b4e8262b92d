import { Type } from 'typebox';
import type { AddRoutes } from '../base/app-types.ts';
import { askedBy } from '../base/asked-by.ts';
import { AdminError } from '../base/problem.ts';
import { ConfigChanged, EffectiveConfig, Patch } from '../schemas/config.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST = 7 * 86_400_000;

const Lasts = Type.Object(
  {
    expires: Type.String({
      pattern: '^[1-9][0-9]{0,6}[smhd]$',
      default: '1h',
      description: 'How long the change lasts: 30s, 10m, 1h, 7d. At most 7d.',
    }),
  },
  { additionalProperties: false },
);
const Conditional = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The ETag of the configuration that is to be changed.' })),
});
const ById = Type.Object({ id: Type.String({ pattern: '^o[0-9]{1,9}$', description: 'Of the overlay.' }) });
const ByFile = Type.Object({
  file: Type.String({ pattern: '^o[0-9]{1,9}\\.(?:yaml|json)$', description: 'The overlay, with .yaml or .json.' }),
});
const OverlayContent = {
  description: 'What to put into the file.',
  content: {
    'application/yaml': { schema: Type.String({ examples: ['# Overlay o1\nlimits:\n  connections: 1000\n'] }) },
    'application/json': { schema: Type.String({ examples: ['{"limits":{"connections":1000}}'] }) },
  },
};

/** The configuration, and changes of it that lie over the file. */
export const configRoutes: AddRoutes = (app, state) => {
  app.get(
    '/config',
    {
      config: { role: 'read' },
      schema: { summary: 'The configuration, without secrets', tags: ['config'], response: { 200: EffectiveConfig } },
    },
    async (_request, reply) => {
      const config = await state.ask('config', undefined);
      return reply.header('etag', `"${config.hash}"`).send(config);
    },
  );
  app.patch(
    '/config',
    {
      config: { role: 'change' },
      schema: {
        summary: 'Change the configuration for a while',
        description:
          'The change lies over the file, also when that is read again, until it expires. It is checked as a reload is: what is wrong is refused with 422, and nothing changes. 428 without If-Match; 412 if the configuration has changed meanwhile.',
        tags: ['config'],
        querystring: Lasts,
        headers: Conditional,
        body: Patch,
        response: { 200: ConfigChanged },
      },
    },
    async (request, reply) => {
      const { 'if-match': ifMatch } = request.headers;
      if (ifMatch === undefined) throw unconditional();
      const argument = { patch: request.body, lasts: durationOf(request.query.expires), ifMatch, ...askedBy(request) };
      const changed = await state.ask('change-config', argument);
      return reply.header('etag', `"${changed.hash}"`).send(changed);
    },
  );
  app.delete(
    '/config/overlays/:id',
    {
      config: { role: 'change' },
      schema: { summary: 'Take a change back', tags: ['config'], params: ById, response: { 200: ConfigChanged } },
    },
    (request) => state.ask('drop-overlay', { ...request.params, ...askedBy(request) }),
  );
  app.get(
    '/config/overlays/:file',
    {
      // It may hold secrets, which the file needs.
      config: { role: 'change' },
      schema: {
        summary: 'A change as YAML or JSON, for the file',
        tags: ['config'],
        params: ByFile,
        response: { 200: OverlayContent },
      },
    },
    async (request, reply) => {
      const { file } = request.params;
      const { patch, yaml } = await state.ask('overlay', { id: file.replace(/\..*/, '') });
      const isJson = file.endsWith('.json');
      return reply.type(isJson ? 'application/json' : 'application/yaml').send(isJson ? JSON.stringify(patch) : yaml);
    },
  );
};

function durationOf(text: string): number {
  const duration = Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 0);
  if (duration <= LONGEST) return duration;
  throw new AdminError({ status: 400, title: 'The request is wrong', detail: 'expires: at most 7d.' });
}

function unconditional(): AdminError {
  const detail = 'Send If-Match with the ETag of GET /config, so that nobody overwrites what another has just changed.';
  return new AdminError({ status: 428, title: 'This needs If-Match', detail });
}
