/**
 * Registers an SDK of OpenTelemetry for the program `inband`, which loads this module by `tracing.sdk` of tracing.yaml. It prints each span as a line on
 * standard error. A real one has an exporter such as `@opentelemetry/exporter-trace-otlp-http` instead, and a batch processor.
 */
import { trace } from '@opentelemetry/api';
import { BasicTracerProvider, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const exporter = {
  export(spans: readonly ReadableSpan[], done: (result: { code: 0 }) => void): void {
    for (const span of spans) {
      const { traceId, spanId } = span.spanContext();
      const parent = span.parentSpanContext?.spanId;
      process.stderr.write(
        `${JSON.stringify({ name: span.name, traceId, spanId, parent, attributes: span.attributes })}\n`,
      );
    }
    done({ code: 0 });
  },
  shutdown: async (): Promise<void> => {},
};

trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
