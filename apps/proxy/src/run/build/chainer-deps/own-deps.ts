import type { AddressZones, ChainerDeps } from '@inband/core';

/**
 * What a chainer is made with. A configuration may have thousands, so it is a class, whose properties V8 knows: a literal with a getter costs a
 * hundred times as much. All that a chainer may use are properties of its own, because a plugin may pass on a copy (`{ ...deps }`).
 */
export class OwnDeps implements ChainerDeps {
  readonly establishConnection: ChainerDeps['establishConnection'];
  readonly establishFor: ChainerDeps['establishFor'];
  readonly connectByName: ChainerDeps['connectByName'];
  readonly resolver: ChainerDeps['resolver'];
  readonly place: string;
  readonly logger: ChainerDeps['logger'];
  readonly proxies: ChainerDeps['proxies'];
  readonly serverTls: ChainerDeps['serverTls'];
  readonly ownKey: ChainerDeps['ownKey'];
  readonly idleConnections: ChainerDeps['idleConnections'];
  readonly notices: ChainerDeps['notices'];
  readonly nestedChainer: ChainerDeps['nestedChainer'];
  readonly discovery: NonNullable<ChainerDeps['discovery']>;
  readonly carrier: ChainerDeps['carrier'];
  readonly forgeAddrProblem: ChainerDeps['forgeAddrProblem'];
  readonly #plugin: string;

  /** `zones`: undefined for a plugin that does not use them. */
  constructor(plugin: string, zones: AddressZones | undefined, parts: Omit<OwnDeps, 'zones'>) {
    this.#plugin = plugin;
    this.establishConnection = parts.establishConnection;
    this.establishFor = parts.establishFor;
    this.connectByName = parts.connectByName;
    this.resolver = parts.resolver;
    this.place = parts.place;
    this.logger = parts.logger;
    this.proxies = parts.proxies;
    this.serverTls = parts.serverTls;
    this.ownKey = parts.ownKey;
    this.idleConnections = parts.idleConnections;
    this.notices = parts.notices;
    this.nestedChainer = parts.nestedChainer;
    this.discovery = parts.discovery;
    this.carrier = parts.carrier;
    this.forgeAddrProblem = parts.forgeAddrProblem;
    if (zones !== undefined) Object.defineProperty(this, 'zones', { value: zones, enumerable: true });
  }

  /** Where it has no zones of its own. */
  get zones(): AddressZones {
    throw new Error(`the plugin "${this.#plugin}" says "usesZones: false", and uses zones.`);
  }
}
