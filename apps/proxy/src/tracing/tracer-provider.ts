/**
 * The package `@opentelemetry/api`, whose types are named only within this folder: the types of a program that traces nothing
 * do not need that package.
 */
export type TracingApi = object;

/**
 * What makes tracers: a `TracerProvider` of `@opentelemetry/api`. It is written down here as far as it is looked at.
 */
export interface TracerProviderLike {
  /** A tracer of `@opentelemetry/api`, for spans of this name. */
  getTracer(name: string, version?: string): object;
  /** Of most SDKs: sends what has not been sent. */
  forceFlush?(): Promise<void>;
}
