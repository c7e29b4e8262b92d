/** Where hosts are served, of a service to which listeners lead that speak TLS. */
export interface SecureHosts {
  /** Host patterns of the routes of this service; undefined where a route is for every host. */
  readonly here: readonly string[] | undefined;
  /** Host patterns of other services to which such listeners lead. */
  readonly elsewhere: readonly string[];
}
