export type { WrittenByteRate, WrittenQuota } from '../limits/byte-rates.ts';
export type { WrittenRate } from '../limits/rate.ts';
export type { Size } from '../values/size.ts';
