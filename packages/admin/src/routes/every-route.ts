import type { AddRoutes } from '../base/app-types.ts';
import { certificateRoutes } from './certificates.ts';
import { clusterRoutes } from './cluster.ts';
import { configRoutes } from './config.ts';
import { documentRoutes } from './document.ts';
import { healthRoutes } from './health.ts';
import { logRoutes } from './log.ts';
import { metricsRoutes } from './metrics.ts';
import { meRoutes } from './me.ts';
import { operationRoutes } from './operations.ts';
import { pageRoutes } from './page.ts';
import { policyRoutes } from './policy.ts';
import { poolRoutes } from './pools.ts';
import { pushRoutes } from './pushes.ts';
import { revokedRoutes } from './revoked.ts';
import { sessionRoutes } from './sessions.ts';

/** Everything that the admin API has. */
export const everyRoute: readonly AddRoutes[] = [
  healthRoutes,
  operationRoutes,
  certificateRoutes,
  sessionRoutes,
  poolRoutes,
  clusterRoutes,
  policyRoutes,
  configRoutes,
  pushRoutes,
  revokedRoutes,
  logRoutes,
  metricsRoutes,
  meRoutes,
  documentRoutes,
  pageRoutes,
];
