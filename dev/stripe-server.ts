// The doors of Stripe's stand-in for programs: its API under /v1, with keys, faults and the memory of what was asked, and the control.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { StripeControl, StripeJudge, StripeRequest } from './stripe-control.ts'
import type { StripeDeliveries } from './stripe-deliveries.ts'
import { StripeRefusal } from './stripe-error.ts'
import type { StripeFaults } from './stripe-faults.ts'
import { faultAnswers, type FaultKind } from './stripe-faults.ts'
import { type Form, readForm } from './stripe-form.ts'
import type { StripeKeys } from './stripe-idempotency.ts'
import { fingerprintOf } from './stripe-idempotency.ts'
import { expanded } from './stripe-lists.ts'
import type { StripeRoute } from './stripe-route.ts'
import { stripeRoutes } from './stripe-routes.ts'
import type { StripeState } from './stripe-state.ts'
import { nobody } from './stripe-state.ts'

/** How long a request hangs where a test wants no answer: longer than any client waits. */
const silenceMs = 120_000

/** What is remembered of the requests. */
const requestsMax = 20_000

export type Server = {
  state: StripeState
  deliveries: StripeDeliveries
  faults: StripeFaults
  keys: StripeKeys
  requests: StripeRequest[]
  /** What the judge found. */
  wrong: string[]
  control: StripeControl
  secretKey: string
  publishableKey: string
  judge: StripeJudge
}

export type Asked = { server: Server; url: URL; body: string }

export async function serveApi(
  request: IncomingMessage,
  response: ServerResponse,
  asked: Asked,
): Promise<void> {
  const { server, url, body } = asked
  const { state, requests, faults } = server
  const method = request.method ?? 'GET'
  const text = method === 'POST' ? body : url.search.slice(1)
  const form = readForm(text)
  const record: StripeRequest = {
    id: state.newId('req'),
    method,
    path: url.pathname,
    params: form,
    idempotencyKey: headerOf(request, 'idempotency-key'),
    apiVersion: headerOf(request, 'stripe-version'),
    isReplay: false,
    status: 0,
    at: state.now(),
  }
  requests.push(record)
  if (requests.length > requestsMax) requests.shift()
  server.wrong.push(...server.judge(record))
  response.setHeader('request-id', record.id)
  if (record.apiVersion !== null) response.setHeader('stripe-version', record.apiVersion)
  const fault = faults.meet({ method, path: url.pathname, text })
  const isLate = fault === 'cut_after_commit' || fault === 'server_error_after_commit'
  if (fault !== undefined && !isLate) return fail(response, record, fault)
  const answer = answerOnce(request, { server, record, form, text, fault })
  if (fault === 'cut_after_commit') return fail(response, record, fault)
  record.status = answer.status
  if (record.idempotencyKey !== null) response.setHeader('idempotency-key', record.idempotencyKey)
  if (record.isReplay) response.setHeader('idempotent-replayed', 'true')
  response.writeHead(answer.status, { 'content-type': 'application/json' })
  response.end(answer.body)
}

type Given = {
  server: Server
  record: StripeRequest
  form: Form
  text: string
  fault: FaultKind | undefined
}

/** The answer, from the memory of its key where the same was asked before. */
function answerOnce(request: IncomingMessage, given: Given): { status: number; body: string } {
  const { server, record, text } = given
  const { keys, state } = server
  try {
    expectKey(request, given)
    const key = record.method === 'POST' ? record.idempotencyKey : null
    if (key === null) return answerNow(given)
    const fingerprint = fingerprintOf(record.method, record.path, text)
    const found = keys.find(key, { fingerprint, nowMs: state.nowMs() })
    record.isReplay = found !== undefined
    if (found !== undefined) return found
    const answer = answerNow(given)
    keys.keep(key, answer, { fingerprint, nowMs: state.nowMs() })
    return answer
  } catch (error) {
    return refusalAnswer(error, record)
  }
}

function answerNow({ server, record, form, fault }: Given): { status: number; body: string } {
  const { state } = server
  state.cause = { requestId: record.id, idempotencyKey: record.idempotencyKey }
  try {
    const { route, id } = findRoute(record)
    const answer = route.answer(state, { id, form, path: record.path })
    const late = fault === 'server_error_after_commit' ? faultAnswers[fault] : undefined
    return late ?? { status: 200, body: JSON.stringify(expanded(state, answer, form), null, 2) }
  } catch (error) {
    return refusalAnswer(error, record)
  } finally {
    state.cause = nobody
  }
}

function refusalAnswer(error: unknown, { id }: StripeRequest): { status: number; body: string } {
  if (!(error instanceof StripeRefusal)) throw error
  const { status, error: body } = error
  const request_log_url = `https://dashboard.stripe.com/test/logs/${id}`
  return { status, body: JSON.stringify({ error: { request_log_url, ...body } }, null, 2) }
}

function expectKey(request: IncomingMessage, { server, form }: Given): void {
  const key = (headerOf(request, 'authorization') ?? '').replace(/^Bearer /, '')
  if (key === server.secretKey) return
  // What a browser may do with the secret of one object.
  if (key === server.publishableKey && typeof form['client_secret'] === 'string') return
  throw new StripeRefusal(401, {
    type: 'invalid_request_error',
    message:
      key === '' ? 'You did not provide an API key.' : `Invalid API Key provided: ${key.slice(0, 8)}****`,
  })
}

function findRoute({ method, path }: StripeRequest): { route: StripeRoute; id: string } {
  for (const route of stripeRoutes) {
    if (route.method !== method) continue
    const pattern = new RegExp(`^${route.pattern.replace(':id', '([^/]+)')}$`)
    const found = pattern.exec(path)
    if (found !== null) return { route, id: decodeURIComponent(found[1] ?? '') }
  }
  throw new StripeRefusal(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: ${path}). Stripe's stand-in answers what the product uses.`,
  })
}

function fail(response: ServerResponse, record: StripeRequest, kind: FaultKind): void {
  const answer = faultAnswers[kind]
  if (kind === 'silence') {
    setTimeout(() => response.destroy(), silenceMs).unref()
    return
  }
  if (answer === undefined) {
    response.destroy()
    return
  }
  record.status = answer.status
  response.writeHead(answer.status, { 'content-type': answer.type })
  response.end(answer.body)
}

export async function serveControl(response: ServerResponse, { server, url, body }: Asked): Promise<void> {
  const name = url.pathname.slice('/_control/'.length)
  const { control } = server
  if (!isControlName(control, name)) return send(response, 404, { problem: `there is no control ${name}` })
  // Written by our own client (stripe-client.ts), which has the same types.
  const run = control[name] as (...given: unknown[]) => unknown
  try {
    const value = await run(...(body === '' ? [] : (JSON.parse(body) as unknown[])))
    send(response, 200, { value: value ?? null })
  } catch (error) {
    send(response, 400, { problem: error instanceof Error ? error.message : String(error) })
  }
}

function isControlName(control: StripeControl, name: string): name is keyof StripeControl {
  return Object.hasOwn(control, name)
}

export function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name]
  return typeof value === 'string' ? value : null
}
