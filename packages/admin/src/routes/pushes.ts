import { Type } from 'typebox';
import type { AddRoutes } from '../base/app-types.ts';
import { askedBy } from '../base/asked-by.ts';
import { AdminError } from '../base/problem.ts';
import {
  PromoteBody,
  PushBody,
  Pushed,
  PushedConfig,
  RollbackBody,
  VersionContent,
} from '../schemas/cluster/pushes.ts';

/** Bytes of what is pushed, as JSON: the files may have 8 MiB, and a line end takes two bytes more. */
const MOST_BODY = 24 * 2 ** 20;

const Conditional = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The ETag of GET /cluster/config.' })),
});
const ByNumber = Type.Object({ number: Type.Integer({ minimum: 1, description: 'Of the version.' }) });

const REFUSALS =
  'Nothing has changed after 409 (somebody else is pushing, or there is a canary), 412 (somebody was first, who is named), 422 (a member refuses it, which is named with its reason), 503 (a member or the store does not answer). 428 without If-Match.';

/** The configuration of all members of a cluster. */
export const pushRoutes: AddRoutes = (app, state) => {
  app.get(
    '/cluster/config',
    {
      config: { role: 'read' },
      schema: {
        summary: 'The versions of the configuration of all members',
        tags: ['cluster'],
        response: { 200: PushedConfig },
      },
    },
    async (_request, reply) => {
      const config = await state.ask('pushed-config', undefined);
      return reply.header('etag', config.etag).send(config);
    },
  );
  app.get(
    '/cluster/config/versions/:number',
    {
      // It may hold secrets.
      config: { role: 'change' },
      schema: {
        summary: 'The files of a version',
        tags: ['cluster'],
        params: ByNumber,
        response: { 200: VersionContent },
      },
    },
    (request) => state.ask('pushed-version', request.params),
  );
  app.post(
    '/cluster/config',
    {
      config: { role: 'change' },
      bodyLimit: MOST_BODY,
      schema: {
        summary: 'Push a configuration to all members',
        description: `Every member that lives looks at it before it becomes current. ${REFUSALS}`,
        tags: ['cluster'],
        headers: Conditional,
        body: PushBody,
        response: { 200: Pushed },
      },
    },
    (request) => state.ask('push', { ...request.body, ...conditionOf(request.headers), ...askedBy(request) }),
  );
  app.post(
    '/cluster/config/promote',
    {
      config: { role: 'change' },
      schema: {
        summary: 'Give the canary to all members',
        description: REFUSALS,
        tags: ['cluster'],
        headers: Conditional,
        body: PromoteBody,
        response: { 200: Pushed },
      },
    },
    (request) => state.ask('promote', { ...request.body, ...conditionOf(request.headers), ...askedBy(request) }),
  );
  app.post(
    '/cluster/config/rollback',
    {
      config: { role: 'change' },
      schema: {
        summary: 'End the canary, or push an old version again',
        description: REFUSALS,
        tags: ['cluster'],
        headers: Conditional,
        body: RollbackBody,
        response: { 200: Pushed },
      },
    },
    (request) => state.ask('rollback', { ...request.body, ...conditionOf(request.headers), ...askedBy(request) }),
  );
};

function conditionOf({ 'if-match': ifMatch }: { readonly 'if-match'?: string | undefined }): {
  readonly ifMatch: string;
} {
  if (ifMatch !== undefined) return { ifMatch };
  const detail =
    'Send If-Match with the ETag of GET /cluster/config, so that nobody overwrites what another has just pushed.';
  throw new AdminError({ status: 428, title: 'This needs If-Match', detail });
}
