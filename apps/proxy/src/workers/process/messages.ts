import type { SentNotices } from '@inband/core';
import type { AcmeCertificate, AcmeState } from '../../acme/acme-view.ts';
import type { Outcome } from '../../admin/questions/process-question.ts';
import type { Lending, NumberedAnswer, NumberedCall } from '../../cluster/lending/lend-messages.ts';
import type { FilesRead } from '../../config/read/config-files.ts';
import type { InheritedSocket, SocketKind } from '../../handover/inherited-sockets.ts';
import type { BoundAddresses } from '../../run/listeners/open-socket.ts';
import type { PoolOrder } from '../../run/observed/pool-orders.ts';
import type { ListenAtEnd } from '../../run/shutdown.ts';
import type { ToldGuess } from '../../guesses/supervised-guesses.ts';
import type { Revoked } from '../../revoked/revoked.ts';
import type { SentTicketKeys } from '../../session-tickets/ticket-keys.ts';

/** A message from the supervisor to a worker. */
export type Order =
  | {
      /** Once, first. */
      readonly type: 'start';
      readonly file: string | undefined;
      /**
       * The content of the configuration's files as the supervisor has read them, so that a restarted worker runs with the same
       * configuration as the others. Undefined for a module, which each worker loads itself.
       */
      readonly files: FilesRead | undefined;
      /** The name of all workers in `Via` if the configuration has none: see `processPseudonym`. */
      readonly pseudonym: string;
      /** See `Sharing`. */
      readonly bound: BoundAddresses | undefined;
      /** The number of the current generation in the other workers. */
      readonly generation: number;
      /** What operators have ordered of servers. */
      readonly serverOrders: readonly PoolOrder[];
      /**
       * The number of its part of the memory that workers share, from 1: that of the worker, which a restarted one has from the one
       * before it, or another while one of the same number finishes.
       */
      readonly worker: number;
      /** The listening sockets that it has inherited. */
      readonly sockets: readonly InheritedSocket[];
      readonly ticketKeys: SentTicketKeys;
      /** What is kept by ACME. */
      readonly acme: AcmeState;
      /** How it lends parts of limits from the supervisor. */
      readonly lending: Lending;
      /** What other workers have told so far. */
      readonly notices: SentNotices;
      /** The tokens that are revoked. */
      readonly revoked: readonly Revoked[];
      /** Whether the worker has inherited a `TunnelTable`. */
      readonly hasTunnels: boolean;
      /** Whether the worker has inherited the memory of the metrics. */
      readonly hasMetrics: boolean;
    }
  | {
      /** Make everything new of another configuration, and answer with `prepared` or `refused`. */
      readonly type: 'prepare';
      /** Of the reload. Answers to another one are ignored. */
      readonly id: number;
      /** As in `start`. */
      readonly files: FilesRead | undefined;
      readonly bound: BoundAddresses | undefined;
    }
  | {
      /** Make what is prepared the current configuration, and answer with `switched`. */
      readonly type: 'switch';
      readonly id: number;
    }
  | {
      /** Drop what is prepared, or about to be. */
      readonly type: 'drop';
      readonly id: number;
    }
  | {
      /** Shut down within `grace` milliseconds, and exit. May come again with a shorter grace. */
      readonly type: 'stop';
      readonly grace: number;
      /** Milliseconds for tunnels. */
      readonly tunnels: number;
      /** Default: `shutdown.listen`. */
      readonly listen?: Exclude<ListenAtEnd, 'keep'> | undefined;
    }
  | {
      /** Lend the sockets that no other worker has, each in a `socket`, and then answer with `shared`. */
      readonly type: 'share';
    }
  | {
      /** There is another key for session tickets. */
      readonly type: 'ticket-keys';
      readonly ticketKeys: SentTicketKeys;
    }
  | {
      /** From now on these tokens are revoked, and no others. */
      readonly type: 'revoked';
      readonly revoked: readonly Revoked[];
    }
  | {
      /** The answer to `guess`: how many there were lately, wherever they were made. */
      readonly type: 'guessed';
      readonly guess: number;
      readonly count: number;
    }
  | {
      /** Something has changed of what is kept by ACME. Answer with `acme-taken`. */
      readonly type: 'acme';
      readonly update: number;
      readonly state: AcmeState;
    }
  | {
      /** The answer to `demand`. */
      readonly type: 'demanded';
      readonly demand: number;
      readonly certificate: AcmeCertificate | undefined;
    }
  | {
      /** Answers to calls of `lend`. */
      readonly type: 'lent';
      readonly answers: readonly NumberedAnswer[];
    }
  | {
      /** Among how many processes limits divide, which has changed. */
      readonly type: 'parties';
      readonly parties: number;
    }
  | {
      /** Other workers tell something. */
      readonly type: 'notices';
      readonly notices: SentNotices;
    }
  | {
      /** Whether the worker is the one that does what is done once for the machine. */
      readonly type: 'duty';
      readonly isOurs: boolean;
    }
  | {
      /** Exit now. */
      readonly type: 'abort';
    }
  | {
      /** Answer with `alive`. */
      readonly type: 'ping';
    }
  | {
      /** A question of the admin API. Answer with `answer`. */
      readonly type: 'ask';
      readonly question: number;
      /** In `processQuestions`. */
      readonly name: string;
      readonly argument: unknown;
    };

