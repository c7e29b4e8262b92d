import type { Role } from './roles.ts';

/** Where the admin server listens. */
export type AdminAddress =
  | { readonly host: string; readonly port: number }
  | {
      /** Of a unix socket; an abstract name begins with a NUL. */
      readonly path: string;
      /** Of its file, as for chmod(2). Default: 0600. */
      readonly mode?: number | undefined;
      readonly uid?: number | undefined;
      readonly gid?: number | undefined;
    };

/** Who may ask, and for what. */
export interface AccessOptions {
  /** The role of those who show no token. Undefined: they may only use what needs none. */
  readonly anonymous: Role | undefined;
  readonly tokens: readonly TokenOptions[];
  readonly oidc?: OidcOptions | undefined;
  /** Names by which clients call this server, beside addresses and `localhost`. */
  readonly hosts: readonly string[];
}

export interface TokenOptions {
  /** Who has the token; for the log. */
  readonly name: string;
  readonly role: Role;
  /** `sha256:` and the digest of the token, in hexadecimal. */
  readonly hash: string;
}

/** Tokens of an OpenID provider: JWTs whose signature, issuer, audience and time are checked. */
export interface OidcOptions {
  readonly issuer: string;
  readonly audience: string;
  /** Where its keys are. Default: as the discovery document of the issuer says. */
  readonly jwks?: string | undefined;
  /** The claim with the roles: a text or a list; dots lead into objects, such as `realm_access.roles`. */
  readonly claim: string;
  /** What a value of the claim stands for. Of several the highest counts. */
  readonly roles: Readonly<Record<string, Role>>;
}

/** A certificate with its chain, and its key, both in PEM. */
export interface TlsOptions {
  readonly cert: string;
  readonly key: string;
}

export interface AdminOptions {
  readonly listen: AdminAddress;
  readonly access: AccessOptions;
  readonly tls?: TlsOptions | undefined;
}
