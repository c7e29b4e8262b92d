import {
  AbstractChainer,
  type ChainerDeps,
  type ConfigInput,
  createInband,
  definePlugin,
  DirectedChainer,
  type MaybePromise,
  serverAddress,
  type ServerConnection,
  type Session,
  type SessionRecord,
  z,
} from 'inband';
import { addressOf, type Ground, lanesOf, portOf, type Proxy } from './proxy.ts';
import { ORIGIN_PORT } from '../wire/origin.ts';

/** A request as Inband itself understood it when it chose the server. */
export interface Understood {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** The host and port that were asked for; undefined where the request names none. */
  readonly host: string | undefined;
  readonly port: number;
  /** The values that servers get, by names in lower case: of all names that occur in the input. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  /** How it ended, as the log has it. */
  record: SessionRecord | undefined;
}

export interface InbandProxy extends Proxy {
  /** What comes in this lane from now on is `text`. */
  expect(lane: number, text: string): void;
  /** What was understood in this lane since then, one for each request that was about to be sent on. */
  understood(lane: number): readonly Understood[];
}

/** From the port of a lane as a forward proxy to its port as a reverse proxy. */
const REVERSE = 500;
/** Whatever a line of the input may begin with that some reader takes for the name of a field. */
const NAMES = /(?:^|[\r\n])[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*:/g;

class LaneNotes {
  names: readonly string[] = [];
  readonly understood: Understood[] = [];
  readonly bySession = new Map<number, Understood>();

  expect(text: string): void {
    this.names = [...new Set(Array.from(text.matchAll(NAMES), ([, name = '']) => name.toLowerCase()))];
    this.understood.length = 0;
    this.bySession.clear();
  }

  note(session: Session): void {
    const { request, target, method = '' } = session;
    if (request === undefined) return;
    const query = request.query === undefined ? '' : `?${request.query}`;
    const noted: Understood = {
      method,
      target: request.path + query,
      host: target?.host,
      port: target?.port ?? 0,
      fields: new Map(this.names.map((name) => [name, request.fields(name)])),
      record: undefined,
    };
    this.understood.push(noted);
    this.bySession.set(session.id, noted);
  }
}

/** Starts Inband in this process, so that what it understood can be looked at. It listens and dials as the program does. */
export async function startInbandProxy(lanes: number): Promise<InbandProxy> {
  const ground: Ground = { number: 5, lanes };
  const notes = lanesOf(ground).map(() => new LaneNotes());
  const notesOf = (lane: number): LaneNotes => {
    const found = notes[lane];
    if (found === undefined) throw new Error(`There is no lane ${lane}.`);
    return found;
  };
  const inband = await createInband(configuration(ground, notesOf), {
    onSession: (record) => {
      for (const lane of notes) {
        const noted = lane.bySession.get(record.session.id);
        if (noted !== undefined) noted.record = record;
      }
    },
  });
  return {
    name: 'Inband',
    restarts: 0,
    restart: () => Promise.reject(new Error('Inband stands still.')),
    way: (lane, mode) => ({
      port: portOf(ground, lane) + (mode === 'reverse' ? REVERSE : 0),
      address: addressOf(ground, lane),
    }),
    expect: (lane, text) => notesOf(lane).expect(text),
    understood: (lane) => notesOf(lane).understood,
    stop: () => inband.close({ grace: 0 }),
  };
}

const OPTIONS = z.strictObject({ remote: serverAddress, lane: z.number() });

/** Connects to the origin of its lane, and notes each request. */
function recorder(notesOf: (lane: number) => LaneNotes) {
  class RecordingChainer extends AbstractChainer {
    readonly kind = 'recording';
    readonly looksAtRequest = true;
    readonly #origin: DirectedChainer;
    readonly #lane: number;

    constructor({ remote, lane }: z.output<typeof OPTIONS>, deps: ChainerDeps) {
      super(deps.establishConnection);
      this.#origin = new DirectedChainer({ remote }, deps);
      this.#lane = lane;
    }

    override connectServer(session: Session, host: string, port: number): MaybePromise<ServerConnection> {
      notesOf(this.#lane).note(session);
      return this.#origin.connectServer(session, host, port);
    }
  }
  return definePlugin<z.output<typeof OPTIONS>>({
    provides: 'chainer',
    kind: 'recording',
    schema: OPTIONS,
    serverChosenBy: 'operator',
    create: (options, deps) => new RecordingChainer(options, deps),
  });
}

function configuration(ground: Ground, notesOf: (lane: number) => LaneNotes): ConfigInput {
  const modes = [['forward', 0] as const, ['reverse', REVERSE] as const];
  const services = lanesOf(ground).flatMap((lane) => modes.map(([mode, offset]) => ({ lane, mode, offset })));
  const chainer = (lane: number): object => ({
    type: 'recording',
    lane,
    remote: `${addressOf(ground, lane)}:${ORIGIN_PORT}`,
  });
  return {
    plugins: [recorder(notesOf)],
    serverPool: { maxIdlePerServer: 0, maxIdle: 0 },
    listeners: services.map(({ lane, mode, offset }) => ({
      bind: `127.0.0.1:${portOf(ground, lane) + offset}`,
      service: `${mode}-${lane}`,
    })),
    services: Object.fromEntries(
      services.map(({ lane, mode }) => [
        `${mode}-${lane}`,
        { mode, http: { via: 'inband', ownPages: false, forwarded: 'off' }, routes: [{ chainer: chainer(lane) }] },
      ]),
    ),
  } as ConfigInput;
}
