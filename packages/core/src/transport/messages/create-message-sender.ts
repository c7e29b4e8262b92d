import { TcpMessages } from './tcp-messages.ts';
import { UdpMessages } from './udp-messages.ts';
import { UnixMessages } from './unix-messages.ts';
import type { MessageReceiver, MessageSender } from './message-sender.ts';

/** Makes what sends messages to `receiver`. Nothing is connected before the first message, and an answer is never read. */
export function createMessageSender(receiver: MessageReceiver): MessageSender {
  if (receiver.transport === 'unix') return new UnixMessages(receiver.path);
  return receiver.transport === 'udp' ? new UdpMessages(receiver) : new TcpMessages(receiver);
}
