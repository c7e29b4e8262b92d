import { expect, test } from 'vitest';
import { FakeNetwork, fakeSession } from '../../../test/chainers/fake-establisher.ts';
import { StackedChainer } from './stacked.ts';

test('a session that is not stacked is a configuration error', async () => {
  const chainer = new StackedChainer(new FakeNetwork());
  await expect(chainer.connectServer(fakeSession(), 'x', 1)).rejects.toMatchObject({
    code: 'proxy_configuration_error',
    setting: 'chainer.type',
  });
});
