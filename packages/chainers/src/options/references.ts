import { z } from 'zod';

/** What a text in a configuration refers to by its name. */
export interface Reference {
  /**
   * `zone`: a zone. `zone-or-address`: a zone, an address or a CIDR. `service`: a service. `chainer`: a named chainer. `server-or-port`: a
   * server whose port may be 0, which stands for the port that the client addressed.
   */
  readonly to: 'zone' | 'zone-or-address' | 'service' | 'chainer' | 'server-or-port';
}

/**
 * The fields of schemas that refer to something by its name. The check of a configuration walks the schemas and looks
 * every field up here, so a new field is checked as soon as its schema is made of one of the types below.
 */
export const references = z.registry<Reference>();

/** The name of a zone, built in or of the configuration. */
export const zoneName = z.string().min(1).register(references, { to: 'zone' });

/** The name of a zone, an address or a CIDR. */
export const zoneOrAddress = z.string().min(1).register(references, { to: 'zone-or-address' });

/** The name of a service of the configuration. */
export const serviceName = z.string().min(1).register(references, { to: 'service' });

/** The name of one of the `chainers` of the configuration. */
export const chainerName = z.string().min(1).register(references, { to: 'chainer' });
