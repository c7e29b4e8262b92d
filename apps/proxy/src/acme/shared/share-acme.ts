import type { AcmeLog, AcmeStorage, Board, Clock, Solver, StateFolder } from '@inband/acme';
import type { Store } from '@inband/store';
import type { SealedValues } from '../../sealed/sealed-values.ts';
import { AcmeNames } from './acme-names.ts';
import { SharedBoard } from './shared-board.ts';
import { SharedStorage } from './shared-storage.ts';

/** By what members share secrets. */
export interface SecretSharing {
  readonly store: Store;
  readonly values: SealedValues;
  /** The name of this member. */
  readonly member: string;
}

export interface ShareAcmeDeps {
  readonly sharing: SecretSharing;
  /** The URL of the CA. */
  readonly directory: string;
  readonly folder: StateFolder;
  readonly log: AcmeLog;
  /** See `SharedStorageDeps`. */
  readonly wants: (name: string) => boolean;
  readonly clock: Pick<Clock, 'now'>;
  /** See `SharedBoardDeps`. */
  readonly patience?: number;
  /** See `SharedStorageDeps`. */
  readonly startWait?: number;
}

/** What members share of one CA. */
export interface SharedAcme {
  readonly storage: AcmeStorage;
  /** Has all members answer what `board` answers. */
  solver(board: Board): Solver;
  close(): Promise<void>;
}

/** Shares the account, certificates, orders and challenges of one CA with the other members. */
export async function shareAcme(deps: ShareAcmeDeps): Promise<SharedAcme> {
  const { sharing, directory, folder, log, wants, clock, ...waits } = deps;
  const { store, values, member } = sharing;
  const names = new AcmeNames(directory);
  const storage = await SharedStorage.open({ store, values, names, folder, log, wants, clock, ...waits });
  let board: SharedBoard | undefined;
  return {
    storage,
    solver: (own) => (board = new SharedBoard({ store, values, names, member, board: own, log, ...waits })),
    close: async () => await board?.close(),
  };
}
