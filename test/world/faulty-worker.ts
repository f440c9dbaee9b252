// The real Worker with switches for faults that the platform has and a test cannot wait for: an object that freezes, is
// away, restarts or is evicted after every call, and a queue that loses or repeats. Never part of the product.

// First, so that whoever keeps a hold of the clock has this one.
import { keepAlarmsOnTime, machineNow, setAhead } from './faulty-clock.ts'
import worker from '#worker.ts'

export { RelayObject } from '#worker.ts'
import type { Env } from '#env.ts'
import { AccountObject as RealAccountObject } from '#ledger/account.ts'
import type { AccountPort } from '#ledger/account-port.ts'

/** `POST /__fault`; `GET /__fault?accountId=…` answers with what the object was asked and how often it was built. */
type FaultRequest =
  | { kind: 'freeze' | 'unreachable' | 'evict'; accountId: string; ms: number }
  /** Every call takes so much longer, half of it on its way there: an object on another continent. */
  | { kind: 'far'; accountId: string; ms: number; roundTripMs: number }
  | { kind: 'restart' | 'lose' | 'lose_alarm'; accountId: string }
  /** The n-th next call of the method does its work, and then its caller hears of a failure. */
  | { kind: 'fail_after'; accountId: string; method: string; calls: number }
  | { kind: 'drop_messages' | 'fail_before_messages' | 'fail_after_messages'; ms: number }
  /** The product's clock is so far ahead of the machine's, and stays so. Timers that run do not notice. */
  | { kind: 'clock'; aheadMs: number }
  | { kind: 'clear' }

type Seen = {
  constructions: number
  calls: { [method: string]: number }
  /** By call id, when the newest admission or beat came in that was answered with a yes. */
  acknowledgedAt: { [callId: string]: number }
}

/** Calls left until the one whose answer is lost, by `method id`. */
const failuresAfter = new Map<string, number>()

// Shared by the Worker and its objects, which live in one isolate here; gone with the process, as a fault should be.
/** Until when each fault of an object (`kind` + its id) or of the queue (`kind`) lasts. */
const faults = new Map<string, number>()
const seenObjects = new Map<string, Seen>()
let droppedMessages = 0
/** By object id, while `far` is on. */
const roundTrips = new Map<string, number>()
const contexts = new WeakMap<object, DurableObjectState>()
const openCalls = new WeakMap<DurableObjectState, number>()

const isOn = (fault: string) => (faults.get(fault) ?? 0) > machineNow()

export class AccountObject extends RealAccountObject {
  constructor(context: DurableObjectState, env: Env) {
    keepAlarmsOnTime(context.storage)
    super(context, env)
    contexts.set(this, context)
    seenOf(context.id.toString()).constructions += 1
  }

  /** As after seven failures of its alarm: the platform gives it up, and the running instance does not know. */
  async loseAlarmByTest(): Promise<void> {
    await contexts.get(this)?.storage.deleteAlarm()
  }

  /** As if the platform had lost the object: its storage is empty, its alarm gone. */
  async loseByTest(): Promise<void> {
    const context = contexts.get(this)
    await context?.storage.deleteAlarm()
    await context?.storage.deleteAll()
    context?.abort('lost by a test')
  }

  /** Ends this instance as an eviction or a deploy does: memory is gone, storage stays. */
  restartByTest(): void {
    contexts.get(this)?.abort('restarted by a test')
  }
}

const methods = [
  'admit',
  'extend',
  'beat',
  'capture',
  'release',
  'create',
  'credit',
  'putKey',
  'wouldAdmit',
  'editKey',
  'rotateKey',
  'revokeKey',
  'changeSettings',
  'confirm',
  'resend',
  'beginRebuild',
  'takeEntries',
  'finishRebuild',
  'rebook',
  'view',
  'pulse',
  'erase',
  'keyView',
  'keys',
  'holds',
  'entriesAfter',
  'entriesBefore',
  'entriesOfCall',
  'placeOrder',
  'openOrder',
  'payOrder',
  'closeOrder',
  'linkCustomer',
  'order',
  'orders',
  'customer',
  'autoTopUp',
  'setAutoTopUp',
  'loseMethod',
  'tellFacts',
  'beginAttempt',
  'reportAttempt',
] as const satisfies readonly (keyof AccountPort)[]

for (const name of [...methods, 'alarm'] as const) {
  // RPC finds methods on the prototype alone, so each is replaced there by one that passes the switches first.
  const original: unknown = Reflect.get(RealAccountObject.prototype, name)
  if (typeof original !== 'function') continue
  const value = function (this: AccountObject, ...args: unknown[]): unknown {
    return passFaults(this, name, args, () => Reflect.apply(original, this, args))
  }
  Object.defineProperty(AccountObject.prototype, name, { value, configurable: true, writable: true })
}

async function passFaults(
  object: object,
  name: string,
  args: readonly unknown[],
  run: () => unknown,
): Promise<unknown> {
  const context = contexts.get(object)
  if (context === undefined) return run()
  const id = context.id.toString()
  const seen = seenOf(id)
  seen.calls[name] = (seen.calls[name] ?? 0) + 1
  const receivedAt = machineNow()
  // An object that cannot be reached still runs its alarms; a frozen one runs nothing.
  if (name !== 'alarm' && isOn(`unreachable ${id}`)) throw new Error('the object is away: planted by a test')
  openCalls.set(context, (openCalls.get(context) ?? 0) + 1)
  while (isOn(`freeze ${id}`)) await pause((faults.get(`freeze ${id}`) ?? 0) - machineNow())
  const halfwayMs = isOn(`far ${id}`) ? (roundTrips.get(id) ?? 0) / 2 : 0
  try {
    if (halfwayMs > 0) await pause(halfwayMs)
    const answer = await run()
    failIfPlanted(`${name} ${id}`)
    if (halfwayMs > 0) await pause(halfwayMs)
    if (isYes(answer)) noteAcknowledged(seen, args[0], receivedAt)
    return answer
  } finally {
    const open = (openCalls.get(context) ?? 1) - 1
    openCalls.set(context, open)
    // Once the answer has left; a call that arrived meanwhile is not cut, since that would be another fault.
    if (isOn(`evict ${id}`)) setTimeout(() => endIfIdle(context), 0)
  }
}

