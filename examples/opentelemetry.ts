/**
 * Calls as spans of OpenTelemetry. Each is a child of the span in which it was made, and the worker's log names it. The
 * first part is what a service needs; the rest stands for the service, and for where its spans go.
 */
import { channel } from "node:diagnostics_channel";
import { context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { array, type CallEvent, connect, jit, LinearChainCRF, type Tensor } from "../src/index.ts";

const tracer = trace.getTracer("synjax-ts");
const spans = new WeakMap<CallEvent, Span>();
const on = (event: string, listener: (call: CallEvent) => void): void =>
  channel(`tracing:synjax:call:${event}`).subscribe((call) => listener(call as CallEvent));
on("start", (call) => {
  const span = tracer.startSpan(`${call.kind} ${call.name}`, { kind: SpanKind.CLIENT });
  const { traceId, spanId, traceFlags } = span.spanContext();
  call.traceparent = `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`;
  spans.set(call, span);
});
on("error", (call) =>
  spans.get(call)?.setStatus({ code: SpanStatusCode.ERROR, message: call.error!.message }),
);
on("asyncEnd", (call) => {
  const { program, attempts, bytesOut, bytesIn, queueSeconds, compileSeconds, runSeconds } = call;
  spans
    .get(call)
    ?.setAttributes({ program, attempts, bytesOut, bytesIn, queueSeconds, compileSeconds, runSeconds });
  spans.get(call)?.end();
});

const exporter = new InMemorySpanExporter();
trace.setGlobalTracerProvider(
  new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }),
);
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

const tag = jit(function tag(emission: Tensor<"float32">) {
  const crf = new LinearChainCRF({ initial: [0, 0], transition: [[0.5, -1], [-1, 0.5]], emission }); // prettier-ignore
  return crf.decode(crf.argmax());
});
await using session = await connect();
const request = (emission: Tensor<"float32">): Promise<void> =>
  tracer.startActiveSpan("POST /tag", async (span) => {
    await session
      .run(() => tag(emission).array())
      .catch((error: unknown) => span.recordException(String(error)));
    span.end();
  });
await request(array([[2, 0], [0.5, 0], [0, 1]])); // prettier-ignore
await request(array([[Number.NaN, 0], [0, 1]])); // prettier-ignore

const finished = exporter.getFinishedSpans();
for (const { name, parentSpanContext, attributes, status } of finished) {
  const parent = finished.find((other) => other.spanContext().spanId === parentSpanContext?.spanId);
  const outcome = status.code === SpanStatusCode.ERROR ? status.message : "ok";
  const { bytesOut, queueSeconds, compileSeconds, runSeconds } = attributes;
  console.log(`${name} in ${parent?.name ?? "nothing"}: ${outcome}`);
  if (parent) console.log({ bytesOut, queueSeconds, compileSeconds, runSeconds });
}
