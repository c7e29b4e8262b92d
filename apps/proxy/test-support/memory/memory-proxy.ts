import { createMemoryNetwork, type Logger, type MemoryNetwork } from '@inband/core';
import { expect, onTestFinished, vi } from 'vitest';
import type { ConfigInput } from '../../src/config/input/config-input.ts';
import { createInband } from '../../src/single/inband.ts';
import { address, startOrigin } from './memory-http.ts';

/** A proxy on a network of its own in memory, until the end of the test. By then nothing in that network is open. */
export async function startInMemory(config: ConfigInput, baseDirectory = '/') {
  const network = createMemoryNetwork();
  const nothing = (): void => undefined;
  const logger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const inband = await createInband(config, { transport: network.transport(), logger, baseDirectory });
  onTestFinished(async () => {
    await inband.close({ grace: 0 });
    await vi.waitFor(() => expect(network.open).toBe(0));
  });
  return { network, inband };
}

/** A server at port 80 of an address that answers with its name, until the end of the test. */
export async function originAt(network: MemoryNetwork, at: string, name: string): Promise<void> {
  const origin = await startOrigin(network, address(at, 80), name);
  onTestFinished(() => origin.close());
}