/** Parts of a reload. */
export type ReloadOrder = Extract<Order, { id: number }>;
export type ReloadReport = Extract<Report, { id: number }>;

export type Ready = Extract<Report, { type: 'ready' }>;

/** A message from a worker to the supervisor. */
export type Report =
  | {
      /** Every listener accepts. */
      readonly type: 'ready';
      readonly addresses: BoundAddresses;
      /** See `Running`. */
      readonly transport: string;
      readonly why: string | undefined;
    }
  | {
      /** A new configuration is ready beside the current one. */
      readonly type: 'prepared';
      readonly id: number;
      /** Of the new configuration. */
      readonly addresses: BoundAddresses;
    }
  | {
      /** The new configuration cannot be used, and nothing has changed. */
      readonly type: 'refused';
      readonly id: number;
      /** For the operator. */
      readonly message: string;
    }
  | {
      /** The new configuration is the current one. */
      readonly type: 'switched';
      readonly id: number;
      /** The number of the current generation. */
      readonly generation: number;
      /** Configurations in use. */
      readonly alive: number;
    }
  | {
      /** A listening socket for a successor. The message carries its handle. */
      readonly type: 'socket';
      readonly bind: string;
      readonly kind: SocketKind;
    }
  | {
      /** All sockets were sent. */
      readonly type: 'shared';
      /** Why they cannot be. */
      readonly problem?: string;
    }
  | {
      /** The answer to a ping, and the first message. */
      readonly type: 'alive';
      /** Client connections. */
      readonly open?: number;
    }
  | {
      readonly type: 'answer';
      /** Of the question. */
      readonly question: number;
      readonly outcome: Outcome;
    }
  | {
      readonly type: 'acme-taken';
      readonly update: number;
    }
  | {
      /** A client waits for the certificate of a host. Answer with `demanded`. */
      readonly type: 'demand';
      readonly demand: number;
      readonly host: string;
    }
  | ({
      /** A guess of a password was wrong, or right. A wrong one is answered by `guessed` if it is found out how many there were. */
      readonly type: 'guess';
    } & ToldGuess)
  | {
      /** It asks for parts of limits, and says what it has of them. Each call is answered in a `lent`. */
      readonly type: 'lend';
      readonly calls: readonly NumberedCall[];
    }
  | {
      /** For the other workers. */
      readonly type: 'notices';
      readonly notices: SentNotices;
    }
  | {
      /** The worker cannot start, and exits. */
      readonly type: 'failed';
      /** For the operator. */
      readonly message: string;
    };
