/** The Kubernetes example: its times fit each other and ours, and its probes what the chat answers. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DEFAULT_DRAIN } from "../../src/httpserver/drain.ts";

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
  readonly timeoutSeconds: number;
}

interface Container {
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, "demos/deploy/kubernetes.yaml"), "utf8");
const chat = readFileSync(join(root, "demos/chat/chat.ts"), "utf8");

/** Bun reads YAML. */
function parse(yaml: string): unknown {
  const code = "console.log(JSON.stringify(Bun.YAML.parse(await Bun.stdin.text())))";
  const bun = join(root, "node_modules/.bin/bun");
  return JSON.parse(execFileSync(bun, ["-e", code], { input: yaml, encoding: "utf8" }));
}

const [deployment, service] = text.split(/^---$/m).map(parse) as [
  {
    readonly kind: string;
    readonly spec: {
      readonly strategy: { readonly rollingUpdate: { readonly maxUnavailable: number } };
      readonly selector: { readonly matchLabels: object };
      readonly template: {
        readonly metadata: { readonly labels: object };
        readonly spec: {
          readonly terminationGracePeriodSeconds: number;
          readonly containers: readonly [Container];
        };
      };
    };
  },
  {
    readonly kind: string;
    readonly spec: {
      readonly selector: object;
      readonly ports: readonly [{ readonly targetPort: string }];
    };
  },
];
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const option = (name: string): string =>
  container.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3) ?? "";

test("the service finds the pods, and its port is the chat's", () => {
  expect([deployment.kind, service.kind]).toEqual(["Deployment", "Service"]);
  const { labels } = deployment.spec.template.metadata;
  expect(deployment.spec.selector.matchLabels).toEqual(labels);
  expect(service.spec.selector).toEqual(labels);
  const [port] = container.ports;
  expect(service.spec.ports[0].targetPort).toBe(port?.name);
  expect(String(port?.containerPort)).toBe(option("port"));
  expect(deployment.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
});

test("a pod has the time that a graceful stop takes", () => {
  const drainDelay = Number(option("drain_delay"));
  const callbacks = 5;
  const needed = drainDelay + DEFAULT_DRAIN.drainTimeout + callbacks;
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(needed);
  // It is out of the service before it stops to accept, with a second to spare.
  const { periodSeconds, failureThreshold } = container.readinessProbe;
  expect(periodSeconds * failureThreshold).toBeLessThan(drainDelay - 1);
});

test("the options are the chat's, and probes ask what it answers", () => {
  for (const arg of container.args) {
    const name = /^--(\w+)=/.exec(arg)?.[1];
    expect(chat).toContain(`define("${name}"`);
  }
  expect(option("cookie_secret")).toBe(`$(${container.env[0]?.name})`);
  const { readinessProbe, livenessProbe } = container;
  expect(chat).toContain(`["${livenessProbe.httpGet.path}", HealthHandler, { live: true }]`);
  expect(chat).toContain(`["${readinessProbe.httpGet.path}", HealthHandler, { checks:`);
  // HealthHandler answers after two seconds at the latest.
  expect(readinessProbe.timeoutSeconds).toBeGreaterThan(2);
});
