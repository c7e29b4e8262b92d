import { ProxyError } from '@inband/core';

export function configurationError(message: string, setting: string): ProxyError {
  return new ProxyError('proxy_configuration_error', message, { setting });
}
