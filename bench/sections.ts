// What is compared with what: each section sends the same load to several subjects, the bare Worker first.

import type { Gateway, Product } from './gateways.ts'
import type { Measured, Work } from './measure.ts'
import {
  type Plan,
  bodyOf,
  chunkGap,
  chunksPerStream,
  slowFirstMs,
  smallChunks,
  smallGap,
  streams,
} from './plan.ts'

/** Its published build is for Node; npm has none for workerd. */
const portkeyName = 'Portkey on Node'

export type Subject = { name: string; gateway: Gateway | Product; work: Work }

export type Figure = {
  name: string
  digits: number
  of: (measured: Measured) => number
  /** How the bare Worker's figure of the same round is set against it. */
  against: 'ratio' | 'difference' | 'none'
  /** What the product has to reach. */
  goal?: string
  /** Nothing that the others have. */
  isOfProductAlone?: boolean
}

export type Section = {
  title: string
  explanation: string
  subjects: readonly Subject[]
  figures: readonly Figure[]
}

export type Parties = {
  bare: Gateway
  floor: Gateway
  product: Product
  portkey: Gateway | undefined
  oneKey: readonly string[]
  manyKeys: readonly string[]
}

export function sectionsOf(plan: Plan, parties: Parties): readonly Section[] {
  return [
    wholeAnswers(plan, parties),
    streamedAnswers(plan, parties),
    smallEvents(parties),
    firstTokens(parties, { count: plan.slowFirstTokens, firstMs: slowFirstMs }),
    firstTokens(parties, { count: plan.firstTokens, firstMs: 0 }),
  ]
}

function wholeAnswers(plan: Plan, { bare, floor, product, portkey, oneKey, manyKeys }: Parties): Section {
  const { connections, requestsMs: forMs } = plan
  const work = { body: bodyOf({ isStreamed: false }), connections, forMs }
  const first = { ...work, body: bodyOf({ isStreamed: false, isCheckedFirst: true }) }
  return {
    title: 'Whole answers',
    explanation: `${connections} connections, each asking again as soon as it is answered, for ${forMs / 1_000} s.`,
    subjects: [
      { name: 'bare', gateway: bare, work },
      { name: 'two writes of an object, no more', gateway: floor, work },
      { name: 'product, 1 account', gateway: product, work: { ...work, keys: oneKey } },
      { name: 'product, 100 accounts, parallel', gateway: product, work: { ...work, keys: manyKeys } },
      { name: 'product, 100 accounts, first', gateway: product, work: { ...first, keys: manyKeys } },
      ...optional(portkeyName, portkey, work),
    ],
    figures: [
      { name: 'requests/s', digits: 0, of: (m) => m.answers / m.seconds, against: 'ratio' },
      {
        name: 'CPU ms per request',
        digits: 3,
        of: (m) => m.cpuMs / m.answers,
        against: 'ratio',
        goal: '≤ 3.2 × bare',
      },
      { name: 'latency p50 ms', digits: 2, of: (m) => m.latencyMs.p50, against: 'none' },
      { name: 'latency p95 ms', digits: 2, of: (m) => m.latencyMs.p95, against: 'none' },
      parallelShare,
    ],
  }
}

function streamedAnswers(plan: Plan, { bare, product, portkey, manyKeys }: Parties): Section {
  const asked = { isStreamed: true, chunks: chunksPerStream, gapMs: chunkGap }
  const work = {
    body: bodyOf({ ...asked, includesUsage: true }),
    connections: streams,
    staggerMs: chunkGap / streams,
    answersMax: streams * plan.streamRounds,
  }
  const keyed = { ...work, keys: manyKeys }
  // Nobody asked for the usage, so nobody is shown a cost: the frame is taken out of the stream.
  const raw = { ...keyed, headers: { 'x-cost': 'omit' }, mustContain: ': cost=' }
  // The upstream speaks chat completions alone.
  const translated = {
    ...keyed,
    path: '/v1/messages',
    body: bodyOf({ ...asked, model: 'mistral-large-4' }),
  }
  const unasked = { ...keyed, body: bodyOf(asked), mustContain: '[DONE]' }
  return {
    title: 'Streams',
    explanation: `${streams} streams at a time of ${chunksPerStream} chunks, ${chunkGap} ms apart; a stream's admission, charge and outbox are in its figures.`,
    subjects: [
      { name: 'bare', gateway: bare, work },
      { name: 'product, cost in the last frame', gateway: product, work: keyed },
      { name: 'product, usage not asked for', gateway: product, work: unasked },
      { name: 'product, raw (X-Cost: omit)', gateway: product, work: raw },
      { name: 'product, translated (messages)', gateway: product, work: translated },
      ...optional(portkeyName, portkey, work),
    ],
    figures: [
      {
        name: 'CPU ms per 1,000 chunks',
        digits: 1,
        of: (m) => (m.cpuMs / m.marks) * 1_000,
        against: 'ratio',
        goal: "≤ Portkey's (3.3 ×)",
      },
      { name: 'chunk delay p50 ms', digits: 2, of: (m) => m.chunkDelayMs.p50, against: 'ratio' },
      { name: 'chunk delay p95 ms', digits: 2, of: (m) => m.chunkDelayMs.p95, against: 'ratio' },
    ],
  }
}

