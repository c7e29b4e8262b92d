import type { Listener, ProtocolProxy, SharedSocket } from '@inband/core';
import { errorsOf } from '../../config/problem/placed.ts';
import { type Bind, bindNames, formatBind } from '../../config/values/bind.ts';
import type { ConfigSource } from '../../config/read/read-source.ts';
import type { SocketKind } from '../../handover/inherited-sockets.ts';
import type { Plan, PlannedListener, Ref } from '../plan/planned.ts';
import { type BoundAddresses, hasPlace, type ListenerDeps, openSocket, type OpenSocket } from './open-socket.ts';

/** The listeners that a configuration wants. */
export interface WantedListeners {
  readonly plan: Plan;
  readonly source: ConfigSource;
  /** By the service's name. */
  readonly proxies: ReadonlyMap<string, ProtocolProxy>;
  /** What the clients of a listener get: the proxy of a service, or one in front of that. */
  readonly proxyOf: (ref: Ref<'proxy'>) => ProtocolProxy | undefined;
  /** See `Sharing`. */
  readonly bound: BoundAddresses | undefined;
}

/** Listeners of a new configuration that are open beside those of the current one. */
export interface PreparedListeners {
  /** Of each listener, in the order of the configuration: one, or several where systemd passes several sockets. */
  readonly listeners: readonly (readonly Listener[])[];
  /**
   * The listeners give clients to the new proxies. Those that are not wanted any more serve what waits in their queue and close;
   * then `onClosed` is called with each one.
   */
  commit(onClosed: (listener: Listener) => void): void;
  /** Closes what was opened. */
  abandon(): Promise<void>;
}

/** A listening socket for another process. */
export interface SocketForOther {
  readonly socket: SharedSocket;
  readonly kind: SocketKind;
  /** See `InheritedSocket.bind`. */
  readonly bind: string;
}