function failIfPlanted(place: string): void {
  const left = failuresAfter.get(place)
  if (left === undefined) return
  if (left > 1) failuresAfter.set(place, left - 1)
  else failuresAfter.delete(place)
  if (left <= 1) throw new Error('the answer was lost: planted by a test')
}

/** Of an admission or a beat; nothing else that says yes is about a call's cover. */
function isYes(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false
  return (
    ('heldNanoUsd' in answer && 'ok' in answer && answer.ok === true) || Reflect.get(answer, 'state') === 'ok'
  )
}

function noteAcknowledged(seen: Seen, command: unknown, receivedAt: number): void {
  const callId: unknown =
    typeof command === 'object' && command !== null ? Reflect.get(command, 'callId') : undefined
  if (typeof callId === 'string') seen.acknowledgedAt[callId] = receivedAt
}

function endIfIdle(context: DurableObjectState): void {
  if (openCalls.get(context) === 0) context.abort('evicted by a test')
}

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url)
    if (pathname === '/__burst') return burst(request, (inner) => worker.fetch(inner, env, context))
    if (pathname !== '/__fault') return worker.fetch(request, env, context)
    if (request.method === 'POST') return plant(await request.json<FaultRequest>(), env)
    const accountId = new URL(request.url).searchParams.get('accountId')
    if (accountId !== null) return Response.json(seenOf(env.ACCOUNT.idFromName(accountId).toString()))
    return Response.json({
      objects: seenObjects.size,
      seen: Object.fromEntries(seenObjects),
      droppedMessages,
    })
  },
  async queue(batch, env) {
    if (isOn('drop_messages')) {
      droppedMessages += batch.messages.length
      return batch.ackAll()
    }
    if (isOn('fail_before_messages')) throw new Error('the consumer died before its work: planted by a test')
    await worker.queue(batch, env)
    if (isOn('fail_after_messages')) throw new Error('the consumer died after its work: planted by a test')
  },
  scheduled: (controller, env) => worker.scheduled(controller, env),
} satisfies ExportedHandler<Env, Parameters<typeof worker.queue>[0]['messages'][number]['body']>

/** `POST /__burst`: the same call many times at once inside this isolate, without a socket for each. */
type Burst = { count: number; path: string; headers: { [name: string]: string }; body: unknown }

/** How often each status (with the error's code) was answered, e.g. `{"200": 20, "402 insufficient_credits": 9980}`. */
async function burst(
  request: Request,
  call: (inner: Request<unknown, IncomingRequestCfProperties>) => Response | Promise<Response>,
): Promise<Response> {
  const { count, path, headers, body } = await request.json<Burst>()
  const outcomes: { [outcome: string]: number } = {}
  const one = async () => {
    const inner = new Request<unknown, IncomingRequestCfProperties>(new URL(path, request.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    const response = await call(inner)
    const text = await response.text()
    const code = response.ok ? '' : (/"code":\s*"(\w+)"/.exec(text)?.[1] ?? '')
    const outcome = `${response.status} ${code}`.trim()
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  }
  await Promise.all(Array.from({ length: count }, one))
  return Response.json({ outcomes })
}

async function plant(fault: FaultRequest, env: Env): Promise<Response> {
  if (fault.kind === 'clear') faults.clear()
  else if (fault.kind === 'clock') setAhead(fault.aheadMs)
  else if (fault.kind === 'restart' || fault.kind === 'lose' || fault.kind === 'lose_alarm')
    await end(env, fault)
  else if (fault.kind === 'fail_after') {
    const id = env.ACCOUNT.idFromName(fault.accountId).toString()
    failuresAfter.set(`${fault.method} ${id}`, fault.calls)
  } else if ('accountId' in fault && 'ms' in fault) {
    const id = env.ACCOUNT.idFromName(fault.accountId).toString()
    faults.set(`${fault.kind} ${id}`, machineNow() + fault.ms)
    if (fault.kind === 'far') roundTrips.set(id, fault.roundTripMs)
  } else if ('ms' in fault) faults.set(fault.kind, machineNow() + fault.ms)
  return Response.json({ planted: fault.kind })
}

async function end(
  env: Env,
  { accountId, kind }: { accountId: string; kind: 'restart' | 'lose' | 'lose_alarm' },
): Promise<void> {
  // The binding's class is the one above, which has a method more than the product's.
  const stub = env.ACCOUNT.get(env.ACCOUNT.idFromName(accountId)) as unknown as {
    restartByTest(): Promise<void>
    loseByTest(): Promise<void>
    loseAlarmByTest(): Promise<void>
  }
  if (kind === 'lose_alarm') return stub.loseAlarmByTest()
  // The call ends with the object that it ends.
  const ended = kind === 'restart' ? stub.restartByTest() : stub.loseByTest()
  await ended.catch(() => undefined)
}

function seenOf(id: string): Seen {
  const seen = seenObjects.get(id) ?? { constructions: 0, calls: {}, acknowledgedAt: {} }
  seenObjects.set(id, seen)
  return seen
}

function pause(ms: number): Promise<void> {
  return new Promise((next) => setTimeout(next, Math.max(1, ms)))
}