/** One stream at a time: a connection that holds small writes back shows as gaps of 40 ms that the bare Worker has not. */
function smallEvents({ bare, product, oneKey }: Parties): Section {
  const body = bodyOf({
    isStreamed: true,
    includesUsage: true,
    chunks: smallChunks,
    gapMs: smallGap,
    maxTokens: smallChunks,
  })
  const work = { body, connections: 1, answersMax: 2, leavesDebts: true }
  const keyed = { ...work, keys: oneKey }
  const raw = { ...keyed, headers: { 'x-cost': 'omit' }, mustContain: ': cost=' }
  return {
    title: 'Small events',
    explanation: `One stream at a time of ${smallChunks} events, ${smallGap} ms apart, as its client sees them.`,
    subjects: [
      { name: 'bare', gateway: bare, work },
      { name: 'product, cost in the last frame', gateway: product, work: keyed },
      { name: 'product, raw (X-Cost: omit)', gateway: product, work: raw },
    ],
    figures: [
      { name: 'gap p50 ms', digits: 2, of: (m) => m.chunkGapMs.p50, against: 'difference' },
      { name: 'gap p95 ms', digits: 2, of: (m) => m.chunkGapMs.p95, against: 'difference' },
      { name: 'gaps of 35 ms and more', digits: 4, of: (m) => m.longGaps, against: 'difference' },
    ],
  }
}

/** Sent beside the check, a call hides the check's time behind the upstream's; one that answers at once hides nothing. */
function firstTokens(
  { bare, floor, product, portkey, oneKey }: Parties,
  { count, firstMs }: { count: number; firstMs: number },
): Section {
  const asked = { isStreamed: true, includesUsage: true, firstMs }
  const work = { body: bodyOf(asked), connections: 1, answersMax: count, leavesDebts: true }
  const first = { ...work, body: bodyOf({ ...asked, isCheckedFirst: true }), keys: oneKey }
  return {
    title: firstMs === 0 ? 'First token of an upstream that answers at once' : 'First token',
    explanation: `${count} streams one after the other; the upstream's first chunk leaves after ${firstMs} ms.`,
    subjects: [
      { name: 'bare', gateway: bare, work },
      { name: 'two writes of an object, no more', gateway: floor, work },
      { name: 'product, parallel', gateway: product, work: { ...work, keys: oneKey } },
      { name: 'product, first', gateway: product, work: first },
      ...optional(portkeyName, portkey, work),
    ],
    figures: [
      {
        name: 'first token p50 ms',
        digits: 2,
        of: (m) => m.firstTokenMs.p50,
        against: 'difference',
        ...(firstMs === 0 ? {} : { goal: '≤ 1 ms over bare' }),
      },
      { name: 'first token p95 ms', digits: 2, of: (m) => m.firstTokenMs.p95, against: 'difference' },
      // From the upstream's write: the rest of what is added lies before it.
      { name: 'way back p50 ms', digits: 2, of: (m) => m.chunkDelayMs.p50, against: 'difference' },
      parallelShare,
    ],
  }
}

/** Dispatched beside the check of the balance, as the answer's own header says. */
const parallelShare: Figure = {
  name: 'parallel, share',
  digits: 2,
  of: (m) => m.parallel / m.answers,
  against: 'none',
  isOfProductAlone: true,
}

function optional(name: string, gateway: Gateway | undefined, work: Work): readonly Subject[] {
  return gateway === undefined ? [] : [{ name, gateway, work }]
}
