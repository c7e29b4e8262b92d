import type { AddRoutes } from '../base/app-types.ts';
import { documentRoutes } from './document.ts';
import { healthRoutes } from './health.ts';
import { operationRoutes } from './operations.ts';

/** Everything that the admin API has. */
export const everyRoute: readonly AddRoutes[] = [healthRoutes, operationRoutes, documentRoutes];