/** The listening sockets of this process, by the hash of their planned value. Owns them. */
export class ListenerSet {
  readonly #deps: ListenerDeps;
  #open: ReadonlyMap<string, OpenSocket> = new Map();
  /** Sockets that go away. */
  readonly #closing = new Set<OpenSocket>();

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
  }

  /** The listeners of all sockets, those that go away included. */
  get all(): Listener[] {
    return [...this.#open.values(), ...this.#closing].flatMap(listenersOf);
  }

  /** Lends all sockets to another process. Throws if the transport, or the system, cannot. */
  share(): SocketForOther[] {
    const open = [...this.#open.values()];
    const names = bindNames(open.map(({ bind }) => bind));
    return open.flatMap(({ sockets }, index) =>
      sockets.map(({ listener, kind }) => {
        const socket = listener.share?.();
        if (socket === undefined) throw new Error('this transport cannot hand over its sockets.');
        return { socket, kind, bind: names[index] ?? '' };
      }),
    );
  }

  /** Opens what is not open. Rejects with a `ConfigError`; then nothing has changed. */
  async prepare(wanted: WantedListeners): Promise<PreparedListeners> {
    const opened = new Map<string, OpenSocket>();
    const abandon = async (): Promise<void> => void (await Promise.all([...opened.values()].map((it) => it.close())));
    const next = new Map<string, OpenSocket>();
    // All sockets are there before the first client is accepted.
    const announced = this.#announce(wanted);
    const names = bindNames(wanted.plan.listeners.map(({ socket }) => socket.value.bind));
    try {
      for (const [index, planned] of wanted.plan.listeners.entries()) {
        const { hash } = planned.socket;
        let socket = this.#open.get(hash);
        if (socket === undefined) {
          const unannounce = announced.get(hash) ?? nothing;
          announced.delete(hash);
          opened.set(
            hash,
            (socket = await this.#openOne(planned, { unannounce, index, name: names[index] ?? '' }, wanted)),
          );
        }
        next.set(hash, socket);
      }
    } catch (error) {
      for (const unannounce of announced.values()) unannounce();
      await abandon();
      throw error;
    }
    const listeners = [...next.values()].map(listenersOf);
    return { listeners, abandon, commit: (onClosed) => this.#commit(next, wanted, onClosed) };
  }

  /** Returns what takes the announcements back, by the hash of the socket. */
  #announce({ plan, bound }: WantedListeners): Map<string, () => void> {
    const announced = new Map<string, () => void>();
    for (const [index, { socket }] of plan.listeners.entries()) {
      const address = placeOf(bound, index, socket.value.bind);
      if (this.#open.has(socket.hash) || !hasPlace(address)) continue;
      announced.set(socket.hash, this.#deps.announce(address));
    }
    return announced;
  }

  async #openOne(
    planned: PlannedListener,
    { unannounce, index, name }: { unannounce: () => void; index: number; name: string },
    wanted: WantedListeners,
  ): Promise<OpenSocket> {
    const problem = (key: string, message: string): Error => {
      unannounce();
      return errorsOf(wanted.source, [{ path: [...planned.listener.path, key], message }]);
    };
    const { source, proxyOf, bound } = wanted;
    const { service, proxy: ref } = planned.listener.value;
    const proxy = proxyOf(ref);
    if (proxy === undefined) throw problem('service', `there is no service "${service}".`);
    const { bind } = planned.socket.value;
    const other = [...this.#open.values()].some((open) => formatBind(open.bind) === formatBind(bind));
    if (other && !isAnyPort(bind)) throw problem('bind', boundOtherwise(bind));
    const address = placeOf(bound, index, bind);
    const isBound = bound?.[index] !== undefined;
    return openSocket({ planned, source, proxy, address, name, isBound, unannounce }, this.#deps);
  }

  #commit(
    next: ReadonlyMap<string, OpenSocket>,
    { plan, proxies, proxyOf }: WantedListeners,
    onClosed: (listener: Listener) => void,
  ): void {
    for (const { socket, listener } of plan.listeners) {
      const proxy = proxyOf(listener.value.proxy);
      const open = next.get(socket.hash);
      if (open === undefined || proxy === undefined) continue;
      for (const one of listenersOf(open)) one.proxy = proxy;
    }
    const before = this.#open;
    this.#open = next;
    for (const [hash, socket] of before) if (!next.has(hash)) void this.#letGo(socket, proxies, onClosed);
  }

  async #letGo(
    socket: OpenSocket,
    proxies: ReadonlyMap<string, ProtocolProxy>,
    onClosed: (listener: Listener) => void,
  ): Promise<void> {
    const listeners = listenersOf(socket);
    this.#closing.add(socket);
    for (const listener of listeners) {
      // What speaks TLS with who waits in its queue hands them to the proxy that it has, which passes them on.
      if (listener.proxy.isFront === true) continue;
      // Who waits in its queue gets the new rules of the service, if that is still there.
      listener.proxy = proxies.get(listener.proxy.service?.name ?? '') ?? listener.proxy;
    }
    await socket.close();
    this.#closing.delete(socket);
    for (const listener of listeners) onClosed(listener);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open.values(), ...this.#closing].map((socket) => socket.close()));
  }
}

function nothing(): void {}

function listenersOf({ sockets }: OpenSocket): Listener[] {
  return sockets.map(({ listener }) => listener);
}

function isAnyPort(bind: Bind): boolean {
  return 'port' in bind && bind.port === 0;
}

/** Where other workers have bound it, if they have. Sockets that systemd passes are bound already. */
function placeOf(bound: BoundAddresses | undefined, index: number, bind: Bind): Bind {
  return bind.family === 'systemd' ? bind : (bound?.[index]?.[0] ?? bind);
}

function boundOtherwise(bind: Bind): string {
  return (
    `${formatBind(bind)} is open with other settings, and an address cannot be bound twice; ` +
    'a reload changes only the service of a listener that stays, so restart, or take another address.'
  );
}
