import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Identity } from './identity.ts';
import type { NeededRole } from './roles.ts';
import type { ProxyState } from './state.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the endpoint. Every one has to say it. */
    readonly role?: NeededRole;
  }
  interface FastifyInstance {
    /** Has `listener` called when others may ask than before. Returns what takes that back. */
    onAccessChange(listener: () => void): () => void;
  }
  interface FastifyRequest {
    /** Who asks; undefined where no role is needed. */
    identity: Identity | undefined;
  }
}

/** Has the types of bodies, queries and responses follow from their schemas. */
interface TypesOfSchemas extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  readonly serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
}

export type AdminApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypesOfSchemas
>;

/** Adds endpoints. Each says in its `config` which role it needs, and in its schema what it answers, with an example. */
export type AddRoutes = (app: AdminApp, state: ProxyState) => void;
