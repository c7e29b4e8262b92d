import type { LeastRate, Timers } from '@inband/core';
import { ExchangeBytes } from '../../../bytes/exchange-bytes.ts';
import { minimumRate, type MinimumRate } from '../../../bytes/rate-watch.ts';
import type { HttpContext } from '../../../service/context.ts';
import type { Call, Step } from '../step.ts';

/**
 * Limits the bytes of the request and of its answer, or of the tunnel that it asks for. Refuses it at once where a quota is used up, or too
 * much is queued. It waits while others owe more than its bandwidth gives.
 */
export function limitBytes({ limits, timers }: HttpContext): Step | undefined {
  if (limits === undefined) return undefined;
  const { bytes, minimumRate: least } = limits;
  if (bytes === undefined && least === undefined) return undefined;
  const setting = limits.placeOf('minimumRate');
  const rates = {
    request: rateOf(least?.request, setting, timers),
    response: rateOf(least?.response, setting, timers),
  };
  return {
    name: 'limit-bytes',
    request(call: Call) {
      const { request, session } = call;
      const limited = new ExchangeBytes(bytes?.begin({ client: session.client.address, user: session.user }), rates);
      call.bytes = limited;
      return limited.waitForTurn(request.hasBody || request.method === 'CONNECT' || request.upgradeIndex >= 0);
    },
  };
}

function rateOf(least: LeastRate | undefined, setting: string, timers: Timers): MinimumRate | undefined {
  return least && minimumRate({ ...least, setting }, timers);
}
